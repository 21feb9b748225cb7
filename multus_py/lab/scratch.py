"""A directory for as long as a lab lasts. What a lab has left that was killed goes when the next one begins.

A lab holds a lock on its directory, and the kernel lets go of it when the lab ends, however it ends. The names of its
namespaces begin with the directory's, so that one can be found by the other.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from multus_py.base.clock import Deadline, SystemClock
from multus_py.base.dirlock import DirectoryLock
from multus_py.lab.netns import NETNS_DIR, Namespace

_PREFIX = "multus-py-"


@contextmanager
def directory(kind: str) -> Iterator[Path]:
    """Give an empty directory; it goes in the end, with all namespaces that have its prefix.

    Args:
        kind: What sort of lab it is for; only those of the same sort are cleaned up after.
    """
    base = Path(tempfile.gettempdir())
    with ExitStack() as stack:
        with _locked(base):  # so that nobody takes one for abandoned before its lock is taken
            for left in base.glob(f"{_PREFIX}{kind}-*"):
                _sweep(left)
            made = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{kind}-"))
            stack.enter_context(_locked(made))
        stack.callback(_remove, made)
        yield made


def prefix(made: Path) -> str:
    """Return what the names of a lab's namespaces begin with."""
    return f"{made.name.removeprefix(_PREFIX)}-"


def _locked(path: Path) -> DirectoryLock:
    """Return a lock on a directory, for which to wait as long as that takes."""
    return DirectoryLock(str(path), Deadline(SystemClock(), None))


def _sweep(left: Path) -> None:
    """Remove a directory, unless it is somebody's."""
    try:
        fd = os.open(left, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:  # gone, or no directory: a link that somebody has put there
        return
    try:
        if os.fstat(fd).st_uid == os.geteuid():
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _remove(left)
    except BlockingIOError:
        pass
    finally:
        os.close(fd)


def _remove(made: Path) -> None:
    for path in NETNS_DIR.glob(f"{prefix(made)}*"):
        Namespace(path.name).remove()
    shutil.rmtree(made)
