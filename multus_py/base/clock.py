"""Time as a port: the clock that waits and time-outs use, and deadlines measured on it."""

from __future__ import annotations

import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class Clock(Protocol):
        """Where time comes from. All figures are seconds."""

        def monotonic(self) -> float:
            """Return a time that never goes back, for measuring."""

        def now(self) -> float:
            """Return the time since 1970-01-01 UTC, for writing down."""

        def sleep(self, seconds: float) -> None:
            """Wait."""


class SystemClock:
    """The machine's clock."""

    def monotonic(self) -> float:
        """Return the time since some fixed point, in seconds."""
        return time.monotonic()

    def now(self) -> float:
        """Return the time since 1970-01-01 UTC, in seconds."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Wait that many seconds."""
        time.sleep(seconds)


class Deadline:
    """A point in time that several steps share."""

    def __init__(self, clock: Clock, seconds: float | None, *, cancel: int = -1) -> None:
        """Start now; `seconds` from now it is over. None, like 0, means never.

        Args:
            clock: What the time is measured on.
            seconds: How long.
            cancel: A descriptor that becomes readable when whoever waits shall give up at once; -1 for none.
        """
        self._clock = clock
        self.seconds = seconds or None
        self.cancel = cancel
        self._end = clock.monotonic() + seconds if seconds else None

    def cancelled_by(self, cancel: int) -> Deadline:
        """Return the same deadline, with a descriptor that cancels it."""
        copy = Deadline(self._clock, None, cancel=cancel)
        copy.seconds, copy._end = self.seconds, self._end
        return copy

    def remaining(self) -> float | None:
        """Return the seconds left, at least 0; None when there is no limit."""
        return None if self._end is None else max(0.0, self._end - self._clock.monotonic())

    def expired(self) -> bool:
        """Tell whether the time is over."""
        return self.remaining() == 0.0

    def sleep(self, seconds: float) -> None:
        """Wait, but not beyond the deadline."""
        left = self.remaining()
        self._clock.sleep(seconds if left is None else min(seconds, left))


def rfc3339(seconds: float, *, micro: bool = False) -> str:
    """Write a time since 1970-01-01 the way Kubernetes does, in UTC: 2026-11-21T02:15:34Z."""
    text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return f"{text}.{int(seconds % 1 * 1e6):06d}Z" if micro else f"{text}Z"
