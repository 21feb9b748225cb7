"""The daemon's directory and its socket in it: made, taken over from a daemon that has died, found again, removed.

Who gets in is decided by the kernel: only root can reach into the directory. A new daemon puts its socket in the place
of the old one's by one rename, so that there is always one to connect to.
"""

from __future__ import annotations

import contextlib
import os
import socket
import stat
from typing import TYPE_CHECKING

from multus_py.cluster import port

if TYPE_CHECKING:
    from pathlib import Path

BACKLOG = 4096
"""How many may wait to be let in, if the kernel allows so many (net.core.somaxconn)."""
_DIRECTORY, _FILE = 0o700, 0o600


class DoorwayError(Exception):
    """The socket cannot be made; the message says why, and what to do."""


class Doorway:
    """The socket's place on the node."""

    def __init__(self, directory: Path) -> None:
        """Name the directory; nothing is done yet."""
        self._directory = directory
        self._path = directory / port.SOCKET
        self._fallbacks = directory / port.FALLBACKS
        self._own: tuple[int, int] | None = None

    def open(self) -> socket.socket:
        """Make the directory if need be, and return a socket in it that listens. Raises DoorwayError."""
        try:
            self._directory.mkdir(mode=_DIRECTORY, parents=True, exist_ok=True)
            self._check_directory()
            os.close(os.open(self._fallbacks, os.O_CREAT | os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC, _FILE))
            return self._listen()
        except OSError as error:
            raise DoorwayError(f"no socket in {self._directory}: {error.strerror or error}") from error

    def is_ours(self) -> bool:
        """Tell whether who connects now comes to our socket. The Go daemon empties the directory when it starts."""
        try:
            found = self._path.lstat()
        except OSError:
            return False
        return (found.st_dev, found.st_ino) == self._own

    def close(self) -> None:
        """Remove our socket's name, unless another daemon's stands there by now."""
        if self.is_ours():
            with contextlib.suppress(OSError):
                self._path.unlink()

    def fallbacks(self) -> int:
        """Return how many calls did without us: each one has left a byte."""
        try:
            return self._fallbacks.stat().st_size
        except OSError:
            return 0

    def _check_directory(self) -> None:
        found = self._directory.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {0, os.geteuid()}:
            raise DoorwayError(f"no socket in {self._directory}: it is no directory of root's; choose another")
        if stat.S_IMODE(found.st_mode) != _DIRECTORY:
            self._directory.chmod(_DIRECTORY)

    def _listen(self) -> socket.socket:
        temporary = self._path.with_name(f".{port.SOCKET}.{os.getpid()}")
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            with contextlib.suppress(FileNotFoundError):
                temporary.unlink()
            listener.bind(str(temporary))
            temporary.chmod(_FILE)
            listener.listen(BACKLOG)
            found = temporary.lstat()
            temporary.rename(self._path)
        except BaseException:
            listener.close()
            raise
        self._own = found.st_dev, found.st_ino
        return listener
