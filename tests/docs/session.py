"""Types the commands of a page into a shell and tells what each of them printed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from tests.docs import page
from tests.docs.page import ROOT, Block, Step

PATIENCE = 120
_ENVIRONMENT = {"NO_COLOR": "1", "COLUMNS": "120", "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def desk(folder: Path, blocks: Iterable[Block]) -> None:
    """Make a folder that looks like the repository, with `multus`, and with the files that a page shows."""
    for entry in ROOT.iterdir():
        if not entry.name.startswith("."):
            (folder / entry.name).symlink_to(entry)
    tools = folder / ".bin"
    tools.mkdir()
    (tools / "multus").write_text(f'#!/bin/sh\nexec {sys.executable} -m multus_py "$@"\n')
    (tools / "multus").chmod(0o755)
    for block in blocks:
        if block.file:
            (folder / block.file).write_text(block.text)


def run(
    steps: Sequence[Step], *, folder: Path, within: Sequence[str] = (), environment: Mapping[str, str] | None = None
) -> list[str]:
    """Run commands one after the other in one shell; return what each printed.

    Args:
        steps: The commands.
        folder: The desk; the shell begins there.
        within: What the shell's command line begins with, if it is to be somewhere else.
        environment: What the shell finds in its environment besides.
    """
    printed = [folder / f".printed.{number}" for number in range(len(steps))]
    typed = (f"{{ {step.command}\n}} >{out} 2>&1" for step, out in zip(steps, printed, strict=True))
    script = folder / ".script"
    script.write_text("\n".join([f"cd {folder}", f"PATH={folder}/.bin:$PATH", *typed]) + "\n")
    done = subprocess.run(
        [*within, "bash", "--norc", str(script)],
        check=False,
        env=os.environ | _ENVIRONMENT | dict(environment or {}),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    missing = [step.command for step, out in zip(steps, printed, strict=True) if not out.exists()]
    assert not missing, f"never came to {missing[0]!r}: {done.stdout}{done.stderr}"
    return [out.read_text() for out in printed]


def follow(
    path: Path, info: str, *, folder: Path, within: Sequence[str] = (), environment: Mapping[str, str] | None = None
) -> None:
    """Type the commands of a page's blocks of one kind, and assert that they print what the page shows."""
    blocks = page.blocks(path.read_text())
    steps = [step for block in blocks if block.info == info for step in block.steps]
    if not steps:
        return
    desk(folder, blocks)
    for step, text in zip(steps, run(steps, folder=folder, within=within, environment=environment), strict=True):
        shown = "\n".join(step.expected)
        assert step.accepts(text), f"$ {step.command}\n--- the page shows\n{shown}\n--- it printed\n{text}"
