"""The daemon's log: what happened, one line each on stderr, as `key=value` after a time stamp.

What is wrong is said once while it lasts, since the daemon looks again every few seconds. Nothing secret comes here:
callers hand in paths, names and reasons.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, TextIO

from multus_py.base import clock as clocks

if TYPE_CHECKING:
    from collections.abc import Iterable

    from multus_py.base.clock import Clock

FORGET = 60.0
"""Seconds after which a complaint is over. What comes back sooner, such as when two programs argue over a file, is the
same complaint still."""
_PLAIN = re.compile(r"[\w./:@%+,\[\]-]+")


class Journal:
    """Writes the lines. A log that cannot be written is never a reason to do less for the node."""

    def __init__(self, stream: TextIO, clock: Clock) -> None:
        """Write to a stream; the clock gives the time stamps."""
        self._stream = stream
        self._clock = clock
        self._complaints: dict[str, float] = {}

    def note(self, event: str, *, level: str = "info", **values: object) -> None:
        """Write a line."""
        fields = {"level": level, "event": event, **{key: str(value) for key, value in values.items()}}
        text = " ".join(f"{key}={_quoted(value)}" for key, value in fields.items())
        try:
            self._stream.write(f"{clocks.rfc3339(self._clock.now(), micro=True)} {text}\n")
            self._stream.flush()
        except (OSError, ValueError):  # ValueError: it is closed
            pass

    def complain(self, texts: Iterable[str]) -> None:
        """Write down what is wrong now, as far as it was not wrong before, and what is over."""
        now = self._clock.monotonic()
        for text in texts:
            if text not in self._complaints:
                self.note("warning", level="warning", text=text)
            self._complaints[text] = now
        for text in [text for text, seen in self._complaints.items() if now - seen >= FORGET]:
            del self._complaints[text]
            self.note("over", text=text)


def _quoted(text: str) -> str:
    return text if _PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)
