"""What a program does to files, in order: for tests of what would survive a crash of the machine.

A rename is only as good as the fsync before it (of the file) and after it (of the directory); no test can pull the
plug, but the order can be looked at.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from multus_py.lab.executable import ROOT
from tests.chaos import stepping

_PROGRAM = """
import os, sys
from tests.chaos import stepping
steps = stepping.Steps("kill", 0, -1, sys.argv[1])
stepping.watch_all(steps)
steps.watch(os, "fsync", lambda *call: ("sync", os.readlink(f"/proc/self/fd/{call[0]}")))
steps.watch(os, "rename", lambda *call: ("rename", str(call[1])))
"""


def steps_of(script: str, report: Path, *arguments: Path) -> list[tuple[str, Path]]:
    """Run a script with arguments (sys.argv[2:]) in a process of its own; return what it changed, step by step."""
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM + script, str(report), *map(str, arguments)],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    lines = [line.partition(" ") for line in stepping.met(report.read_text().splitlines(), "kill")]
    return [(kind, Path(what)) for kind, _, what in lines]
