"""Running plugins: how they are found, what they are given, and what their endings mean. The plugins are real ones."""

from __future__ import annotations

import errno
import os
import signal
from typing import TYPE_CHECKING

import pytest

from multus_py.base import clock, log, process
from multus_py.cni import errors, invoke
from tests.fakes.clock import FakeClock
from tests.fakes.plugins import PluginDirectory
from tests.fakes.processes import FakeProcesses, Hang

if TYPE_CHECKING:
    from pathlib import Path

    from multus_py.base.jsontext import JSONObject

CONFIG = b'{"cniVersion":"1.0.0","name":"net","type":"bridge"}'
SILENT = log.Log(log.Options(stderr=False))


@pytest.fixture(name="plugins")
def _plugins(tmp_path: Path) -> PluginDirectory:
    return PluginDirectory(tmp_path / "bin")


def _executor(plugins: PluginDirectory, *, timeout: float | None = 20.0) -> invoke.Executor:
    return invoke.Executor(
        run=process.run,
        search=(plugins.path,),
        environ=plugins.environ,
        clock=clock.SystemClock(),
        log=SILENT,
        timeout=timeout,
    )


def _fake_executor(processes: FakeProcesses, fake_clock: FakeClock, *, timeout: float | None = None) -> invoke.Executor:
    return invoke.Executor(
        run=processes,
        search=(str(processes.directory),),
        environ={b"HOME": b"/root", b"CNI_COMMAND": b"old"},
        clock=fake_clock,
        log=SILENT,
        timeout=timeout,
    )


def _failure(executor: invoke.Executor, verb: str = "ADD", type: str = "bridge", **given: str) -> errors.CNIError:
    with pytest.raises(errors.CNIError) as caught:
        executor.execute(verb, type, config=CONFIG, **given)
    return caught.value


# ------------------------------------------------------------------------------------------------------------- finding


def test_the_first_directory_with_a_regular_file_wins(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
    (tmp_path / "a" / "bridge").mkdir()
    (tmp_path / "b" / "bridge").symlink_to("../real")
    (tmp_path / "c" / "bridge").touch()
    (tmp_path / "real").touch(mode=0o644)  # whether it can be executed is seen when it is
    executor = _executor(PluginDirectory(tmp_path)).replace(search=tuple(str(tmp_path / name) for name in "xabc"))

    assert executor.find("bridge") == str(tmp_path / "b" / "bridge")


NOT_FOUND = {
    "no name": ("", ("/a",), 7, "no plugin name provided"),
    "a path": ("../bridge", ("/a",), 7, "invalid plugin name: ../bridge"),
    "a directory above": ("..", ("/a",), 999, 'failed to find plugin ".." in path [/a]'),
    "no directories": ("bridge", (), 4, "no paths provided"),
    "not there": ("whereaboutsss", ("/a", "/b"), 999, 'failed to find plugin "whereaboutsss" in path [/a /b]'),
    "not possible": ("a\0b", ("/a",), 999, r'failed to find plugin "a\x00b" in path [/a]'),
}


@pytest.mark.parametrize(("type", "search", "code", "message"), NOT_FOUND.values(), ids=NOT_FOUND)
def test_what_cannot_be_found_is_named(
    plugins: PluginDirectory, type: str, search: tuple[str, ...], code: int, message: str
) -> None:
    executor = _executor(plugins).replace(search=search)

    with pytest.raises(errors.CNIError) as caught:
        executor.find(type)
    assert (caught.value.code, caught.value.msg) == (code, message)
    assert _failure(executor, type=type).msg == message


# ----------------------------------------------------------------------------------------------------- what it is given


def test_a_plugin_gets_the_clean_environment_and_the_six_variables(plugins: PluginDirectory) -> None:
    plugins.install("bridge", ADD={"environ": True, "stdout": "{}"})
    executor = _executor(plugins)
    executor = executor.replace(
        search=("/nowhere", plugins.path),
        environ={**executor.environ, b"HOME": b"/root", b"CNI_IFNAME": b"inherited"},
    )

    executor.execute("ADD", "bridge", config=CONFIG, container_id="abc", netns="/ns", ifname="net1", args="K=V;L=W")

    [call] = plugins.calls()
    assert call.cni == {
        "CNI_COMMAND": "ADD",
        "CNI_CONTAINERID": "abc",
        "CNI_NETNS": "/ns",
        "CNI_IFNAME": "net1",
        "CNI_ARGS": "K=V;L=W",
        "CNI_PATH": f"/nowhere:{plugins.path}",
    }
    assert call.environ is not None
    assert call.environ.keys() - call.cni.keys() - {"LC_CTYPE"} == {"PATH", "HOME"}
    assert call.config == {"cniVersion": "1.0.0", "name": "net", "type": "bridge"}


def test_all_variables_are_set_even_when_there_is_nothing_to_say(plugins: PluginDirectory) -> None:
    plugins.install("bridge", STATUS={"stdout": ""})

    _executor(plugins).execute("STATUS", "bridge", config=CONFIG)

    assert plugins.calls()[0].cni == {
        "CNI_COMMAND": "STATUS",
        "CNI_CONTAINERID": "",
        "CNI_NETNS": "",
        "CNI_IFNAME": "",
        "CNI_ARGS": "",
        "CNI_PATH": plugins.path,
    }


def test_bytes_that_were_not_utf8_come_through(tmp_path: Path) -> None:
    processes = FakeProcesses(tmp_path, FakeClock())
    processes.answer("bridge", "ADD", b"{}")
    started: list[process.Program] = []

    def run(program: process.Program, *_others: object, **_more: object) -> process.Outcome:
        started.append(program)
        return process.Outcome(code=0)

    executor = _fake_executor(processes, FakeClock()).replace(run=run)
    executor.execute("ADD", "bridge", config=CONFIG, netns="/\udcff")

    assert started[0].environ[b"CNI_NETNS"] == b"/\xff"


# --------------------------------------------------------------------------------------------------------- how it ends

ANSWERS: dict[str, tuple[JSONObject, bytes]] = {
    "text": ({"stdout": "hello"}, b"hello"),
    "nothing": ({"stdout": ""}, b""),
    "with something on stderr": ({"stdout": "{}", "stderr": "a warning"}, b"{}"),
}


@pytest.mark.parametrize(("answer", "expected"), ANSWERS.values(), ids=ANSWERS)
def test_what_a_plugin_prints_is_returned(plugins: PluginDirectory, answer: JSONObject, expected: bytes) -> None:
    plugins.install("bridge", ADD=answer)

    assert _executor(plugins).execute("ADD", "bridge", config=CONFIG) == expected


FAILURES: dict[str, tuple[JSONObject, JSONObject]] = {
    "an error object": (
        {"error": {"code": 11, "msg": "later", "details": "d"}, "stderr": "ignored"},
        {"code": 11, "msg": "later", "details": "d"},
    ),
    "an error object with another status and a version": (
        {"stdout": '{"cniVersion":"1.0.0","CODE":100,"Msg":"own"}', "exit": 7},
        {"code": 100, "msg": "own"},
    ),
    "an explicit code 0": ({"stdout": '{"code":0,"msg":"x"}', "exit": 1}, {"code": 0, "msg": "x"}),
    "no code": ({"stdout": '{"msg":"x"}', "exit": 1}, {"code": 999, "msg": "x"}),
    "no message": (
        {"stdout": '{"code":5,"details":"d"}', "exit": 3},
        {"code": 5, "msg": "netplugin failed with no error message: exit status 3", "details": "d"},
    ),
    "null": (
        {"stdout": "null", "exit": 3},
        {"code": 999, "msg": "netplugin failed with no error message: exit status 3"},
    ),
    "garbage": (
        {"stdout": 'panic: "x"\n', "exit": 2},
        {
            "code": 999,
            "msg": "netplugin failed but error parsing its diagnostic message "
            r'"panic: \"x\"\n": Expecting value at line 1, column 1',
        },
    ),
    "an array": (
        {"stdout": "[]", "exit": 2},
        {
            "code": 999,
            "msg": 'netplugin failed but error parsing its diagnostic message "[]": '
            "expected a JSON object, found an array",
        },
    ),
    "a string for a code": (
        {"stdout": '{"code":"x"}', "exit": 2},
        {
            "code": 999,
            "msg": r'netplugin failed but error parsing its diagnostic message "{\"code\":\"x\"}": '
            'code: expected an integer, found "x"',
        },
    ),
    "only stderr": (
        {"stdout": "", "stderr": "cannot\n", "exit": 4},
        {"code": 999, "msg": r'netplugin failed: "cannot\n": exit status 4'},
    ),
    "silence": (
        {"stdout": "", "exit": 3},
        {"code": 999, "msg": "netplugin failed with no error message: exit status 3"},
    ),
    "a signal": (
        {"stdout": "", "signal": int(signal.SIGKILL)},
        {"code": 999, "msg": "netplugin failed with no error message: signal: killed"},
    ),
    "a signal with last words": (
        {"stdout": "", "stderr": "oh", "signal": int(signal.SIGSEGV)},
        {"code": 999, "msg": 'netplugin failed: "oh": signal: segmentation fault'},
    ),
    "an error object, and then a signal": (
        {"stdout": '{"code":11,"msg":"later"}', "signal": int(signal.SIGTERM)},
        {"code": 11, "msg": "later"},
    ),
}


@pytest.mark.parametrize(("answer", "expected"), FAILURES.values(), ids=FAILURES)
def test_a_plugin_that_fails_is_an_error(plugins: PluginDirectory, answer: JSONObject, expected: JSONObject) -> None:
    plugins.install("bridge", ADD=answer)

    assert _failure(_executor(plugins)).document() == expected


def test_a_file_that_cannot_be_executed_is_an_error(plugins: PluginDirectory, tmp_path: Path) -> None:
    path = tmp_path / "bin" / "bridge"
    path.write_text("#!/bin/sh\n")
    path.chmod(0o644)

    assert _failure(_executor(plugins)).document() == {
        "code": 999,
        "msg": f"netplugin failed with no error message: fork/exec {path}: permission denied",
    }


def test_a_value_that_no_environment_can_hold_is_an_error(plugins: PluginDirectory) -> None:
    plugins.install("bridge")

    assert _failure(_executor(plugins), netns="/a\0b").msg.endswith("bridge: invalid argument")


def test_a_plugin_that_hangs_is_killed_and_named(plugins: PluginDirectory) -> None:
    plugins.install("bridge", ADD={"sleep": 60})

    assert _failure(_executor(plugins, timeout=0.5)).document() == {
        "code": 999,
        "msg": 'netplugin failed: plugin "bridge" did not finish within 0.5 seconds and was killed',
    }


def test_the_time_out_is_for_the_whole_call(tmp_path: Path) -> None:
    fake_clock = FakeClock()
    processes = FakeProcesses(tmp_path, fake_clock)
    processes.answer("bridge", "ADD", OSError(errno.ETXTBSY, "Text file busy"), Hang())
    start = fake_clock.monotonic()

    error = _failure(_fake_executor(processes, fake_clock, timeout=60))

    assert "did not finish within 60 seconds" in error.msg
    assert fake_clock.monotonic() - start == 60


def test_a_plugin_that_writes_without_end_is_killed(plugins: PluginDirectory, tmp_path: Path) -> None:
    path = tmp_path / "bin" / "bridge"
    path.write_text("#!/bin/sh\nexec cat /dev/zero\n")
    path.chmod(0o755)

    assert _failure(_executor(plugins)).msg == (
        'netplugin failed: plugin "bridge" wrote more than 16 MiB and was killed'
    )


def test_a_plugin_that_is_stopped_from_outside_says_so(tmp_path: Path) -> None:
    processes = FakeProcesses(tmp_path, FakeClock())
    processes.answer("bridge", "ADD", process.Outcome(code=-9, timed_out=True))

    assert _failure(_fake_executor(processes, FakeClock())).msg == (
        'netplugin failed: plugin "bridge" was still running when the call was ended and was killed'
    )


@pytest.mark.parametrize("number", [errno.EMFILE, errno.EAGAIN, errno.ENOMEM])
def test_a_system_without_room_for_a_plugin_is_a_reason_to_try_again(tmp_path: Path, number: int) -> None:
    processes = FakeProcesses(tmp_path, FakeClock())
    processes.answer("bridge", "ADD", OSError(number, os.strerror(number)))

    assert _failure(_fake_executor(processes, FakeClock())).code == errors.TRY_AGAIN_LATER


# ------------------------------------------------------------------------------------------------------ text file busy

BUSY = OSError(errno.ETXTBSY, os.strerror(errno.ETXTBSY))


@pytest.mark.parametrize("times", range(6))
def test_an_executable_that_is_being_written_is_tried_again(tmp_path: Path, times: int) -> None:
    fake_clock = FakeClock()
    processes = FakeProcesses(tmp_path, fake_clock)
    processes.answer("bridge", "ADD", *[BUSY] * times, b"{}")

    assert _fake_executor(processes, fake_clock).execute("ADD", "bridge", config=CONFIG) == b"{}"
    assert fake_clock.sleeps == [1.0] * times


def test_after_six_attempts_it_is_an_error(tmp_path: Path) -> None:
    fake_clock = FakeClock()
    processes = FakeProcesses(tmp_path, fake_clock)
    processes.answer("bridge", "ADD", BUSY)

    error = _failure(_fake_executor(processes, fake_clock))

    assert error.msg == f"netplugin failed with no error message: fork/exec {tmp_path}/bridge: text file busy"
    assert len(processes.calls) == 6
    assert fake_clock.sleeps == [1.0] * 5


def test_waiting_ends_at_the_time_out(tmp_path: Path) -> None:
    fake_clock = FakeClock()
    processes = FakeProcesses(tmp_path, fake_clock)
    processes.answer("bridge", "ADD", BUSY)

    assert "text file busy" in _failure(_fake_executor(processes, fake_clock, timeout=1.5)).msg
    assert fake_clock.sleeps == [1.0, 0.5]


def test_other_errors_are_not_tried_again(tmp_path: Path) -> None:
    fake_clock = FakeClock()
    processes = FakeProcesses(tmp_path, fake_clock)
    processes.answer("bridge", "ADD", OSError(errno.ENOMEM, "Cannot allocate memory"))

    assert _failure(_fake_executor(processes, fake_clock)).msg.endswith("cannot allocate memory")
    assert fake_clock.sleeps == []


# -------------------------------------------------------------------------------------------------------------- stderr


def test_the_stderr_of_a_plugin_that_succeeds_is_forwarded(plugins: PluginDirectory) -> None:
    plugins.install("bridge", ADD=[{"stderr": "a warning\n", "stdout": "{}"}, {"stdout": "{}"}])
    heard: list[bytes] = []
    executor = _executor(plugins).replace(stderr=heard.append)

    executor.execute("ADD", "bridge", config=CONFIG)
    executor.execute("ADD", "bridge", config=CONFIG)

    assert heard == [b"a warning\n"]


def test_the_stderr_of_a_plugin_that_fails_is_not_forwarded(plugins: PluginDirectory) -> None:
    plugins.install("bridge", ADD={"stderr": "a warning\n", "error": {"code": 1, "msg": "x"}})
    heard: list[bytes] = []

    _failure(_executor(plugins).replace(stderr=heard.append))

    assert heard == []


def test_that_nobody_hears_is_no_failure(plugins: PluginDirectory) -> None:
    def closed(_text: bytes) -> None:
        raise BrokenPipeError

    plugins.install("bridge", ADD={"stderr": "a warning\n", "stdout": "{}"})

    assert _executor(plugins).replace(stderr=closed).execute("ADD", "bridge", config=CONFIG) == b"{}"


def test_the_log_tells_what_was_run(plugins: PluginDirectory, tmp_path: Path) -> None:
    plugins.install("bridge", ADD={"stdout": "{}"}, GC={"stdout": "", "exit": 3})
    logger = log.Log(log.Options(level=log.DEBUG, path=str(tmp_path / "log"), stderr=False))
    executor = _executor(plugins).replace(log=logger)

    executor.execute("ADD", "bridge", config=CONFIG, ifname="net1")
    _failure(executor, "GC")

    first, second = (tmp_path / "log").read_text().splitlines()
    assert first.endswith(f"ADD: plugin {plugins.path}/bridge, interface net1: exit status 0")
    assert second.endswith(f"GC: plugin {plugins.path}/bridge, interface -: exit status 3")
