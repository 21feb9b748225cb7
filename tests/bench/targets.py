"""What the project promises, compared with what was measured. A missed target is printed, and fails nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.bench import results
from tests.bench.results import BurstRow, Row


@dataclass(frozen=True)
class Target:
    """One promise: a field of a row, or its part of the same field of another variant's row, is at most this."""

    what: str
    task: str
    variant: str
    field: str
    limit: float
    stretch: float | None = None
    against: str = ""
    """The other variant; empty when the field itself is meant."""


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


_ADD, _DEL, _CROWD = "ADD 2", "DEL 2", "ADD"


def _daemon(what: str, task: str, field: str, limit: float, stretch: float | None = None) -> Target:
    """Return a promise about calls through the daemon, against those through Go's."""
    return Target(f"through the daemon, {what}", task, results.DAEMON, field, limit, stretch, results.THICK)


TARGETS = (
    Target("VERSION, time / Go", "VERSION", "installed", "ratio", 0.8),
    Target("ADD with 2 networks, time / Go", _ADD, "installed", "ratio", 0.85),
    Target("ADD with 2 networks, time over the plugins / Go's", _ADD, "installed", "over_bare_ratio", 0.7, 0.5),
    Target("ADD with 2 networks, CPU / Go", _ADD, "installed", "cpu_ratio", 0.7),
    Target("DEL with 2 networks, time / Go", _DEL, "installed", "ratio", 0.8),
    Target("ADD with 2 networks, peak RSS in MiB", _ADD, "installed", "peak", 16.0),
    Target("single file, VERSION, time / Go", "VERSION", "single", "ratio", 1.6),
    Target("ADD with 4 networks at once, time / Go (one by one)", "ADD 4", "installed-parallel", "ratio", 0.75),
    _daemon("ADD with 2 networks, time / Go's thick one", _ADD, "p50", 0.9),
    _daemon("ADD with 2 networks, time over the plugins / Go's thick one's", _ADD, "over_bare", 0.8, 0.6),
    Target(
        "30 pods at once, Go's thick one's pods a second / through the daemon",
        *(_CROWD, results.THICK, "pods_per_second", 0.83),
        against=results.DAEMON,
    ),
)


def verdicts(rows: Sequence[Row], burst_rows: Sequence[BurstRow]) -> list[Verdict]:
    """Compare all targets with the rows of a run."""
    found = {(row.task, row.variant): row for row in rows}
    crowds = {(row.verb, row.variant): row for row in burst_rows}
    return [Verdict(target, _found(target, {**found, **crowds})) for target in TARGETS]


def _found(target: Target, rows: Mapping[tuple[str, str], Row | BurstRow]) -> float | None:
    value = _field(target, target.variant, rows)
    if not target.against or value is None:
        return value
    other = _field(target, target.against, rows)
    return value / other if other else None


def _field(target: Target, variant: str, rows: Mapping[tuple[str, str], Row | BurstRow]) -> float | None:
    row = rows.get((target.task, variant))
    value: float | None = getattr(row, target.field) if row else None
    return value
