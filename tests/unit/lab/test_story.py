"""How the demo prints."""

from __future__ import annotations

import json

import pytest

from multus_py.lab.objects import Object
from multus_py.lab.story import WIDTH, Story, UnexpectedError


def test_steps_are_numbered_and_facts_are_aligned(capsys: pytest.CaptureFixture[str]) -> None:
    story = Story()
    story.step("First")
    story.fact("a", "one", "two")
    story.fact("b")
    story.step("Second")
    assert capsys.readouterr().out == "\n1. First\n   a             one  two\n   b\n\n2. Second\n"


def test_checks_are_counted_and_end_the_story_when_they_fail(capsys: pytest.CaptureFixture[str]) -> None:
    story = Story()
    story.check("all is well")
    assert (capsys.readouterr().out, story.checks) == ("   ok  all is well\n", 1)
    with pytest.raises(UnexpectedError, match=r"^all is well: no, this is not; nor that$"):
        story.check("all is well", ["this is not", "nor that"])
    assert story.checks == 1


def test_json_is_shown_as_compactly_as_the_width_allows(capsys: pytest.CaptureFixture[str]) -> None:
    value: Object = {"short": ["a"], "long": ["x" * 60, "y" * 60], "empty": []}
    Story().show(value)
    shown = capsys.readouterr().out
    assert json.loads(shown) == value
    assert '       "short": ["a"],\n' in shown
    assert max(map(len, shown.splitlines())) <= WIDTH
