"""Writes docs/commands.md, the reference of the command line, from its parsers: `make docs`. A test compares."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

from multus_py.cli import main as command_line
from multus_py.cli import suggestions
from multus_py.cli.parsers import Parser

TARGET = Path(__file__).parent.parent / "docs" / "commands.md"
_HEAD = """# Commands

What `multus` does when no runtime calls it. This page is made from the program (`make docs`); `multus COMMAND --help`
says the same. Commands end with status 0 when all went well, with 1 when something failed (standard error says what),
and with 2 when the command line is wrong, unless their section says otherwise. Colours are for terminals only, and
`NO_COLOR=1` turns them off.

"""


def main() -> None:
    """Write it."""
    TARGET.write_text(reference())
    print(f"reference: {TARGET}")


def reference() -> str:
    """Return the page."""
    parser = command_line.parser()
    rows = [
        f"| [`{name}`](#multus-{name}) | {_escaped(_help(parser, name))} |" for name in suggestions.commands(parser)
    ]
    table = ["| command | what it does |", "| --- | --- |", *rows, ""]
    sections = (line for found in suggestions.commands(parser).values() for line in _section(found))
    return _HEAD + "\n".join([*table, *sections]).rstrip() + "\n"


def _section(parser: Parser, level: str = "##") -> Iterator[str]:
    """Yield the lines of a command, then those of its commands."""
    nested = suggestions.commands(parser)
    positional = [action for action in parser._get_positional_actions() if not _is_commands(action)]  # noqa: SLF001
    words = [parser.prog, *(["WHAT"] if nested else []), *map(_metavar, positional)]
    yield from (
        f"{level} {parser.prog}",
        "",
        _escaped(parser.description or ""),
        "",
        f"`{' '.join(words)} [options]`",
        "",
    )
    options = [*positional, *(action for action in parser._get_optional_actions() if action.dest != "help")]  # noqa: SLF001
    if options:
        yield from ("| option | meaning |", "| --- | --- |")
        yield from (f"| {_names(action)} | {_escaped(_expanded(parser, action))} |" for action in options)
        yield ""
    for line, meaning in parser.examples:
        yield f"* `{line}`: {meaning}"
    if parser.examples:
        yield ""
    if dict(parser.statuses) != dict(Parser.statuses):
        yield from ("Exit status:", "")
        yield from (f"* {status}: {meaning}" for status, meaning in sorted(parser.statuses.items()))
        yield ""
    for each in nested.values():
        yield from _section(each, f"{level}#")


def _is_commands(action: argparse.Action) -> bool:
    return isinstance(action, argparse._SubParsersAction)  # noqa: SLF001 - argparse has no other name for it


def _help(parser: Parser, name: str) -> str:
    """Return the line of the list of commands."""
    (actions,) = (action for action in parser._actions if _is_commands(action))  # noqa: SLF001
    return next(str(each.help) for each in actions._get_subactions() if each.dest == name)  # type: ignore[attr-defined]  # noqa: SLF001


def _names(action: argparse.Action) -> str:
    value = "" if action.nargs == 0 else f" {_metavar(action)}"
    if action.nargs == "?" and action.option_strings:
        value = f" [{_metavar(action)}]"
    names = [f"`{name}{value}`" for name in action.option_strings] or [f"`{_metavar(action)}`"]
    return ", ".join(names).replace("|", r"\|")


def _metavar(action: argparse.Action) -> str:
    if isinstance(action.metavar, str):
        return action.metavar
    return "|".join(map(str, action.choices)) if action.choices else action.dest.upper()


def _expanded(parser: Parser, action: argparse.Action) -> str:
    """Return the help with its defaults filled in."""
    return (action.help or "") % {**vars(action), "prog": parser.prog}


def _escaped(text: str) -> str:
    """Write a text so that nothing in it is Markdown or a column."""
    return re.sub(r"([|<*_])", r"\\\1", text)


if __name__ == "__main__":
    main()
