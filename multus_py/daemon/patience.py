"""A connection to a server that may have nothing to say for minutes, and a reader that may have to stop meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from multus_py.base.clock import Deadline
from multus_py.daemon.following import StoppedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from multus_py.base.clock import Clock
    from multus_py.cluster.http import Stream

TICK = 0.5
"""Seconds after which a reader that waits looks whether it shall stop."""


class Patient:
    """A stream that is read until somebody stops us; silence of some length is its end."""

    def __init__(self, stream: Stream, *, clock: Clock, stopped: Callable[[], bool]) -> None:
        """Read this stream, which is ours from now on.

        Args:
            stream: The connection.
            clock: What silence is measured on.
            stopped: Whether to stop.
        """
        self._stream = stream
        self._clock = clock
        self._stopped = stopped
        self.limit: float | None = None
        """Seconds of silence that are too many, whatever the deadline of a read; None for that deadline."""

    def send(self, data: bytes, deadline: Deadline) -> None:
        """Write all of it. Raises OSError."""
        self._stream.send(data, deadline)

    def receive(self, size: int, deadline: Deadline) -> bytes:
        """Return what has come. Raises StoppedError; OSError, TimeoutError among them."""
        silence = deadline if self.limit is None else Deadline(self._clock, self.limit)
        while True:
            left = silence.remaining()
            try:
                return self._stream.receive(size, Deadline(self._clock, TICK if left is None else min(left, TICK)))
            except TimeoutError:
                if self._stopped():
                    raise StoppedError from None
                if silence.expired():
                    raise

    def close(self) -> None:
        """Close the connection."""
        self._stream.close()
