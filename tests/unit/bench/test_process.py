"""Starting programs and weighing them, with real ones."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from tests.bench import peak, process
from tests.bench.process import Step

ENV = {"PATH": "/usr/bin:/bin"}


def shell(script: str, stdin: bytes = b"") -> Step:
    return Step(("/bin/sh", "-c", script), ENV, stdin)


def test_a_program_gets_its_input_and_says_what_it_has_to_say() -> None:
    outcome = process.run(shell("cat; echo problem >&2; exit 3", b"text"))
    assert (outcome.status, outcome.stdout, outcome.stderr) == (3, b"text", b"problem\n")
    assert outcome.wall > 0


def test_not_reading_the_input_is_no_error() -> None:
    assert process.run(shell("exec <&-; exit 0", b"x" * 60000)).status == 0


def test_much_output_does_not_block() -> None:
    assert len(process.run(shell("head -c 300000 /dev/zero; head -c 300000 /dev/zero >&2")).stdout) == 300000


def test_the_cpu_time_of_children_counts() -> None:
    work = f"{sys.executable} -c 'sum(range(3000000))'; true"
    assert process.run(shell(work)).cpu > process.run(shell("true")).cpu


def test_after_a_failure_nothing_more_is_started() -> None:
    outcomes = process.run_in_order([shell("true"), shell("false"), shell("true")])
    assert [outcome.status for outcome in outcomes] == [0, 1]


def test_a_program_that_is_not_there_is_an_error() -> None:
    with pytest.raises(FileNotFoundError):
        process.run(Step(("/nowhere",), ENV, b""))


@pytest.mark.root
def test_the_peak_is_the_programs_own_and_not_that_of_its_plugins(tmp_path: Path) -> None:
    plugin = shutil.copy("/bin/dd", tmp_path / "plugin")
    step = shell(f"cat; {plugin} if=/dev/zero of=/dev/null bs=30M count=1", b"text")
    with_plugin = peak.own_peak(step, plugins=Path("/nowhere"))
    without = peak.own_peak(step, plugins=tmp_path)
    assert with_plugin.size > 30e6 > without.size > 0
    assert with_plugin.stdout == without.stdout == b"text"


@pytest.mark.root
def test_a_program_that_fails_while_it_is_weighed_is_an_error() -> None:
    with pytest.raises(peak.TraceError, match="problem"):
        peak.own_peak(shell("echo problem >&2; exit 1"), plugins=Path("/nowhere"))
