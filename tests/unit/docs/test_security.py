"""docs/security.md names a test for what it says; those tests are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
NAMED = sorted(set(re.findall(r"`(tests/[^`]+)`", (ROOT / "docs/security.md").read_text())))


@pytest.mark.parametrize("path", NAMED)
def test_every_test_that_is_named_is_there(path: str) -> None:
    assert (ROOT / path).exists()


def test_every_section_names_one() -> None:
    sections = re.split(r"^## ", (ROOT / "docs/security.md").read_text(), flags=re.MULTILINE)[1:]
    without = {section.partition("\n")[0] for section in sections if "`tests/" not in section}
    assert without == {"Reporting"}
