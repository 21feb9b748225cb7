"""What a built file asks of the machine it runs on: read out of its dynamic section, with objdump from binutils."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_NEEDED = re.compile(r"^ +NEEDED +(\S+)$", re.MULTILINE)
_GLIBC = re.compile(r" GLIBC_(\d+)\.(\d+)\b")


def libraries(path: Path) -> list[str]:
    """Return the names of the shared libraries that a file is linked with."""
    return _NEEDED.findall(_headers(path))


def closure(path: Path, bundled: Mapping[str, Path]) -> list[str]:
    """Return the libraries that a file is linked with, directly or through others, as far as they are bundled."""
    found: list[str] = []
    waiting = libraries(path)
    while waiting:
        name = waiting.pop(0)
        if name in bundled and name not in found:
            found.append(name)
            waiting += libraries(bundled[name])
    return found


def glibc_floor(paths: Iterable[Path]) -> str:
    """Return the oldest version of glibc that has all the symbols which some files ask for."""
    asked = {(int(major), int(minor)) for path in paths for major, minor in _GLIBC.findall(_headers(path))}
    return "{}.{}".format(*max(asked))


def _headers(path: Path) -> str:
    return subprocess.run(["objdump", "-p", str(path)], check=True, capture_output=True, text=True).stdout
