"""What a built file asks of the machine that it runs on: read with objdump, of binutils, out of its dynamic section."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_NEEDED = re.compile(r"^ +NEEDED +(\S+)$", re.MULTILINE)
_GLIBC = re.compile(r" GLIBC_([\d.]+)\b")


class ELFError(Exception):
    """The file cannot be read."""


def libraries(path: Path) -> list[str]:
    """Return the names of the shared libraries that a file is linked with. Raises ELFError."""
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
    """Return the oldest version of glibc that has all the symbols which some files ask for. Raises ELFError."""
    return newest(version for path in paths for version in _GLIBC.findall(_headers(path)))


def newest(versions: Iterable[str]) -> str:
    """Return the newest of some versions."""
    return max(versions, key=lambda text: [int(part) for part in text.split(".")])


def _headers(path: Path) -> str:
    done = subprocess.run(["objdump", "-p", str(path)], check=False, capture_output=True, text=True)
    if done.returncode:
        raise ELFError(f"{path}: {done.stderr.strip()}")
    return done.stdout
