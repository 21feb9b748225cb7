"""How commands talk to a person or a program: lines, tables, documents, progress. The one door to `rich`.

Colours and progress are for terminals only, and NO_COLOR is respected: that is what `rich` does by itself. Texts quote
files that anybody may have written, so whatever would not be seen, or would steer the terminal, is escaped here.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from multus_py.base.jsontext import JSONValue

_UNLIMITED = 10_000
"""Characters in a line of a table: as kubectl's, its lines are whole, and a narrow terminal wraps them."""


def document(value: JSONValue, form: str) -> str:
    """Return a document as `json` or `yaml`, with the line break at its end; nothing in it steers a terminal."""
    if form == "yaml":
        from multus_py.base import yamltext

        return yamltext.dumps(value)
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return "".join(char if char.isprintable() or char == "\n" else json.dumps(char)[1:-1] for char in text) + "\n"


def lines(said: Iterable[Sequence[tuple[str, str]]], file: IO[str] | None = None) -> None:
    """Print lines, each of texts with their styles, which are called as in `rich`; long ones are not broken."""
    from rich.text import Text

    out = _console(file)
    for line in said:
        out.print(Text.assemble(*((_printable(text, ""), style) for text, style in line)), soft_wrap=True)


def coloured(value: JSONValue, file: IO[str] | None = None) -> None:
    """Print a document as JSON, with colours."""
    from rich.json import JSON

    _console(file).print(JSON.from_data(value, indent=2), soft_wrap=True)


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], file: IO[str] | None = None) -> None:
    """Print a table as kubectl does: no lines, so that columns can be cut and searched."""
    from rich.table import Table
    from rich.text import Text

    shown = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for heading in headings:
        shown.add_column(heading)
    for row in rows:
        shown.add_row(*(Text(_printable(cell) or "-") for cell in row))
    _print(shown, file)


def pairs(facts: Iterable[tuple[str, str]], file: IO[str] | None = None) -> None:
    """Print names with what they stand for, below each other; a pair of nothing is an empty line."""
    from rich.table import Table
    from rich.text import Text

    shown = Table.grid(padding=(0, 2, 0, 0))
    for name, value in facts:
        shown.add_row(Text(name, style="bold"), Text(_printable(value)))
    _print(shown, file)


def _print(shown: Table, file: IO[str] | None) -> None:
    """Print without the blanks that fill the last column."""
    out = _console(file)
    out.width = _UNLIMITED
    with out.capture() as captured:
        out.print(shown)
    lines = captured.get().splitlines()
    out.file.write("".join(f"{line.rstrip()}\n" for line in lines))


@contextmanager
def waiting(text: str) -> Iterator[None]:
    """Say on a terminal what is being waited for."""
    with _console(sys.stderr).status(text):
        yield


def _console(file: IO[str] | None = None) -> Console:
    """Return what prints to a file, by default the standard output."""
    from rich.console import Console

    return Console(file=file or sys.stdout, highlight=False)


def _printable(text: str, kept: str = "\n") -> str:
    """Escape what would not be seen, or would steer the terminal."""
    return "".join(
        char if char.isprintable() or char in kept else char.encode("unicode_escape").decode() for char in text
    )
