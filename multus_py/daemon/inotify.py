"""The kernel's inotify: a descriptor that becomes readable when something changes in a directory.

The library `watchdog` is the same system call, called in the same way, behind three threads and an event for each kind
of change. It is not used here. Measured with watchdog 7.1: 6.1 MB of memory (1.2 where prometheus_client is loaded
anyway, against 0.3 for this module); half a second before a file that was moved out of the directory is told of; and
silence for ever after the directory was replaced by another one. Systems other than Linux are of no use here.

What the changes mean is nothing that this module knows.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_ATTRIB, _CLOSE_WRITE, _MOVED_FROM, _MOVED_TO = 0x4, 0x8, 0x40, 0x80
_CREATE, _DELETE, _DELETE_SELF, _MOVE_SELF = 0x100, 0x200, 0x400, 0x800
_ONLY_DIRECTORY = 0x01000000
_CHANGES = _ATTRIB | _CLOSE_WRITE | _MOVED_FROM | _MOVED_TO | _CREATE | _DELETE | _DELETE_SELF | _MOVE_SELF
"""Everything but IN_MODIFY: what somebody is still writing is of no interest before it is closed."""
_BUFFER = 1 << 16


class Inotify:
    """An inotify instance. Raises OSError when the user has too many (fs.inotify.max_user_instances)."""

    def __init__(self) -> None:
        """Make it; it watches nothing yet."""
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._fd = self._checked(self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))

    def close(self) -> None:
        """Give it back."""
        os.close(self._fd)

    def fileno(self) -> int:
        """Return the descriptor that becomes readable with a change."""
        return self._fd

    def add(self, directory: Path) -> int:
        """Watch a directory; return the watch's number, the same for each path of one directory.

        Raises:
            OSError: There is no such directory, it may not be read, or the user has too many watches.
        """
        return self._checked(self._libc.inotify_add_watch(self._fd, os.fsencode(directory), _CHANGES | _ONLY_DIRECTORY))

    def remove(self, number: int) -> None:
        """Watch a directory no more. That the kernel has given it up already is no error."""
        self._libc.inotify_rm_watch(self._fd, number)

    def read(self) -> None:
        """Take all events that there are, unread: that there were some is all that anybody here wants to know."""
        with contextlib.suppress(BlockingIOError):
            while os.read(self._fd, _BUFFER):
                pass

    @staticmethod
    def _checked(result: int) -> int:
        if result < 0:
            number = ctypes.get_errno() or errno.EIO
            raise OSError(number, os.strerror(number))
        return result
