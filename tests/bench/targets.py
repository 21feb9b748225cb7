"""What the project promises, compared with what was measured. A missed target is printed, and fails nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tests.bench.results import Row


@dataclass(frozen=True)
class Target:
    """One promise: a field of a row is at most this."""

    what: str
    task: str
    variant: str
    field: str
    limit: float
    stretch: float | None = None


@dataclass(frozen=True)
class Verdict:
    """A target and what was measured."""

    target: Target
    found: float | None
    """None when it was not measured in this run."""

    @property
    def text(self) -> str:
        """Return the verdict in a word or two."""
        if self.found is None:
            return "not measured"
        if self.target.stretch is not None and self.found <= self.target.stretch:
            return "met, stretch too"
        return "met" if self.found <= self.target.limit else f"missed by {self.found - self.target.limit:.2f}"


_ADD, _DEL = "ADD 2", "DEL 2"
TARGETS = (
    Target("VERSION, time / Go", "VERSION", "installed", "ratio", 0.8),
    Target("ADD with 2 networks, time / Go", _ADD, "installed", "ratio", 0.85),
    Target("ADD with 2 networks, time over the plugins / Go's", _ADD, "installed", "over_bare_ratio", 0.7, 0.5),
    Target("ADD with 2 networks, CPU / Go", _ADD, "installed", "cpu_ratio", 0.7),
    Target("DEL with 2 networks, time / Go", _DEL, "installed", "ratio", 0.8),
    Target("ADD with 2 networks, peak RSS in MiB", _ADD, "installed", "peak", 16.0),
    Target("single file, VERSION, time / Go", "VERSION", "single", "ratio", 1.6),
    Target("ADD with 4 networks at once, time / Go (one by one)", "ADD 4", "installed-parallel", "ratio", 0.75),
)


def verdicts(rows: Sequence[Row]) -> list[Verdict]:
    """Compare all targets with the rows of a run."""
    return [Verdict(target, _found(target, rows)) for target in TARGETS]


def _found(target: Target, rows: Sequence[Row]) -> float | None:
    for row in rows:
        if (row.task, row.variant) == (target.task, target.variant):
            value: float | None = getattr(row, target.field)
            return value
    return None
