"""A document with the places of its parts, so that a finding names the file and the line.

Where documents come from is in `reading`; what is wrong with them is found elsewhere.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from multus_py.base.fields import Fields
from multus_py.findings.finding import Finding, Severity
from multus_py.hostconfig import validation

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONObject, JSONValue

Path: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a value stands in a text."""

    line: int
    """The line of its key, or of the value itself where it has none; counted from 1."""
    first: int
    """The line where the value itself begins."""
    start: int
    end: int
    """The value's first character, and the one after its last, as written."""


@dataclass(frozen=True, kw_only=True)
class Document:
    """A document, or a part of one."""

    file: str
    value: JSONValue
    text: str
    """What it was read from."""
    places: Mapping[Path, Place]
    """By path in what was read; `folded`. The whole, (), is always there."""
    lines: tuple[int, ...] = ()
    """The file's line for each of the text's; empty when the text is the file."""
    base: Path = ()
    """The path of this part in what was read."""
    prefix: Path = ()
    """The path of what was read in the file, for texts within texts."""
    subject: str = ""

    @property
    def object(self) -> JSONObject:
        """Its value if that is an object, else an empty one."""
        return self.value if isinstance(self.value, dict) else {}

    def line(self, path: Path = ()) -> int:
        """Return the file's line where something stands, or where that should stand in which it is missing."""
        return self._line(self._place(path).line)

    def get(self, path: Path) -> JSONValue:
        """Return a value; None where there is none. Keys are found as Go finds them, whatever their case."""
        value = self.value
        for step in path:
            if isinstance(value, dict) and isinstance(step, str):
                value = Fields(value, "").raw(step)
            elif isinstance(value, list) and isinstance(step, int) and step < len(value):
                value = value[step]
            else:
                return None
        return value

    def part(self, path: Path) -> Document:
        """Return a part of this document."""
        return dataclasses.replace(self, value=self.get(path), base=self.base + path)

    def named(self, subject: str) -> Document:
        """Return the same document as what findings say that they are about."""
        return dataclasses.replace(self, subject=subject)

    def embedded(self, path: Path, text: str, value: JSONValue, places: Mapping[Path, Place]) -> Document:
        """Return the document that one of this one's texts holds."""
        return dataclasses.replace(
            self,
            value=value,
            text=text,
            places=places,
            lines=self.lines_of(path, text),
            base=(),
            prefix=self.prefix + self.base + path,
        )

    def lines_of(self, path: Path, text: str) -> tuple[int, ...]:
        """Return the file's line for each line of one of its texts.

        However the text is quoted, folded or escaped: what is no blank comes in the same order in both.
        """
        place = self._place(path)
        at, line = place.start, place.first
        lines = []
        for wanted in text.split("\n"):
            for number, word in enumerate(wanted.split() or [""]):
                found = max(at, self.text.find(word[:1], at, place.end))
                line += self.text.count("\n", at, found)
                at = found + len(word)
                if number == 0:
                    lines.append(self._line(line))
        return tuple(lines)

    def finding(
        self, id: str, path: Path, problem: str, *, remedy: str, severity: Severity = Severity.ERROR, line: int = 0
    ) -> Finding:
        """Return a finding about something in this document; `line` where it is known better than by its path."""
        return Finding(
            id=id,
            severity=severity,
            problem=problem,
            remedy=remedy,
            file=self.file,
            line=line or self.line(path),
            path=validation.path_text(self.prefix + self.base + path),
            subject=self.subject,
        )

    def _place(self, path: Path) -> Place:
        steps = folded(self.base + path)
        while steps not in self.places:
            steps = steps[:-1]
        return self.places[steps]

    def _line(self, line: int) -> int:
        return self.lines[min(line, len(self.lines)) - 1] if self.lines else line


def folded(path: Iterable[str | int]) -> Path:
    """Return a path as places are looked up: many keys are read whatever their case."""
    return tuple(step.lower() if isinstance(step, str) else step for step in path)
