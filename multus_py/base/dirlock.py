"""A lock on a directory itself, which keeps installers apart, and labs.

No file is made for it, and the kernel lets go of it when its holder ends, however it ends.
"""

from __future__ import annotations

import fcntl
import posix

from multus_py.base import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from multus_py.base.clock import Deadline

_POLL = 0.05


class DirectoryLock:
    """A context that holds the lock; others wait for it, or give up."""

    def __init__(self, path: str, deadline: Deadline) -> None:
        """Name the directory, and say until when to wait; nothing is done yet."""
        self._path = path
        self._deadline = deadline
        self._fd = -1

    def __enter__(self) -> None:
        """Wait until the lock is ours.

        Raises:
            LockedError: Another process still holds it at the deadline.
            OSError: There is no such directory.
        """
        self._fd = posix.open(self._path, posix.O_RDONLY | posix.O_DIRECTORY | posix.O_CLOEXEC)
        try:
            while not self._try():
                if self._deadline.expired():
                    raise files.LockedError(self._path)
                self._deadline.sleep(_POLL)
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_exception: object) -> None:
        """Let go."""
        posix.close(self._fd)

    def _try(self) -> bool:
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
