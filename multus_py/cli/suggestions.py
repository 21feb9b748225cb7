"""What was meant by a command or an option that is none. argparse itself knows that from Python 3.14 on."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from typing import NoReturn

from multus_py.base import spelling
from multus_py.cli.parsers import Parser


def parse(parser: Parser, arguments: list[str]) -> argparse.Namespace:
    """Parse a command line. Ends the program with status 2 when it is wrong, and says what may have been meant."""
    chosen = _descend(parser, arguments)
    options, extra = parser.parse_known_args(arguments)
    if extra:
        known = chosen._option_string_actions  # noqa: SLF001 - argparse has no other way to list them
        _refuse(chosen, f"unrecognized arguments: {' '.join(extra)}", extra[0].partition("=")[0], known)
    return options


def commands(parser: Parser) -> dict[str, Parser]:
    """Return a parser's commands by name; none when it has none."""
    for action in parser._actions:  # noqa: SLF001 - likewise
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            return dict(action.choices)
    return {}


def _descend(parser: Parser, arguments: list[str]) -> Parser:
    """Return the parser of the command that is given. Ends the program when it is none."""
    for word in arguments:
        known = commands(parser)
        if not known or word.startswith("-"):
            return parser
        if word not in known:
            _refuse(parser, f"unknown command: {word}", word, known)
        parser = known[word]
    return parser


def _refuse(parser: Parser, problem: str, word: str, known: Iterable[str]) -> NoReturn:
    meant = spelling.closest(word, known)
    parser.error(f"{problem}{f' (did you mean {meant}?)' if meant else ''}")
