"""Running programs with a bound; what needs namespaces is in tests/integration/test_links.py."""

from __future__ import annotations

import os
import select
import subprocess
from pathlib import Path

import pytest

from multus_py.lab import netns
from multus_py.lab.netns import Namespace


def test_a_program_gets_its_input_and_environment_and_hands_back_its_output() -> None:
    done = netns.run(["sh", "-c", "cat; echo $WORD >&2; exit 3"], stdin="hello", env={"WORD": "x"}, check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("hello", "x\n", 3)


def test_a_program_that_fails_is_an_error_unless_that_is_expected() -> None:
    with pytest.raises(subprocess.CalledProcessError):
        netns.run(["false"])


def test_a_program_that_takes_too_long_is_ended_with_its_children(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    with pytest.raises(subprocess.TimeoutExpired):
        netns.run(["sh", "-c", f"sleep 600 & echo $! > {pid}; wait"], timeout=0.5)
    try:
        child = os.pidfd_open(int(pid.read_text()))
    except ProcessLookupError:
        return
    ended, _, _ = select.select([child], [], [], 10)
    os.close(child)
    assert ended


def test_a_program_inside_a_namespace_is_started_by_nsenter() -> None:
    assert Namespace("node1").command(["ip", "link"]) == ["nsenter", "--net=/run/netns/node1", "--", "ip", "link"]
