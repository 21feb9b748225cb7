"""Files of ours in a node's directories: compared, replaced at once and for good, and told from what others left."""

from __future__ import annotations

import contextlib
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from multus_py.base import files
from multus_py.base.clock import Deadline
from multus_py.base.dirlock import DirectoryLock
from multus_py.hostconfig.errors import HostConfigError

if TYPE_CHECKING:
    from multus_py.base.clock import Clock

State: TypeAlias = Literal["", "missing", "outdated", "mode"]

MODE = 0o600
_DIRECTORY_MODE = 0o755
_TEMPORARY = re.compile(r"\.(?P<name>.+)\.[0-9]+\.tmp")
_PATIENCE = 10.0


def bring(path: Path, data: bytes) -> State:
    """See to it that a file has this content and can be read by its owner only; return what was wrong with it.

    Raises:
        OSError: The file is as it was before.
    """
    wrong = state(path, data)
    if wrong:
        files.make_directories(str(path.parent), _DIRECTORY_MODE)
        files.write_atomic(str(path), data, mode=MODE, durable=True)
    return wrong


def state(path: Path, data: bytes) -> State:
    """Compare a file with what it has to be. Raises OSError."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return "missing"
    if not stat.S_ISREG(found.st_mode) or path.read_bytes() != data:
        return "outdated"
    return "" if stat.S_IMODE(found.st_mode) == MODE else "mode"


def unfinished(directory: Path, names: frozenset[str]) -> tuple[Path, ...]:
    """Return the temporary files with which these names are written. Raises OSError."""
    found = ((path, _TEMPORARY.fullmatch(path.name)) for path in sorted(directory.glob(".*.tmp")))
    return tuple(path for path, match in found if match and match["name"] in names)


@contextlib.contextmanager
def locked(directory: Path, clock: Clock) -> Iterator[None]:
    """Keep other installers out of a directory, as long as that takes.

    Raises:
        HostConfigError: Another one has not come to an end.
        OSError: There is no such directory.
    """
    try:
        with DirectoryLock(str(directory), Deadline(clock, _PATIENCE)):
            yield
    except files.LockedError as error:
        raise HostConfigError(f"{directory}: another process has had a lock on it for {_PATIENCE:g} seconds") from error
