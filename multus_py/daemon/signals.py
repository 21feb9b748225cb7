"""SIGTERM and SIGINT: the first one asks the daemon to stop, the second one ends it there and then."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    Handler = Callable[[int, FrameType | None], object] | int | signal.Handlers | None

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Stop:
    """Whether somebody asked us to stop. `with Stop() as stop:` in the main thread, as signals are handled there."""

    def __init__(self) -> None:
        """Nobody has asked yet, and no signal is handled yet."""
        self.signal = ""
        """The name of the signal that asked us to stop; "" before."""
        self.fd, self._writing = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._before: list[tuple[signal.Signals, Handler]] = []

    def __enter__(self) -> Self:
        """Handle the signals."""
        signal.set_wakeup_fd(self._writing, warn_on_full_buffer=False)
        self._before = [(number, signal.signal(number, self._handle)) for number in SIGNALS]
        return self

    def __exit__(self, *_exception: object) -> None:
        """Handle the signals no more."""
        for number, handler in self._before:
            signal.signal(number, handler)
        signal.set_wakeup_fd(-1)
        os.close(self._writing)
        os.close(self.fd)

    @property
    def requested(self) -> bool:
        """Whether to stop."""
        return bool(self.signal)

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        """Note the first signal. As the first process of a container we would survive SIGTERM's default action."""
        if self.signal:
            os._exit(1)
        self.signal = signal.Signals(number).name
