"""Where the parts of a JSON text stand. The text has been parsed already, so it is known to be JSON."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field

from multus_py.validate.document import Path, Place, folded

_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\],:]|[^\s{}\[\],:"]+', re.DOTALL)


@dataclass(kw_only=True)
class _Container:
    """An object or a list that is not closed yet."""

    path: Path
    step: str | int | None
    """The key or position of the value to come; None where a key has to come first."""
    key_line: int = 0
    keys: set[str] = field(default_factory=set)


def find(text: str) -> tuple[dict[Path, Place], tuple[tuple[Path, int], ...]]:
    """Return the places of all values by their folded paths, and keys that come twice, each with its line."""
    places: dict[Path, Place] = {}
    twice: list[tuple[Path, int]] = []
    stack: list[_Container] = []
    line, at = 1, 0
    for token in _TOKEN.finditer(text):
        line += text.count("\n", at, token.start())
        at, word = token.start(), token.group()
        top = stack[-1] if stack else None
        if word in "]}":
            stack.pop()
        elif word == ",":
            if top is not None:
                top.step = top.step + 1 if isinstance(top.step, int) else None
        elif top is not None and top.step is None and word != ":":
            top.step, top.key_line = json.loads(word, strict=False), line
            if top.step in top.keys:
                twice.append(((*top.path, top.step), line))
            top.keys.add(str(top.step))
        elif word != ":":
            path = () if top is None or top.step is None else (*top.path, top.step)
            key_line = (top.key_line if top else 0) or line
            places[folded(path)] = Place(line=key_line, first=line, start=at, end=token.end())
            if word in "[{":
                stack.append(_Container(path=path, step=0 if word == "[" else None))
    return places, tuple(twice)
