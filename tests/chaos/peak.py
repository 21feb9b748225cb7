"""Runs a program and notes how much memory it took: `python -IS peak.py REPORT program [argument ...]`.

It is the largest resident size (wait4) of the program and of all that it has started and waited for. This one is small,
as a new process begins with the figure of the one that started it.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path  # it would make this process larger

MOST = 96
"""What a call may take, in MiB, whatever it meets. One that meets nothing takes 18 of them, built or not.

Answers of the API server (cluster/http.py), what a plugin prints (base/process.py) and files (base/files.py) end at 16
each; one of them may be there as it came, in one piece, as text and as values at a time, which is 64.
"""
VALUES = 192
"""The same with a million of small values, as many as base/jsontext.py allows, where each is an object."""
WIDE = 192
"""The same where text and values take four bytes a character, as Python has it as soon as one character needs them."""


def taken(report: Path) -> list[int]:
    """Return what the calls took that were noted, in MiB."""
    return [int(line) >> 10 for line in report.read_text(encoding="utf-8").split()]


def main(report: str, *argv: str) -> int:
    """Run a program; return its exit status."""
    pid = os.posix_spawnp(argv[0], argv, os.environ)
    _, status, usage = os.wait4(pid, 0)
    with open(report, "a", encoding="utf-8") as file:  # noqa: PTH123 - see above
        file.write(f"{usage.ru_maxrss}\n")
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
