"""How soon to look again: at once when something changed, but not without end; soon after a failure.

Nobody waits in here.
"""

from __future__ import annotations

EVERY = 5.0
"""Seconds after which to look again although nothing seems to have changed."""
RETRY = 0.25
"""Seconds after the first failure. Each further one in a row doubles them, up to EVERY."""
BURST, A_SECOND = 20, 4.0
"""How many looks may follow one another at once, and how many a second may then. A program that undoes our
repairs as soon as it sees them would keep both busy otherwise."""


class Pace:
    """Counts looks and failures."""

    def __init__(self, *, monotonic: float) -> None:
        """Begin, at a time of the clock that never goes back."""
        self._failures = 0
        self._saved = float(BURST)
        self._last = monotonic

    def look(self, monotonic: float) -> float:
        """Note the wish to look; return how many seconds to rest before that."""
        self._saved = min(BURST, self._saved + (monotonic - self._last) * A_SECOND) - 1
        self._last = monotonic
        return max(0.0, -self._saved / A_SECOND)

    def succeeded(self) -> float:
        """Note that looking was no failure; return how many seconds to wait for a change."""
        self._failures = 0
        return EVERY

    def failed(self) -> float:
        """Note a failure; return how many seconds to wait for a change."""
        self._failures += 1
        return min(EVERY, RETRY * 2.0 ** min(self._failures - 1, 10))
