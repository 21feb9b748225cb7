"""A mistyped command or option is answered with what may have been meant, and status 2."""

from __future__ import annotations

import pytest

from multus_py.cli import main, suggestions


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["shwo"], "unknown command: shwo (did you mean show?)"),
        (["frobnicate"], "unknown command: frobnicate\n"),
        (["show", "pdos"], "unknown command: pdos (did you mean pods?)"),
        (["show", "pods", "--ouptut", "json"], "unrecognized arguments: --ouptut json (did you mean --output?)"),
        (["show", "pods", "--lvie=1"], "(did you mean --live?)"),
        (["version", "--zzz"], "unrecognized arguments: --zzz\n"),
    ],
    ids=" ".join,
)
def test_what_was_meant_is_said(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        suggestions.parse(main.parser(), arguments)
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


def test_what_is_right_is_parsed() -> None:
    options = suggestions.parse(main.parser(), ["show", "pods", "-o", "json"])
    assert options.output == "json"
