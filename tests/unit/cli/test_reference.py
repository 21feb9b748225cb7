"""The reference of the commands is that of this program, and every command's help is worth reading."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from multus_py.cli import main, suggestions
from multus_py.cli.parsers import Parser
from tools import reference


def commands(parser: Parser | None = None) -> Iterator[Parser]:
    """Return every command, and the commands of commands."""
    for found in suggestions.commands(parser or main.parser()).values():
        yield found
        yield from commands(found) if suggestions.commands(found) else ()


def test_the_page_is_made_from_the_program() -> None:
    assert reference.TARGET.read_text() == reference.reference(), "make docs"


@pytest.mark.parametrize("parser", list(commands()), ids=lambda parser: parser.prog)
def test_help_says_what_a_command_does_and_how_it_ends(parser: Parser) -> None:
    text = parser.format_help()
    assert parser.description
    assert "exit status:" in text
    assert {0, 1, 2} <= set(parser.statuses)
    assert all(action.help for action in parser._actions if not suggestions.commands(parser))


@pytest.mark.parametrize("parser", list(commands()), ids=lambda parser: parser.prog)
def test_examples_are_command_lines_of_that_command(parser: Parser) -> None:
    for line, meaning in parser.examples:
        assert parser.prog in line
        assert meaning


def test_options_of_one_name_are_meant_for_one_thing() -> None:
    """--output, --kubeconfig, --cni-dir and such read the same in every command that has them."""
    spelled: dict[str, set[tuple[str, ...]]] = {}
    for parser in commands():
        for action in parser._get_optional_actions():
            for name in action.option_strings:
                spelled.setdefault(name, set()).add(tuple(action.option_strings))
    shared = ("--output", "--kubeconfig", "--cni-dir", "--nads", "--cni-conf-dir", "--config")
    assert {name: forms for name, forms in spelled.items() if name in shared and len(forms) > 1} == {}
