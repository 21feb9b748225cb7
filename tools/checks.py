"""Writes docs/checks.md: every check of `multus doctor`, from their table. `make docs` runs it."""

from __future__ import annotations

import sys
from pathlib import Path

from multus_py.doctor import table
from multus_py.doctor.check import Check

PAGE = Path(__file__).parent.parent / "docs" / "checks.md"

_TOP = """\
# What `multus doctor` looks at

The checks in their order: from the file that the runtime loads to what pods have left behind. The id of a check never
changes; [What is wrong on a node](doctor.md) says how to use the command. This page is made of the tables in
`multus_py/doctor/checks/` by `make docs`.
"""


def page() -> str:
    """Return the page."""
    return "\n".join([_TOP, *map(_section, table.CHECKS)])


def main() -> int:
    """Write the page."""
    PAGE.write_text(page())
    return 0


def _section(check: Check) -> str:
    return (
        f"## {check.id}\n\n{check.title[0].upper()}{check.title[1:]}.\n\n*What is looked at:* {check.looks_at}\n\n"
        f"*If it fails:* {check.meaning}\n\n*What to do:* {check.remedy}\n"
    )


if __name__ == "__main__":
    sys.exit(main())
