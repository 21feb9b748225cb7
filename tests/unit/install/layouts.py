"""Installed layouts small enough to make hundreds of: a program that sleeps when it is told to, and a record."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

from multus_py.install import program
from multus_py.install.program import Program

_SLEEP = Path(shutil.which("sleep") or "/bin/sleep")


def make_layout(directory: Path, *, version: str = "1.0.0", id: str = "0123456789ab", content: str = "") -> Program:
    """Make a layout like the one that a build makes; its `multus` is the system's `sleep`."""
    (directory / "lib/deep/er").mkdir(parents=True)
    shutil.copy(_SLEEP, directory / "multus")
    (directory / "multus").chmod(0o755)
    (directory / "lib/multus.bundle").write_text(content or f"{version} {id}")
    (directory / "lib/deep/er/module.so").write_text(id)
    (directory / "lib/deep/er/module.so").chmod(0o755)
    record = {"version": version, "id": id, "python": "3.11.2", "machine": "x86_64", "glibc": "2.36"}
    (directory / "lib/build.json").write_text(json.dumps(record))
    return program.running({}, executable=str(directory / "multus"), built=True)


def start(executable: Path) -> subprocess.Popen[bytes]:
    """Start a layout's program; it runs until it is killed."""
    return subprocess.Popen([executable, "600"], stdin=subprocess.DEVNULL)


def names(directory: Path) -> list[str]:
    """Return what is in a directory, sorted."""
    return sorted(path.name for path in directory.iterdir())
