"""What commands print: whole lines for programs, no colours but on a terminal, nothing that steers it."""

from __future__ import annotations

import io
import json

import pytest
import yaml

from multus_py.cli import screen


def test_a_table_that_is_no_terminals_has_whole_lines_without_colours_or_blanks_at_their_end() -> None:
    out = io.StringIO()
    long = "2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff/64 " * 20
    screen.table(("POD", "ADDRESSES"), [("default/web", long.strip()), ("x", "")], file=out)
    lines = out.getvalue().splitlines()
    assert lines == ["POD          ADDRESSES", f"default/web  {long.strip()}", "x            -"]


def test_names_with_pairs_and_an_empty_line() -> None:
    out = io.StringIO()
    screen.pairs([("pod", "default/web"), ("sandbox", ""), ("", "")], file=out)
    assert out.getvalue() == "pod      default/web\nsandbox\n\n"


@pytest.mark.parametrize("text", ["\x1b[31mred", "a\x07", "\u202eright to left"], ids=repr)
def test_what_would_steer_the_terminal_is_escaped(text: str) -> None:
    out = io.StringIO()
    screen.table(("A",), [(text,)], file=out)
    assert "\\" in out.getvalue()
    assert not set(out.getvalue()) & {"\x1b", "\x07", "\u202e"}


def test_brackets_are_text_and_no_markup() -> None:
    out = io.StringIO()
    screen.table(("A",), [("[bold]x[/bold]",)], file=out)
    assert "[bold]x[/bold]" in out.getvalue()


def test_documents_are_json_or_yaml() -> None:
    value: dict[str, object] = {"b": ["ü", 1], "a": None}
    assert json.loads(screen.document(value, "json")) == value  # type: ignore[arg-type]  # a dict of less
    assert yaml.safe_load(screen.document(value, "yaml")) == value  # type: ignore[arg-type]
    assert screen.document(value, "yaml").startswith("b:")  # type: ignore[arg-type]
