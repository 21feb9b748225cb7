"""What was asked, how it was answered, and how long that took: counted by whoever answers, read for the metrics."""

from __future__ import annotations

import bisect
import threading
from collections import Counter
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from multus_py.cluster.port import Report

BOUNDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Upper bounds of the histograms' buckets, in seconds."""
UNDO = "undo"
"""The part of a call in which delegates get a DEL, whatever the call's own verb is."""
MANY = 100
"""How many kinds of plugin are told apart, by their verbs; what comes after that is "other"."""

Labels: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Times:
    """A histogram."""

    buckets: tuple[int, ...]
    """How many took no longer than each bound, and at the end how many there were at all."""
    sum: float
    """All seconds together."""


@dataclass(frozen=True, kw_only=True)
class Counted:
    """What was counted so far."""

    answers: Mapping[Labels, int] = field(default_factory=dict)
    """By question and outcome."""
    answer_times: Mapping[Labels, Times] = field(default_factory=dict)
    """By question."""
    dropped: Mapping[Labels, int] = field(default_factory=dict)
    """Clients that were hung up on, by the reason."""
    events: Mapping[Labels, int] = field(default_factory=dict)
    """By what came of them."""
    calls: Mapping[Labels, Times] = field(default_factory=dict)
    """Calls of the plugin, by verb and result."""
    phases: Mapping[Labels, Times] = field(default_factory=dict)
    """Parts of the plugin's calls, by the call's verb and the part's name."""
    delegates: Mapping[Labels, Times] = field(default_factory=dict)
    """Delegates, by the verb that they were called with, and their type."""


class Traffic:
    """Counts."""

    def __init__(self) -> None:
        """Begin at nothing."""
        self._lock = threading.Lock()
        self._counts: dict[str, Counter[Labels]] = {name: Counter() for name in ("answers", "dropped", "events")}
        self._times: dict[str, dict[Labels, _Histogram]] = {
            name: {} for name in ("answer_times", "calls", "phases", "delegates")
        }

    def answered(self, question: str, outcome: str, seconds: float) -> None:
        """Note an answer."""
        with self._lock:
            self._counts["answers"][question, outcome] += 1
            self._observe("answer_times", (question,), seconds)

    def dropped(self, reason: str) -> None:
        """Note that a client was hung up on."""
        with self._lock:
            self._counts["dropped"][(reason,)] += 1

    def told(self, outcome: str, events: int) -> None:
        """Note what came of events."""
        with self._lock:
            self._counts["events"][(outcome,)] += events

    def reported(self, report: Report) -> None:
        """Note how a call of the plugin went."""
        with self._lock:
            self._observe("calls", (report.verb, "success" if report.succeeded else "failure"), report.seconds)
            for phase in report.phases:
                self._observe("phases", (report.verb, phase.name), phase.seconds)
                if phase.plugin:
                    verb = "DEL" if phase.name == UNDO else report.verb
                    self._observe("delegates", (verb, phase.plugin), phase.seconds)

    def read(self) -> Counted:
        """Return what was counted so far."""
        with self._lock:
            counts = {name: dict(counter) for name, counter in self._counts.items()}
            times = {
                name: {labels: histogram.read() for labels, histogram in histograms.items()}
                for name, histograms in self._times.items()
            }
        return Counted(
            answers=counts["answers"],
            dropped=counts["dropped"],
            events=counts["events"],
            answer_times=times["answer_times"],
            calls=times["calls"],
            phases=times["phases"],
            delegates=times["delegates"],
        )

    def _observe(self, name: str, labels: Labels, seconds: float) -> None:
        histograms = self._times[name]
        if labels not in histograms and len(histograms) >= MANY:
            labels = ("other",) * len(labels)
        histograms.setdefault(labels, _Histogram()).observe(seconds)


class _Histogram:
    def __init__(self) -> None:
        self._counts = [0] * (len(BOUNDS) + 1)
        self._sum = 0.0

    def observe(self, seconds: float) -> None:
        self._counts[bisect.bisect_left(BOUNDS, seconds)] += 1
        self._sum += seconds

    def read(self) -> Times:
        return Times(buckets=tuple(accumulate(self._counts)), sum=self._sum)
