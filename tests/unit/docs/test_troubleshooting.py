"""The texts that docs/troubleshooting.md explains are those that the program writes."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "troubleshooting.md").read_text()
OTHERS = {"401 Unauthorized"}
"""What the API server says."""
_PLACEHOLDERS = re.compile(r"\.\.\.|\b(?:NAME|NS|DIR|IFNAME|N)\b")


def texts() -> list[str]:
    """Return the fixed part of each text of the table: the longest one between what differs."""
    rows = [line.split(" | ")[0].removeprefix("| ") for line in PAGE.partition("## Texts")[2].splitlines()]
    found = [text for row in rows for text in re.findall(r"`([^`]+)`", row)]
    return [max(_PLACEHOLDERS.split(text), key=len).strip() for text in found]


@pytest.fixture(scope="module")
def written() -> str:
    """Return every text in the product's source, with a mark where something is filled in."""
    parts = []
    for path in (ROOT / "multus_py").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.JoinedStr):
                filled = [part.value if isinstance(part, ast.Constant) else "\0" for part in node.values]
                parts.append("".join(str(part) for part in filled))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                parts.append(node.value)
    return "\n".join(parts)


def test_there_are_texts() -> None:
    assert len(texts()) > 20


@pytest.mark.parametrize("text", texts())
def test_the_program_writes_what_is_explained(text: str, written: str) -> None:
    assert len(text) > 8, "too short to be found"
    assert text in written or text in OTHERS
