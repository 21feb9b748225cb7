"""`multus lab demo` tells its story, fails when it should, and leaves nothing behind however it ends."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from multus_py.lab import demo
from multus_py.lab.netns import NETNS_DIR

pytestmark = pytest.mark.root

COMMAND = [sys.executable, "-m", "multus_py", "lab", "demo"]


def traces() -> set[Path]:
    """Return what demos have made: other ones may be running."""
    return {*NETNS_DIR.glob("demo-*"), *Path(tempfile.gettempdir()).glob("multus-py-demo-*")}


def test_the_story_is_told(capfd: pytest.CaptureFixture[str]) -> None:
    before = traces()
    assert demo.main(built=None) == 0
    told = capfd.readouterr().out
    assert "ok  pod2 over net1 to 203.0.113.1" in told
    assert "All of it was as it should be" in told
    assert not traces() - before


def test_the_command_line_has_it() -> None:
    done = subprocess.run([*COMMAND, "--help"], capture_output=True, text=True, check=True)
    assert "multus lab demo" in done.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_whoever_stops_it_finds_nothing_left(number: signal.Signals) -> None:
    before = traces()
    with subprocess.Popen(COMMAND, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "3. ADD" in line:
                process.send_signal(number)
                break
        _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Everything that was made is removed again" in err
    assert not traces() - before


def test_what_a_demo_has_left_that_was_killed_goes_with_the_next_one() -> None:
    before = traces()
    with subprocess.Popen(COMMAND, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        next(line for line in process.stdout if "3. ADD" in line)
        process.kill()
    assert len(traces() - before) > 1, "two nodes and a directory"
    subprocess.run(COMMAND, check=True, stdout=subprocess.DEVNULL)
    assert not traces() - before


def test_two_at_once_are_in_nobodys_way() -> None:
    before = traces()
    both = [subprocess.Popen(COMMAND, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    assert [(demo.communicate(timeout=60)[1], demo.returncode) for demo in both] == [("", 0)] * 2
    assert not traces() - before


BROKEN = {
    "it cannot be installed": ("echo no room >&2; exit 1", "no room"),
    "it answers nothing": ('if [ "$1" = install ]; then cp "$0" "$3"; fi', "pod1 has eth0 and net1"),
    "it answers an error": (
        'if [ "$1" = install ]; then cp "$0" "$3"; else echo \'{"code": 7, "msg": "not today"}\'; exit 1; fi',
        "FAILED  not today",
    ),
}


@pytest.mark.parametrize(("script", "said"), BROKEN.values(), ids=list(BROKEN))
def test_a_multus_that_does_not_work_is_noticed(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], script: str, said: str
) -> None:
    before = traces()
    built = tmp_path / "multus"
    built.write_text(f"#!/bin/sh\n{script}\n")
    built.chmod(0o755)
    assert demo.main(built=built) == 1
    assert said in capfd.readouterr().err
    assert not traces() - before
