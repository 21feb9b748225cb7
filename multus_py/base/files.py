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
    from collections.abc import Iterable, Iterator
    from typing import Self

    from multus_py.base.clock import Deadline

MAX_SIZE = 16 << 20
"""Bytes. A larger file is not read, so it is not written: ours have some kilobytes, and a call has to stay small."""

_CHUNK = 1 << 16
_MAX_NOTES = 1 << 16
_TYPE_MASK, _DIRECTORY, _REGULAR = 0o170000, 0o040000, 0o100000
_LOCK_POLL = 0.01
_SPOILT = frozenset({errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.EFBIG})


class LockedError(Exception):
    """Somebody else holds the lock and did not let go in time."""


def read(path: str) -> bytes:
    """Return a file's content. Raises OSError, for one that is larger than MAX_SIZE, too."""
    fd = posix.open(path, posix.O_RDONLY | posix.O_CLOEXEC)
    try:
        return read_fd(fd, limit=MAX_SIZE)
    except OSError as error:  # reading a directory, for one, fails only here, without the name
        raise OSError(error.errno, error.strerror, path) from None
    finally:
        posix.close(fd)


def is_spoilt(error: OSError) -> bool:
    """Tell whether a failure to read is the fault of what stands there, or of nothing standing there.

    Otherwise the system refuses, out of descriptors or with a broken disk: what is there is not known.
    """
    return error.errno in _SPOILT


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


def read_fd(fd: int, *, limit: int | None = None) -> bytes:
    """Return what can be read from a descriptor, up to its end. Raises OSError, for more bytes than the limit, too."""
    return b"".join(read_parts(fd, limit=limit))


def read_parts(fd: int, *, limit: int | None = None) -> Iterator[bytes]:
    """Return the same part by part."""
    size = 0
    while part := posix.read(fd, _CHUNK):
        size += len(part)
        if limit is not None and size > limit:
            raise _too_large(limit)
        yield part


def write_fd(fd: int, data: bytes) -> None:
    """Write all of it. Raises OSError."""
    view = memoryview(data)
    while view:
        view = view[posix.write(fd, view) :]


def write_atomic(
    path: str, data: bytes, *, mode: int = 0o600, durable: bool = False, only_writer: bool = False
) -> None:
    """Write a file so that others see the old content or the new one, never a part, never nothing.

    Args:
        path: The file. Its directory must exist.
        data: The whole content.
        mode: Its permission bits.
        durable: Whether it must survive a crash of the machine (an fsync, one millisecond or many).
        only_writer: Whether a lock keeps all other writers away. Then `discard` finds the temporary file that stays
            when this process is killed in between.

    Raises:
        OSError: Nothing has changed then, and no temporary file is left.
    """
    if len(data) > MAX_SIZE:
        raise _too_large(MAX_SIZE)
    write_parts_atomic(path, (data,), mode=mode, durable=durable, only_writer=only_writer)


def write_parts_atomic(
    path: str, parts: Iterable[bytes], *, mode: int = 0o600, durable: bool = False, only_writer: bool = False
) -> None:
    """Do the same with content that comes part by part, of any size."""
    temporary = unfinished(path, "" if only_writer else f".{posix.getpid()}")
    try:
        fd = _create(temporary, mode)
        try:
            posix.fchmod(fd, mode)  # the umask must not decide
            for part in parts:
                write_fd(fd, part)
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


def unfinished(path: str, writer: str = "") -> str:
    """Return where a file is written before it gets its name, by its only writer or by one of several."""
    return f"{directory_of(path)}/.{name_of(path)}{writer}.tmp"


def discard(path: str) -> bool:
    """Remove a file of which this process is the only writer, and what an earlier one has left when it was killed.

    Returns:
        Whether the file was there.

    Raises:
        OSError: One of them cannot be removed.
    """
    remove(unfinished(path))
    return remove(path)


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


def _create(path: str, mode: int) -> int:
    """Make a file and open it. Whatever has its name, left by a crash or a link to elsewhere, goes first."""
    flags = posix.O_WRONLY | posix.O_CREAT | posix.O_EXCL | posix.O_CLOEXEC
    try:
        return posix.open(path, flags, mode)
    except FileExistsError:
        posix.unlink(path)
        return posix.open(path, flags, mode)


def _too_large(limit: int) -> OSError:
    return OSError(errno.EFBIG, f"larger than {limit >> 20} MiB")


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
        # No links: what a holder notes must not end up in a file elsewhere.
        fd = posix.open(self.path, posix.O_RDWR | posix.O_CREAT | posix.O_NOFOLLOW | posix.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if self._is_current(fd):
                self.left = posix.read(fd, _MAX_NOTES)  # nobody has started so many programs that there are more
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
        """Let go. Does nothing when the lock is not held. Raises OSError when the file cannot be removed."""
        if self._fd >= 0:
            fd, self._fd = self._fd, -1
            try:
                remove(self.path)
            finally:
                posix.close(fd)

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
