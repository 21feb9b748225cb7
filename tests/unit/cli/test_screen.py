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


def test_a_narrow_terminal_wraps_the_lines_of_a_table_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("COLUMNS", "20")
    monkeypatch.setenv("TERM", "dumb")
    out = Terminal()
    screen.table(("POD", "STATE"), [("default/a-pod-with-a-long-name", "attached")], file=out)
    assert out.getvalue().splitlines()[1] == "default/a-pod-with-a-long-name  attached"


def test_names_with_pairs_and_an_empty_line() -> None:
    out = io.StringIO()
    screen.pairs([("pod", "default/web"), ("sandbox", ""), ("", "")], file=out)
    assert out.getvalue() == "pod      default/web\nsandbox\n\n"


class Terminal(io.StringIO):
    """A file that says that it is a terminal, 40 columns wide."""

    def isatty(self) -> bool:
        return True


def test_lines_are_whole_and_without_colours_for_programs() -> None:
    out = io.StringIO()
    screen.lines([[("error", "bold red"), (": x" * 40, "")], [], [("b", "")]], file=out)
    assert out.getvalue() == f"error{': x' * 40}\n\nb\n"


def test_a_terminal_gets_colours_but_not_if_it_wants_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    for no_color, shown in {"": "\x1b[1;31merror\x1b[0m: x\n", "1": "\x1b[1merror\x1b[0m: x\n"}.items():
        monkeypatch.setenv("NO_COLOR", no_color)
        out = Terminal()
        screen.lines([[("error", "bold red"), (": x", "")]], file=out)
        assert out.getvalue() == shown


def test_a_document_for_a_person_is_json() -> None:
    out = io.StringIO()
    screen.coloured({"a": ["ü", 1]}, file=out)
    assert out.getvalue() == '{\n  "a": [\n    "ü",\n    1\n  ]\n}\n'


@pytest.mark.parametrize("text", ["\x1b[31mred", "a\x07", "\u202eright to left", "\x1b]0;owned\x07"], ids=repr)
@pytest.mark.parametrize("form", ["table", "pairs", "lines"])
def test_what_would_steer_the_terminal_is_escaped(text: str, form: str) -> None:
    out = io.StringIO()
    {
        "table": lambda: screen.table(("A",), [(text,)], file=out),
        "pairs": lambda: screen.pairs([("a", text)], file=out),
        "lines": lambda: screen.lines([[(text, "bold")]], file=out),
    }[form]()
    assert "\\" in out.getvalue()
    assert not set(out.getvalue()) & {"\x1b", "\x07", "\u202e"}


def test_a_line_is_one_line_and_brackets_are_text_and_no_markup() -> None:
    out = io.StringIO()
    screen.lines([[("[bold]x[/bold]\ny", "")]], file=out)
    screen.table(("A",), [("[bold]x[/bold]",)], file=out)
    assert out.getvalue() == "[bold]x[/bold]\\ny\nA\n[bold]x[/bold]\n"


def test_documents_are_json_or_yaml() -> None:
    value: dict[str, object] = {"b": ["ü", 1], "a": None}
    assert json.loads(screen.document(value, "json")) == value  # type: ignore[arg-type]  # a dict of less
    assert yaml.safe_load(screen.document(value, "yaml")) == value  # type: ignore[arg-type]
    assert screen.document(value, "yaml").startswith("b:")  # type: ignore[arg-type]


@pytest.mark.parametrize("form", ["json", "yaml"])
def test_documents_show_what_would_steer_a_terminal(form: str) -> None:
    text = screen.document({"name": "\x9b2J\u202e\x1b[2J\x85"}, form)
    assert text.replace("\n", "").isprintable()
    assert yaml.safe_load(text) == {"name": "\x9b2J\u202e\x1b[2J\x85"}
    assert "gr\u00fcn" in screen.document({"name": "gr\u00fcn"}, form)
