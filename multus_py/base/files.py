"""Files read whole and written atomically, and the lock that keeps two calls for one container apart.

Paths are text. `pathlib`, `tempfile` and `shutil` cost 11 ms and more of a CNI call, so this is plain posix. Nothing
here knows what is in the files.
"""

from __future__ import annotations

import errno
import fcntl
import posix

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Self

    from multus_py.base.clock import Deadline

_CHUNK = 1 << 16
_TYPE_MASK, _DIRECTORY, _REGULAR = 0o170000, 0o040000, 0o100000
_LOCK_POLL = 0.01


class LockedError(Exception):
    """Somebody else holds the lock and did not let go in time."""


def read(path: str) -> bytes:
    """Return a file's content. Raises OSError."""
    fd = posix.open(path, posix.O_RDONLY | posix.O_CLOEXEC)
    try:
        return read_fd(fd)
    except OSError as error:  # reading a directory, for one, fails only here, without the name
        raise OSError(error.errno, error.strerror, path) from None
    finally:
        posix.close(fd)


def read_plain(path: str, *, limit: int) -> bytes:
    """Return the content of a regular file that somebody less trusted than us may have put there.

    A link is not followed, nothing is waited for (a pipe), and no more than `limit` bytes are believed.

    Raises:
        FileNotFoundError: There is none.
        OSError: It is no regular file, too large, or cannot be read.
    """
    fd = posix.open(path, posix.O_RDONLY | posix.O_NOFOLLOW | posix.O_NONBLOCK | posix.O_CLOEXEC)
    try:
        found = posix.fstat(fd)
        if found.st_mode & _TYPE_MASK != _REGULAR:
            raise OSError(errno.EINVAL, "not a regular file", path)
        if found.st_size > limit:
            raise OSError(errno.EFBIG, f"larger than {limit} bytes", path)
        return posix.read(fd, limit)
    finally:
        posix.close(fd)


def read_fd(fd: int) -> bytes:
    """Return what can be read from a descriptor, up to its end. Raises OSError."""
    parts = []
    while part := posix.read(fd, _CHUNK):
        parts.append(part)
    return b"".join(parts)


def write_fd(fd: int, data: bytes) -> None:
    """Write all of it. Raises OSError."""
    view = memoryview(data)
    while view:
        view = view[posix.write(fd, view) :]


def write_atomic(path: str, data: bytes, *, mode: int = 0o600, durable: bool = False) -> None:
    """Write a file so that others see the old content or the new one, never a part, never nothing.

    Args:
        path: The file. Its directory must exist.
        data: The whole content.
        mode: Its permission bits.
        durable: Whether it must survive a crash of the machine (an fsync, one millisecond or many).

    Raises:
        OSError: Nothing has changed then, and no temporary file is left.
    """
    temporary = f"{directory_of(path)}/.{name_of(path)}.{posix.getpid()}.tmp"
    try:
        flags = posix.O_WRONLY | posix.O_CREAT | posix.O_TRUNC | posix.O_NOFOLLOW | posix.O_CLOEXEC
        fd = posix.open(temporary, flags, mode)
        try:
            posix.fchmod(fd, mode)  # the umask must not decide
            write_fd(fd, data)
            if durable:
                posix.fsync(fd)
        finally:
            posix.close(fd)
        posix.rename(temporary, path)
    except BaseException:
        remove(temporary)
        raise
    if durable:
        sync_directory(directory_of(path))


def sync_directory(path: str) -> None:
    """Make the names in a directory survive a crash of the machine. Raises OSError."""
    fd = posix.open(path, posix.O_RDONLY | posix.O_DIRECTORY | posix.O_CLOEXEC)
    try:
        posix.fsync(fd)
    finally:
        posix.close(fd)


def remove(path: str) -> bool:
    """Remove a file. Returns whether it was there. Raises OSError for other reasons than that it was not."""
    try:
        posix.unlink(path)
    except FileNotFoundError:
        return False
    return True


def make_directories(path: str, mode: int = 0o700) -> None:
    """Make a directory and those above it that are missing, with this mode whatever the umask. Raises OSError."""
    try:
        posix.mkdir(path, mode)
        posix.chmod(path, mode)
    except FileExistsError:
        if not is_directory(path):
            raise
    except FileNotFoundError:
        parent = directory_of(path)
        if parent == path or is_directory(parent):  # /proc says so of what it will never have
            raise
        make_directories(parent, mode)
        make_directories(path, mode)


def list_directory(path: str, *extensions: str) -> list[str]:
    """Return the sorted names in a directory, or those with one of the extensions (".conf"). Raises OSError."""
    return sorted(name for name in posix.listdir(path) if not extensions or name.endswith(extensions))


def exists(path: str) -> bool:
    """Tell whether something is there. Raises OSError when that cannot be told."""
    return _type(path) != 0


def is_regular(path: str) -> bool:
    """Tell whether a regular file is there, links followed; False when that cannot be told."""
    return _is(path, _REGULAR)


def is_directory(path: str) -> bool:
    """Tell whether a directory is there, links followed; False when that cannot be told."""
    return _is(path, _DIRECTORY)


def name_of(path: str) -> str:
    """Return the part after the last slash."""
    return path.rpartition("/")[2]


def directory_of(path: str) -> str:
    """Return the part before the last slash: "." when there is none, "/" for what lies in the root."""
    head, slash, _ = path.rpartition("/")
    return head.rstrip("/") or slash or "."


def _type(path: str) -> int:
    try:
        return posix.stat(path).st_mode & _TYPE_MASK
    except (FileNotFoundError, NotADirectoryError, ValueError):  # ValueError: no file's name can be this text
        return 0


def _is(path: str, kind: int) -> bool:
    try:
        return _type(path) == kind
    except OSError:
        return False


class Lock:
    """An exclusive lock on a path, held by this process until released.

    The kernel lets go of it when the process ends, however it ends, so a lock of a dead process is no obstacle.
    Children do not inherit it. The file is removed with the lock; whoever was waiting for the removed file starts over.
    Its holder can write notes into it; those of a holder that died are there for the next one.
    """

    def __init__(self, path: str) -> None:
        """Name the lock; nothing is done yet. The directory must exist when it is taken."""
        self.path = path
        self.left = b""
        """What a holder had noted that died without releasing the lock; known once the lock is ours."""
        self._fd = -1

    def acquire(self, deadline: Deadline) -> None:
        """Wait until the lock is ours.

        Raises:
            LockedError: Another process still holds it at the deadline.
            OSError: The file cannot be made.
        """
        while not self.try_acquire():
            if deadline.expired():
                raise LockedError(self.path)
            deadline.sleep(_LOCK_POLL)

    def try_acquire(self) -> bool:
        """Take the lock if it is free; tell whether it is ours now. Raises OSError."""
        fd = posix.open(self.path, posix.O_RDWR | posix.O_CREAT | posix.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if self._is_current(fd):
                self.left = read_fd(fd)
                self._fd = fd
                return True
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.EACCES):
                posix.close(fd)
                raise
        posix.close(fd)
        return False

    def note(self, data: bytes) -> None:
        """Add a note, for whoever comes after us should we die. The lock must be held. Raises OSError."""
        write_fd(self._fd, data)

    def release(self) -> None:
        """Let go. Does nothing when the lock is not held."""
        if self._fd >= 0:
            remove(self.path)
            posix.close(self._fd)
            self._fd = -1

    def _is_current(self, fd: int) -> bool:
        """Tell whether the file that was locked is still the one that the path names."""
        try:
            named = posix.stat(self.path)
        except FileNotFoundError:
            return False
        locked = posix.fstat(fd)
        return (named.st_dev, named.st_ino) == (locked.st_dev, locked.st_ino)

    def __enter__(self) -> Self:
        """Do nothing: the lock was acquired before."""
        return self

    def __exit__(self, *_exception: object) -> None:
        """Let go."""
        self.release()
