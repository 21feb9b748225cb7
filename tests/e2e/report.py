"""Runs pytest and reports as it goes: a line for each case, and the count at the end.

Run by `__main__`, in the namespaces that it makes.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from tests.e2e import waiting

_HERE = Path(__file__).parent


class Reporter:
    """Prints a line for each case when it is over, after what went wrong in it."""

    def __init__(self, cases: list[str]) -> None:
        """Prepare for these cases; all if there are none."""
        self._wanted = [case.lower() for case in cases]
        self._outcomes: dict[str, str] = {}
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._reasons: dict[str, str] = {}
        self._start = time.monotonic()

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Keep the cases that were asked for: by their whole name, its first word, or a part of it."""
        if not self._wanted:
            return
        names = {item.nodeid: _name(item.nodeid).lower() for item in items}
        chosen: set[str] = set()
        for wanted in self._wanted:
            exact = {id for id, name in names.items() if wanted == name or name.startswith(f"{wanted}_")}
            chosen |= exact or {id for id, name in names.items() if wanted in name}
        items[:] = [item for item in items if item.nodeid in chosen]

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Show a file that cannot be loaded."""
        if report.failed:
            self._outcomes[report.nodeid] = "failed"
            print(report.longreprtext, flush=True)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take the outcome of a case's set-up, call and tear-down."""
        name = _name(report.nodeid)
        self._seconds[name] += report.duration
        if report.failed:
            print(report.longreprtext, flush=True)
        if report.skipped and isinstance(report.longrepr, tuple):
            self._reasons[name] = ": " + report.longrepr[2].removeprefix("Skipped: ")
        elif expected := getattr(report, "wasxfail", ""):
            self._reasons[name] = f": known fault: {expected}"
        if not report.passed or (report.when == "call" and name not in self._outcomes):
            self._outcomes[name] = report.outcome
        if report.when == "teardown" and name in self._outcomes:
            line = f"{self._outcomes[name]:8} {name} ({self._seconds[name]:.1f}s){self._reasons.get(name, '')}"
            print(line, flush=True)

    def summary(self) -> bool:
        """Print the summary, the count last, and return whether all is well."""
        count = Counter(self._outcomes.values())
        print(f"\n{len(self._outcomes)} cases in {time.monotonic() - self._start:.0f}s")
        for name, outcome in self._outcomes.items():
            if outcome == "failed":
                print(f"failed   {name} (once more, by itself: make e2e CASE={name})")
        skipped = f", {count['skipped']} skipped" if count["skipped"] else ""
        print(f"{count['passed']} passed, {count['failed']} failed{skipped}", flush=True)
        return bool(count["passed"]) and not count["failed"]


def main(cases: list[str]) -> int:
    """Run the cases and return the exit status. The logs stay if one failed."""
    reporter = Reporter(cases)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    # The project's own options are for the terminal reporter, whose place ours takes.
    options = ["--override-ini=addopts=", "--import-mode=importlib", "--strict-markers", "-p", "no:terminal"]
    status = pytest.main([*options, "-p", "no:cacheprovider", "--capture=no", str(_HERE)], plugins=[reporter])
    well = reporter.summary() and status == pytest.ExitCode.OK
    if status == pytest.ExitCode.INTERRUPTED:
        print("interrupted", flush=True)
    if well or status == pytest.ExitCode.INTERRUPTED:
        shutil.rmtree(Path(os.environ["MULTUS_E2E_WORK"]) / "logs", ignore_errors=True)
    return 0 if well else 1


def _interrupt(*_: object) -> None:
    """End the run as soon as everything is stopped. Whoever is impatient then has SIGKILL."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    waiting.give_up()
    raise KeyboardInterrupt


def _name(nodeid: str) -> str:
    return nodeid.rpartition("::")[2].removeprefix("test_")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
