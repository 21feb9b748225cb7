"""Whether a program is running: asked before its files are removed, at no cost for those who run it."""

from __future__ import annotations

import fcntl
import os
import signal
from pathlib import Path

_PROC = Path("/proc")


def in_use(directory: Path, executable: str = "multus") -> bool:
    """Tell whether some process other than this one runs the executable of a directory.

    Raises:
        OSError: The executable cannot be looked at.
    """
    path = directory.resolve() / executable
    if any(_runs(process, path) for process in _PROC.iterdir() if process.name.isdigit()):
        return True
    return not _runs(_PROC / "self", path) and _busy(path)


def _runs(process: Path, path: Path) -> bool:
    if process.name == str(os.getpid()):
        return False
    try:
        return (process / "exe").readlink() == path
    except OSError:  # it has ended, or it is a thread of the kernel
        return False


def _busy(path: Path) -> bool:
    """Ask the kernel whether somebody has a file open, as those have who run it: also in another pid namespace.

    It gives a lease for writing on a file that nobody else has open. That is never in anybody's way: who opens the file
    meanwhile waits until we are done with this function.
    """
    before = signal.signal(signal.SIGIO, signal.SIG_IGN)  # what the kernel sends when somebody does
    fd = os.open(path, os.O_RDONLY)
    try:
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_WRLCK)
    except BlockingIOError:
        return True
    except OSError:  # this filesystem has no leases: /proc has to do
        return False
    finally:
        os.close(fd)  # and with it the lease goes
        signal.signal(signal.SIGIO, before)
    return False
