"""How commands talk to a person or a program: tables and colours through `rich`, documents as JSON or YAML, progress.

Colours and progress are for terminals only, and NO_COLOR is respected: that is what `rich` does by itself.
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
"""Characters in a line that is no terminal's: programs that read a table want its lines whole."""


def console(file: IO[str] | None = None) -> Console:
    """Return what prints to a file, by default the standard output."""
    from rich.console import Console

    file = file or sys.stdout
    return Console(file=file, highlight=False, width=None if file.isatty() else _UNLIMITED)


def document(value: JSONValue, form: str) -> str:
    """Return a document as `json` or `yaml`, with the line break at its end."""
    if form == "yaml":
        from multus_py.base import yamltext

        return yamltext.dumps(value)
    return f"{json.dumps(value, indent=2, ensure_ascii=False)}\n"


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], file: IO[str] | None = None) -> None:
    """Print a table as kubectl does: no lines, so that columns can be cut and searched."""
    from rich.table import Table
    from rich.text import Text

    shown = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for heading in headings:
        shown.add_column(heading, overflow="fold")
    for row in rows:
        shown.add_row(*(Text(printable(cell) or "-") for cell in row))
    _print(shown, file)


def pairs(facts: Iterable[tuple[str, str]], file: IO[str] | None = None) -> None:
    """Print names with what they stand for, below each other; a pair of nothing is an empty line."""
    from rich.table import Table
    from rich.text import Text

    shown = Table.grid(padding=(0, 2, 0, 0))
    for name, value in facts:
        shown.add_row(Text(name, style="bold"), Text(printable(value), overflow="fold"))
    _print(shown, file)


def _print(shown: Table, file: IO[str] | None) -> None:
    """Print without the blanks that fill the last column."""
    out = console(file)
    with out.capture() as captured:
        out.print(shown)
    lines = captured.get().splitlines()
    out.file.write("".join(f"{line.rstrip()}\n" for line in lines))


@contextmanager
def waiting(text: str) -> Iterator[None]:
    """Say on a terminal what is being waited for."""
    with console(sys.stderr).status(text):
        yield


def printable(text: str) -> str:
    """Escape what would not be seen, or would steer the terminal: texts quote files that anybody may have written."""
    return "".join(
        char if char.isprintable() or char == "\n" else char.encode("unicode_escape").decode() for char in text
    )
