"""A clock that stands still unless somebody sleeps on it or the test moves it."""

from __future__ import annotations


class FakeClock:
    """Time for tests: sleeping takes no time, but moves the clock, and is written down in `sleeps`."""

    def __init__(self, *, now: float = 1_700_000_000.0, monotonic: float = 1000.0) -> None:
        self._now = now
        self._monotonic = monotonic
        self.sleeps: list[float] = []

    def __repr__(self) -> str:
        return f"FakeClock(now={self._now}, sleeps={self.sleeps})"

    def monotonic(self) -> float:
        return self._monotonic

    def now(self) -> float:
        return self._now

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0, f"slept {seconds} s"
        self.sleeps.append(seconds)
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """Let time pass without anybody sleeping."""
        self._now += seconds
        self._monotonic += seconds
