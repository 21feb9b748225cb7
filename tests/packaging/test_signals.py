"""A runtime that gives up on a call ends what the call has started, and does not leave files behind."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import pytest

from tests.packaging.calls import Caller, eventually, running


def slow_delegate(caller: Caller) -> Path:
    """Let the delegate take an hour; return its executable."""
    caller.delegates.install("bridge", STATUS={"sleep": 3600})
    return Path(caller.delegates.path) / "bridge"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_a_signal_ends_the_delegates_too(caller: Caller, number: signal.Signals) -> None:
    delegate = slow_delegate(caller)
    with caller.start("STATUS") as process:
        eventually(lambda: running(delegate))
        process.send_signal(number)
        stdout, _ = process.communicate(timeout=10)

    assert process.returncode == 1
    assert "InterruptedCallError" in json.loads(stdout)["msg"]
    assert running(delegate) == []
    assert list(caller.temporary.iterdir()) == []


def test_a_call_leaves_no_files(caller: Caller) -> None:
    caller.call("STATUS")
    caller.call("VERSION")

    assert list(caller.temporary.iterdir()) == []


def grow_old(directory: Path) -> None:
    """Make it look as if a minute had passed: it might belong to somebody who is just starting."""
    os.utime(directory, (time.time() - 60,) * 2)


def kill(path: Path) -> None:
    for pid in running(path):
        os.kill(pid, signal.SIGKILL)
    eventually(lambda: running(path) == [])


def test_the_next_call_cleans_up_after_one_that_was_killed(single_caller: Caller) -> None:
    delegate = slow_delegate(single_caller)
    with single_caller.start("STATUS"):
        eventually(lambda: running(delegate))
        kill(single_caller.program)  # launcher and child
    kill(delegate)
    (left,) = single_caller.temporary.iterdir()

    single_caller.call("GC")
    assert left.exists()

    grow_old(left)
    single_caller.call("GC")
    assert list(single_caller.temporary.iterdir()) == []


def test_a_child_whose_launcher_was_killed_keeps_its_files(single_caller: Caller) -> None:
    delegate = slow_delegate(single_caller)
    with single_caller.start("STATUS") as launcher:
        eventually(lambda: running(delegate))
        launcher.kill()
    (left,) = single_caller.temporary.iterdir()
    grow_old(left)

    single_caller.call("GC")
    assert left.exists()

    kill(delegate)
    eventually(lambda: running(single_caller.program) == [])
    grow_old(left)
    single_caller.call("GC")
    assert list(single_caller.temporary.iterdir()) == []
