"""Writes docs/findings.md: every finding of `multus validate`, from the table of its rules. `make docs` runs it."""

from __future__ import annotations

import sys
from pathlib import Path

from multus_py.findings.finding import Rule
from multus_py.validate import rules

PAGE = Path(__file__).parent.parent / "docs" / "findings.md"

_TOP = """\
# What `multus validate` finds

Each finding ends with an id, such as `[misspelt-key]`. Here is what the ids mean; [Checking manifests](validate.md)
says how to use the command. This page is made of the table in `multus_py/validate/rules.py` by `make docs`.
"""


def page() -> str:
    """Return the page."""
    return "\n".join([_TOP, *map(_section, rules.RULES)])


def main() -> int:
    """Write the page."""
    PAGE.write_text(page())
    return 0


def _section(rule: Rule) -> str:
    return f"## {rule.id}\n\n{rule.title}. {rule.meaning}\n\n*What to do:* {rule.remedy}\n"


if __name__ == "__main__":
    sys.exit(main())
