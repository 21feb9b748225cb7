"""What is found, where, and that nothing is found in what works."""

from __future__ import annotations

from pathlib import Path

import pytest

from multus_py.findings.finding import Finding
from multus_py.validate import checking, rules
from tests.unit.validate import marked
from tests.unit.validate.broken import BROKEN
from tests.unit.validate.marked import Expected

ROOT = Path(__file__).parents[3]


def validate(file: str, text: str) -> list[Finding]:
    return checking.validate([(file, text.encode())])


@pytest.mark.parametrize(("file", "text", "expected"), BROKEN.values(), ids=list(BROKEN))
def test_what_is_wrong_is_found_on_its_line_and_nothing_else_is(
    file: str, text: str, expected: tuple[Expected, ...]
) -> None:
    clean, lines = marked.without_marks(text)
    found = validate(file, clean)
    lines += [0] * (len(expected) - len(lines))
    assert sorted(marked.summary(found)) == sorted(
        (each.id, each.severity, line, each.path) for each, line in zip(expected, lines, strict=True)
    )
    for each in expected:
        said = [f"{finding.problem} {finding.remedy}" for finding in found if finding.id == each.id]
        assert any(each.said in text for text in said), said


def test_every_finding_is_explained() -> None:
    explained = {rule.id for rule in rules.RULES}
    assert {each.id for _, _, expected in BROKEN.values() for each in expected} <= explained
    assert len(explained) == len(rules.RULES)
