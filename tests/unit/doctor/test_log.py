"""The errors of a log are summarised: recent ones, alike ones once, no more than a few."""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath

import pytest

from multus_py.base import log
from multus_py.doctor import examination, table
from multus_py.doctor.options import Options
from multus_py.doctor.view import View
from multus_py.findings.finding import Finding, Severity
from tests.fakes.clock import FakeClock


class Logged:
    """A node whose Multus writes a log."""

    def __init__(self, directory: Path) -> None:
        self.clock = FakeClock()
        self.path = directory / "multus.log"
        self.conf_dir = directory / "net.d"
        self.conf_dir.mkdir()
        config = {"name": "m", "type": "multus", "delegates": [{"type": "bridge"}], "logFile": str(self.path)}
        (self.conf_dir / "00-multus.conf").write_text(json.dumps(config))
        self._log = log.Log(log.Options(level=log.DEBUG, path=str(self.path), stderr=False), self.clock)

    def write(self, *messages: str) -> None:
        for message in messages:
            self._log.error(message)

    def found(self, lines: int = 1000) -> list[Finding]:
        options = Options(conf_dir=PurePosixPath(self.conf_dir), log_lines=lines)
        return list(examination.examine(View(options, clock=self.clock), table.chosen(["log-errors"])))


@pytest.fixture
def logged(tmp_path: Path) -> Logged:
    return Logged(tmp_path)


def test_errors_are_told_with_how_often(logged: Logged) -> None:
    logged.write("no space left on device", "cannot read the pod", "no space left on device")
    found = logged.found()
    assert [each.severity for each in found] == [Severity.WARNING] * 2
    assert [each.problem for each in found] == [
        "2 times within the hour: no space left on device",
        "within the hour: cannot read the pod",
    ]
    assert found[0].file == str(logged.path)


def test_alike_ones_are_one(logged: Logged) -> None:
    logged.write(*(f"container {number * 64}: waited {number} s" for number in ("3", "4", "5")))
    assert [each.problem for each in logged.found()] == [f"3 times within the hour: container {'5' * 64}: waited 5 s"]


def test_three_kinds_are_enough(logged: Logged) -> None:
    logged.write("one", "two", "three", "four")
    assert len(logged.found()) == 3


def test_old_ones_and_other_levels_are_left_alone(logged: Logged) -> None:
    logged.write("long ago")
    logged.clock.advance(3601)
    logged._log.verbose("done")
    logged._log.debug("details")
    assert [each.severity for each in logged.found()] == [Severity.OK]


def test_only_the_last_lines_are_read(logged: Logged) -> None:
    logged.write("early", *["late"] * 10)
    assert [each.problem for each in logged.found(lines=5)] == ["5 times within the hour: late"]


def test_a_log_that_is_not_there_is_no_fault(logged: Logged) -> None:
    assert [each.severity for each in logged.found()] == [Severity.OK]


def test_what_is_no_line_of_ours_is_passed_over(logged: Logged) -> None:
    logged.path.write_bytes(b"\xff\xfe\n[error] no time\n2026-13-45T99:00:00Z [error] no date\n")
    assert [each.severity for each in logged.found()] == [Severity.OK]
