"""Directory trees: copied so that they survive a crash of the machine, compared, and removed."""

from __future__ import annotations

import filecmp
import os
import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_DIRECTORY_MODE = 0o755


def copy(source: Path, target: Path) -> None:
    """Copy a tree, with the permission bits of its files, whatever the umask. Raises OSError."""
    target.mkdir()
    for entry in sorted(source.iterdir()):
        if entry.is_dir():
            copy(entry, target / entry.name)
        else:
            _copy_file(entry, target / entry.name)
    target.chmod(_DIRECTORY_MODE)
    sync(target)


def _copy_file(source: Path, target: Path) -> None:
    with source.open("rb") as reader, target.open("xb") as writer:
        shutil.copyfileobj(reader, writer, 1 << 20)
        os.fchmod(writer.fileno(), source.stat().st_mode & 0o777)
        writer.flush()
        os.fsync(writer.fileno())


def sync(directory: Path) -> None:
    """Make the names in a directory survive a crash of the machine. Raises OSError."""
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def equal(one: Path, other: Path) -> bool:
    """Tell whether two trees have the same files with the same content and permissions. Raises OSError."""
    return _listing(one) == _listing(other) and all(
        filecmp.cmp(one / name, other / name, shallow=False) for name, mode in _listing(one).items() if mode
    )


def _listing(root: Path) -> dict[str, int]:
    """Return the permission bits of all files in a tree, by their names; 0 for directories."""
    return {
        str(path.relative_to(root)): path.lstat().st_mode & 0o777 if path.is_file() else 0 for path in root.rglob("*")
    }


def remove(root: Path) -> None:
    """Remove a tree. Raises OSError."""
    shutil.rmtree(root)
