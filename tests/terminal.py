"""Programs at a terminal, for what they do only there."""

from __future__ import annotations

import os
import pty
import select
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from multus_py.base.clock import Deadline, SystemClock

_PATIENCE = 30.0


class Terminal:
    """A terminal with a program at it."""

    def __init__(self, process: subprocess.Popen[bytes], keyboard: int) -> None:
        self._process = process
        self._keyboard = keyboard
        self.shown = ""
        """All that came onto the screen so far."""

    def write(self, text: str) -> None:
        os.write(self._keyboard, text.encode())

    def read_until(self, wanted: str) -> None:
        """Read until a text has come, which has to be soon."""
        deadline = Deadline(SystemClock(), _PATIENCE)
        while wanted not in self.shown:
            assert not deadline.expired(), f"{wanted!r} is not in {self.shown!r}"
            if select.select([self._keyboard], [], [], 0.1)[0]:
                self.shown += os.read(self._keyboard, 1 << 16).decode(errors="replace")

    def ended(self) -> int:
        """Read what comes until the program ends, which has to be soon; return its exit status."""
        deadline = Deadline(SystemClock(), _PATIENCE)
        try:
            while True:
                assert not deadline.expired(), f"it goes on after {self.shown!r}"
                if select.select([self._keyboard], [], [], 0.1)[0]:
                    self.shown += os.read(self._keyboard, 1 << 16).decode(errors="replace")
        except OSError:  # EIO: nobody is at the other end any more
            pass
        return self._process.wait(_PATIENCE)


@contextmanager
def terminal(argv: Sequence[str], environment: Mapping[str, str]) -> Iterator[Terminal]:
    """Start a program at a new terminal, and end it."""
    keyboard, screen = pty.openpty()
    # Whoever runs the tests in the background has Ctrl-C ignored, which is inherited; at a terminal it is not.
    argv = ["env", "--default-signal=INT,QUIT", "setsid", "--ctty", *argv]
    with subprocess.Popen(argv, env=environment, stdin=screen, stdout=screen, stderr=screen) as process:
        os.close(screen)
        try:
            yield Terminal(process, keyboard)
        finally:
            process.kill()
            os.close(keyboard)
