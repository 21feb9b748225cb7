"""`base.process` with real programs."""

from __future__ import annotations

import os
import resource
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from multus_py.base import clock, process
from tests import processes

if TYPE_CHECKING:
    from collections.abc import Iterator

ENVIRON = {b"PATH": b"/usr/bin:/bin"}


def _run(
    *argv: str, stdin: bytes = b"", environ: dict[bytes, bytes] | None = None, seconds: float = 20.0, cancel: int = -1
) -> process.Outcome:
    deadline = clock.Deadline(clock.SystemClock(), seconds, cancel=cancel)
    environ = ENVIRON if environ is None else environ
    return process.run(process.Program(argv=argv, stdin=stdin, environ=environ), deadline)


def _shell(script: str, *, stdin: bytes = b"", seconds: float = 20.0) -> process.Outcome:
    return _run("/bin/sh", "-c", script, stdin=stdin, seconds=seconds)


def _python(script: str, *, stdin: bytes = b"") -> process.Outcome:
    return _run(sys.executable, "-S", "-E", "-c", script, stdin=stdin)


@pytest.fixture(autouse=True)
def _no_leak() -> Iterator[None]:
    """See that no test leaves a descriptor open."""
    before = _descriptors()
    yield
    assert _descriptors() == before


def _descriptors() -> list[str]:
    return sorted(each.name for each in Path("/proc/self/fd").iterdir())


def test_a_program_is_fed_heard_and_waited_for() -> None:
    outcome = _shell("cat; echo problem >&2; exit 3", stdin=b"data")

    assert outcome == process.Outcome(code=3, stdout=b"data", stderr=b"problem\n")


@pytest.mark.parametrize("size", [0, 1, 65536, 1_000_000])
def test_any_amount_goes_in_and_comes_out_again(size: int) -> None:
    data = os.urandom(size)

    assert _run("/bin/cat", stdin=data).stdout == data


def test_stdout_and_stderr_can_both_be_full() -> None:
    outcome = _python(
        "import os; [os.write(fd, b'x' * 1000) for _ in range(500) for fd in (1, 2)]", stdin=b"y" * 200_000
    )

    assert (len(outcome.stdout), len(outcome.stderr), outcome.code) == (500_000, 500_000, 0)


@pytest.mark.parametrize("script", ["exec <&-; sleep 0.05", "exit 0", "head -c 5 >/dev/null"])
def test_a_program_need_not_read_its_stdin(script: str) -> None:
    assert _shell(script, stdin=b"x" * 1_000_000).code == 0


def test_the_environment_is_the_given_one() -> None:
    assert _run("/usr/bin/env", environ={b"A": b"1", b"B": b"\xff"}).stdout == b"A=1\nB=\xff\n"


def test_the_program_gets_a_process_group_of_its_own() -> None:
    group, pid = _python("import os; print(os.getpgrp(), os.getpid())").stdout.split()

    assert group == pid
    assert int(group) != os.getpgrp()


def test_the_program_inherits_no_descriptor_that_we_opened(tmp_path: Path) -> None:
    script = "import os; print([os.path.realpath(f'/proc/self/fd/{fd}') for fd in os.listdir('/proc/self/fd')])"
    (tmp_path / "f").touch()

    with (tmp_path / "f").open("rb"):
        assert b"/f'" not in _python(script).stdout


@pytest.mark.parametrize("number", [signal.SIGPIPE, signal.SIGXFSZ])
def test_the_program_is_not_deaf_to_a_signal_that_python_ignores(number: signal.Signals) -> None:
    assert signal.getsignal(number) == signal.SIG_IGN
    ignored = _shell("grep SigIgn /proc/self/status").stdout.split()[1]

    assert not int(ignored, 16) >> (number - 1) & 1


SIGNALS = {
    signal.SIGKILL: "signal: killed",
    signal.SIGTERM: "signal: terminated",
    signal.SIGSEGV: "signal: segmentation fault",
    signal.SIGUSR1: "signal: 10",
}


@pytest.mark.parametrize(("number", "ending"), SIGNALS.items(), ids=[number.name for number in SIGNALS])
def test_a_program_that_a_signal_ends_has_a_negative_code(number: signal.Signals, ending: str) -> None:
    outcome = _shell(f"echo out; ulimit -c 0; kill -{int(number)} $$")

    assert outcome == process.Outcome(code=-number, stdout=b"out\n")
    assert outcome.ending == ending


def test_an_exit_status_has_go_s_words() -> None:
    assert process.Outcome(code=3).ending == "exit status 3"


def test_a_program_that_hangs_is_killed_at_the_deadline() -> None:
    start = time.monotonic()
    outcome = _shell("echo begun; exec sleep 60", seconds=0.3)

    assert outcome == process.Outcome(code=-signal.SIGKILL, stdout=b"begun\n", timed_out=True)
    assert time.monotonic() - start < 10


def test_what_the_program_started_is_killed_with_it(tmp_path: Path) -> None:
    outcome = _shell(f"sleep 60 & echo $! > {tmp_path}/pid; wait", seconds=0.5)

    assert outcome.timed_out
    assert processes.ends(int((tmp_path / "pid").read_text()))


def test_a_grandchild_that_holds_stdout_is_not_waited_for() -> None:
    start = time.monotonic()
    outcome = _shell("sleep 3 & echo done")

    assert outcome == process.Outcome(code=0, stdout=b"done\n")
    assert time.monotonic() - start < 2


def test_a_program_that_writes_without_end_is_killed() -> None:
    outcome = _shell("exec cat /dev/zero")

    assert outcome.timed_out
    assert outcome.code == -signal.SIGKILL
    assert process.MAX_OUTPUT < len(outcome.stdout) < process.MAX_OUTPUT + (1 << 20)


def test_a_program_that_closes_its_output_is_still_waited_for() -> None:
    assert _shell("exec >&- 2>&-; sleep 0.1; exit 5").code == 5


def test_a_deadline_that_is_cancelled_kills_the_program() -> None:
    reading, writing = os.pipe()
    os.close(writing)

    outcome = _run("/bin/sleep", "60", cancel=reading)

    os.close(reading)
    assert (outcome.code, outcome.timed_out) == (-signal.SIGKILL, True)


def test_without_a_deadline_there_is_no_end_to_patience() -> None:
    assert _run("/bin/sleep", "0.05", seconds=0).code == 0


def test_an_interrupt_kills_the_program_and_goes_on(tmp_path: Path) -> None:
    class Interrupted(clock.Deadline):
        def remaining(self) -> float | None:
            for _ in range(500):
                if (tmp_path / "pid").exists() and (tmp_path / "pid").read_text():
                    raise KeyboardInterrupt
                time.sleep(0.01)
            return 0.0

    script = f"echo $$ > {tmp_path}/pid; exec sleep 60"
    with pytest.raises(KeyboardInterrupt):
        process.run(
            process.Program(argv=["/bin/sh", "-c", script], environ=ENVIRON), Interrupted(clock.SystemClock(), None)
        )

    assert processes.ends(int((tmp_path / "pid").read_text()))


def test_an_interrupt_while_the_program_starts_kills_it_too(tmp_path: Path) -> None:
    class InterruptError(Exception):
        pass

    def interrupt(*_: object) -> None:
        raise InterruptError

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        for _ in range(100):  # without care one in ten survives
            with pytest.raises(InterruptError):
                _shell(f"kill -TERM {os.getpid()}; echo $$ >> {tmp_path}/pids; exec sleep 60")
    finally:
        signal.signal(signal.SIGTERM, before)
    pids = (tmp_path / "pids").read_text().split() if (tmp_path / "pids").exists() else []
    assert [pid for pid in pids if not processes.ends(int(pid))] == []


def test_a_group_that_is_gone_already_needs_no_killing() -> None:
    pid = os.posix_spawn("/bin/true", ["true"], {}, setpgroup=0)
    os.waitpid(pid, 0)

    process._Conversation(pid, (0, 1, 2), b"")._kill()


def test_whoever_wants_to_know_is_told_the_process_id(tmp_path: Path) -> None:
    heard: list[int] = []
    script = f"echo $$ > {tmp_path}/pid"
    deadline = clock.Deadline(clock.SystemClock(), 20)
    process.run(process.Program(argv=["/bin/sh", "-c", script], environ=ENVIRON), deadline, started=heard.append)
    assert heard == [int((tmp_path / "pid").read_text())]


def test_a_program_of_which_nobody_can_take_note_is_ended() -> None:
    def refuse(pid: int) -> None:
        raise OSError(pid, "disk full")

    deadline = clock.Deadline(clock.SystemClock(), 20)
    with pytest.raises(OSError, match="disk full") as caught:
        process.run(process.Program(argv=["/bin/sleep", "60"], environ=ENVIRON), deadline, started=refuse)
    assert caught.value.errno is not None
    assert processes.ends(caught.value.errno)


def test_an_orphan_is_ended_with_what_it_started(tmp_path: Path) -> None:
    script = f"sleep 60 & echo $! > {tmp_path}/child; wait"
    pid = os.posix_spawn("/bin/sh", ["sh", "-c", script], {**ENVIRON, b"MINE": b"yes"}, setpgroup=0)
    while not (tmp_path / "child").exists() or not (tmp_path / "child").read_text():
        time.sleep(0.01)
    assert not process.end_orphan(pid, b"MINE=no")
    assert process.end_orphan(pid, b"MINE=yes")
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL
    assert processes.ends(int((tmp_path / "child").read_text()))
    assert not process.end_orphan(pid, b"MINE=yes")


def test_an_orphan_may_finish_what_it_is_at(tmp_path: Path) -> None:
    """Killed while it writes down an address, an IPAM plugin would leave one that nobody can give back."""
    script = f"echo > {tmp_path}/begun; sleep 0.2; echo done > {tmp_path}/done"
    pid = os.posix_spawn("/bin/sh", ["sh", "-c", script], {**ENVIRON, b"MINE": b"yes"}, setpgroup=0)
    while not (tmp_path / "begun").exists():  # the kernel shows an environment some time after the start only
        time.sleep(0.01)
    assert process.end_orphan(pid, b"MINE=yes")
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert (tmp_path / "done").read_text() == "done\n"


def test_an_orphan_that_has_ended_is_none() -> None:
    pid = os.posix_spawn("/bin/true", ["true"], {b"MINE": b"yes"}, setpgroup=0)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert not process.end_orphan(pid, b"MINE=yes")
    os.waitpid(pid, 0)


NOT_STARTED = {
    "missing": (FileNotFoundError, None, 0),
    "not executable": (PermissionError, "#!/bin/sh\n", 0o644),
    "no program": (OSError, "just text", 0o755),
    "an interpreter that is missing": (FileNotFoundError, "#!/nowhere/interpreter\n", 0o755),
}


@pytest.mark.parametrize(("error", "text", "mode"), NOT_STARTED.values(), ids=NOT_STARTED)
def test_what_cannot_be_started_is_an_oserror(
    tmp_path: Path, error: type[OSError], text: str | None, mode: int
) -> None:
    program = tmp_path / "program"
    if text is not None:
        program.write_text(text)
        program.chmod(mode)

    with pytest.raises(error):
        _run(str(program))


def test_a_directory_cannot_be_started(tmp_path: Path) -> None:
    with pytest.raises(PermissionError):
        _run(str(tmp_path))


def test_a_program_that_is_being_written_is_busy(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_bytes(Path("/bin/true").read_bytes())
    program.chmod(0o755)

    with program.open("ab"), pytest.raises(OSError, match="Text file busy"):
        _run(str(program))


def test_when_no_pipe_can_be_made_the_ones_before_are_closed() -> None:
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    free = [os.open("/dev/null", os.O_RDONLY) for _ in range(5)]
    for fd in free:
        os.close(fd)
    resource.setrlimit(resource.RLIMIT_NOFILE, (free[-1], limits[1]))  # four are left: two pipes
    try:
        with pytest.raises(OSError, match="Too many open files"):
            _run("/bin/true")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


ENVIRONMENTS = {
    "not bundled": ({b"LD_LIBRARY_PATH": b"/x", b"A": b"1"}, {b"LD_LIBRARY_PATH": b"/x", b"A": b"1"}),
    "bundled, none before": ({b"LD_LIBRARY_PATH": b"/tmp/_MEI", b"_PYI_ARCHIVE_FILE": b"x", b"A": b"1"}, {b"A": b"1"}),
    "bundled, one before": (
        {b"LD_LIBRARY_PATH": b"/tmp/_MEI", b"LD_LIBRARY_PATH_ORIG": b"/x", b"_PYI_ARCHIVE_FILE": b"x"},
        {b"LD_LIBRARY_PATH": b"/x"},
    ),
    "old variables": ({b"_MEIPASS2": b"/tmp/_MEI"}, {}),
    "nothing": ({}, {}),
}


@pytest.mark.parametrize(("environ", "expected"), ENVIRONMENTS.values(), ids=ENVIRONMENTS)
def test_the_caller_s_environment_comes_back(environ: dict[bytes, bytes], expected: dict[bytes, bytes]) -> None:
    assert process.clean_environment(environ) == expected
