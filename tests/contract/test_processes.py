"""The fake processes and the real ones: the same cases on both."""

from __future__ import annotations

import errno
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from multus_py.base import process
from multus_py.base.clock import Deadline, SystemClock
from multus_py.base.process import Outcome
from multus_py.cni.errors import CNIError
from tests.fakes.clock import FakeClock
from tests.fakes.processes import Answer, FakeProcesses, Hang

if TYPE_CHECKING:
    from multus_py.base.process import Run

ENVIRON = {b"CNI_COMMAND": b"ADD", b"CNI_IFNAME": b"eth0", b"PATH": b"/usr/bin:/bin"}
ERROR = CNIError(11, "later", "much later")

CASES: dict[str, tuple[Answer, str, Outcome]] = {
    "a document": ({"a": 1}, """printf '{"a": 1}'""", Outcome(code=0, stdout=b'{"a": 1}')),
    "bytes": (b"\xff{", r"printf '\377{'", Outcome(code=0, stdout=b"\xff{")),
    "silence": (None, ":", Outcome(code=0)),
    "an error object": (
        ERROR,
        f"printf '{json.dumps(ERROR.document())}'; exit 1",
        Outcome(code=1, stdout=json.dumps(ERROR.document()).encode()),
    ),
    "an ending with words": (
        Outcome(code=3, stdout=b"out", stderr=b"err"),
        "printf out; printf err >&2; exit 3",
        Outcome(code=3, stdout=b"out", stderr=b"err"),
    ),
    "a signal": (Outcome(code=-15), "kill -TERM $$; sleep 9", Outcome(code=-15)),
    "a hang": (Hang(), "sleep 99", Outcome(code=-9, timed_out=True)),
    "an answer that depends on the call": (
        lambda call: {"config": call.config, "ifname": call.ifname},
        """printf '{"config": %s, "ifname": "%s"}' "$(cat)" "$CNI_IFNAME\"""",
        Outcome(code=0, stdout=b'{"config": {"b": 2}, "ifname": "eth0"}'),
    ),
}


def plugin(directory: Path) -> process.Program:
    return process.Program(argv=[str(directory / "plugin")], stdin=b'{"b": 2}', environ=ENVIRON)


@pytest.mark.parametrize(("answer", "script", "expected"), CASES.values(), ids=list(CASES))
def test_the_fake_ends_as_a_real_program_does(tmp_path: Path, answer: Answer, script: str, expected: Outcome) -> None:
    path = tmp_path / "plugin"
    fake = FakeProcesses(tmp_path, clock := FakeClock())
    fake.answer("plugin", "ADD", answer)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    assert fake(plugin(tmp_path), Deadline(clock, 0.3)) == expected
    seconds = 0.3 if expected.timed_out else 10
    assert process.run(plugin(tmp_path), Deadline(SystemClock(), seconds)) == expected


@pytest.mark.parametrize("kind", ["fake", "real"])
def test_a_program_that_is_not_there_cannot_be_started(tmp_path: Path, kind: str) -> None:
    run: Run = FakeProcesses(tmp_path, FakeClock()) if kind == "fake" else process.run
    with pytest.raises(OSError, match="No such file") as caught:
        run(plugin(tmp_path), Deadline(FakeClock(), 1))
    assert caught.value.errno == errno.ENOENT


def test_a_call_that_no_test_arranged_is_a_failure(tmp_path: Path) -> None:
    fake = FakeProcesses(tmp_path, FakeClock())
    fake.answer("plugin", "DEL", None)
    with pytest.raises(AssertionError, match="nobody arranged the call ADD plugin eth0"):
        fake(plugin(tmp_path), Deadline(FakeClock(), 1))


def test_a_hang_without_a_deadline_is_a_failure(tmp_path: Path) -> None:
    fake = FakeProcesses(tmp_path, FakeClock())
    fake.answer("plugin", "ADD", Hang())
    with pytest.raises(AssertionError, match="never end"):
        fake(plugin(tmp_path), Deadline(FakeClock(), 0))
