"""How the demo talks: numbered steps, aligned facts, checks that say `ok` or end the story."""

from __future__ import annotations

import json
from collections.abc import Iterable

from multus_py.lab.objects import JSON

WIDTH = 100
_MARGIN = "   "


class UnexpectedError(Exception):
    """Something is not as it should be."""


class Story:
    """Prints as it goes, and counts what was checked."""

    def __init__(self) -> None:
        """Begin."""
        self.checks = 0
        self._steps = 0

    def say(self, text: str = "") -> None:
        """Print a line."""
        print(text, flush=True)

    def step(self, title: str) -> None:
        """Begin a new step."""
        self._steps += 1
        self.say()
        self.say(f"{self._steps}. {title}")

    def fact(self, name: str, *columns: str) -> None:
        """Print what something is."""
        self.say(f"{_MARGIN}{name:<14}{'  '.join(columns)}".rstrip())

    def text(self, text: str) -> None:
        """Print a block of text, indented."""
        for line in text.splitlines():
            self.say(f"{_MARGIN}  {line}")

    def show(self, value: JSON) -> None:
        """Print a JSON value, as compactly as the width allows."""
        self.text("\n".join(_layout(value, room=WIDTH - len(_MARGIN) - 2)))

    def check(self, what: str, problems: Iterable[str] = ()) -> None:
        """Say that something is as it should be.

        Raises:
            UnexpectedError: There are problems.
        """
        found = list(problems)
        if found:
            raise UnexpectedError(f"{what}: no, {'; '.join(found)}")
        self.checks += 1
        self.say(f"{_MARGIN}ok  {what}")


def _layout(value: JSON, *, room: int) -> list[str]:
    """Return the lines of a value: one if it fits, else one or more for each member."""
    line = json.dumps(value)
    if len(line) <= room or not isinstance(value, dict | list) or not value:
        return [line]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    members = value.items() if isinstance(value, dict) else ((None, item) for item in value)
    lines = [opening]
    for key, item in members:
        name = "" if key is None else f"{json.dumps(key)}: "
        first, *others = _layout(item, room=room - 3 - len(name))
        lines += [f"  {name}{first}", *(f"  {other}" for other in others)]
        lines[-1] += ","
    lines[-1] = lines[-1].removesuffix(",")
    return [*lines, closing]
