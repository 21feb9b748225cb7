"""The log: the original's levels and line format, to a file that is rotated, and to stderr.

`logging` costs 16 ms of a CNI call. A line is `<RFC3339 local time> [<level>] <message>`. The file is opened,
appended to and closed for each line: many short processes share it, and any of them may rotate it.
"""

from __future__ import annotations

import posix
import time

from multus_py.base import clock, files, value, wording

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from multus_py.base.clock import Clock

PANIC, ERROR, VERBOSE, DEBUG = range(4)
LEVELS = {"panic": PANIC, "error": ERROR, "verbose": VERBOSE, "debug": DEBUG}
_NAMES = {number: name for name, number in LEVELS.items()}
_STDERR = 2
_MEGABYTE = 1 << 20
_DAY = 86400.0


class Options(value.Value):
    """Where the log goes, how much of it there is, and when its file is rotated (multus-behaviour 1.1)."""

    level: int = PANIC
    """The least urgent level that is written; the default keeps nearly everything quiet, as the original does."""
    path: str = ""
    """The file; empty for none."""
    stderr: bool = True
    max_size: int = 100
    """Megabytes after which the file is rotated; 0 means never."""
    max_age: int = 5
    """Days after which a rotated file is removed; 0 means never."""
    max_backups: int = 5
    """How many rotated files stay; 0 means all."""
    compress: bool = True
    """Whether rotated files are compressed with gzip."""


class Log:
    """Writes lines. A log that cannot be written is never a reason for a call to fail."""

    def __init__(self, options: Options, system: Clock | None = None) -> None:
        """Write as the options say; `system` is the clock for the time stamps and ages."""
        self._options = options
        self._clock = system or clock.SystemClock()

    def debug(self, message: str) -> None:
        """Note a detail for somebody who looks for a fault. Secrets must be left out all the same."""
        self._write(DEBUG, message)

    def verbose(self, message: str) -> None:
        """Note what was done."""
        self._write(VERBOSE, message)

    def error(self, message: str) -> None:
        """Note what went wrong and is not reported in another way."""
        self._write(ERROR, message)

    def warning(self, message: str) -> None:
        """Note what may be wrong."""
        self._write(ERROR, f"warning: {message}")

    def _write(self, level: int, message: str) -> None:
        if level > self._options.level:
            return
        text = wording.visible(" ".join(message.splitlines()))
        line = f"{local_time(self._clock.now())} [{_NAMES[level]}] {text}\n".encode()
        try:
            if self._options.stderr:
                files.write_fd(_STDERR, line)
            if self._options.path:
                self._append(line)
        except OSError:
            pass  # see the class: there is nobody left to tell

    def _append(self, line: bytes) -> None:
        path = self._options.path
        try:
            fd = posix.open(path, posix.O_WRONLY | posix.O_CREAT | posix.O_APPEND | posix.O_CLOEXEC, 0o600)
        except FileNotFoundError:
            files.make_directories(files.directory_of(path), 0o755)
            fd = posix.open(path, posix.O_WRONLY | posix.O_CREAT | posix.O_APPEND | posix.O_CLOEXEC, 0o600)
        try:
            size = posix.fstat(fd).st_size
            files.write_fd(fd, line)
        finally:
            posix.close(fd)
        if self._options.max_size and size + len(line) > self._options.max_size * _MEGABYTE:
            rotate(self._options, self._clock.now())


def local_time(seconds: float) -> str:
    """Write a time as RFC3339 in the machine's zone: 2026-11-21T03:15:34+01:00."""
    local = time.localtime(seconds)
    offset = local.tm_gmtoff // 60
    zone = f"{'-' if offset < 0 else '+'}{abs(offset) // 60:02d}:{abs(offset) % 60:02d}" if offset else "Z"
    return time.strftime("%Y-%m-%dT%H:%M:%S", local) + zone


def rotate(options: Options, now: float) -> None:
    """Move the log file aside, compress it, and remove the backups that are too many or too old. Raises OSError.

    Backups stand beside the file, named like the original's: `multus-2026-11-21T02-15-34.000.log.gz`. Of two processes
    that come here at the same time one does the work; the other finds the lock taken, or the file small again.
    """
    lock = files.Lock(options.path + ".lock")
    if not lock.try_acquire():
        return
    with lock:
        if posix.stat(options.path).st_size <= options.max_size * _MEGABYTE:
            return
        stem, dot, extension = files.name_of(options.path).rpartition(".")
        stem, extension = (stem, dot + extension) if dot else (extension, "")
        stamp = time.strftime("%Y-%m-%dT%H-%M-%S", time.gmtime(now)) + f".{int(now % 1 * 1000):03d}"
        backup = f"{files.directory_of(options.path)}/{stem}-{stamp}{extension}"
        posix.rename(options.path, backup)
        if options.compress:
            _compress(backup)
        _prune(options, f"{stem}-", extension, now)


def _compress(path: str) -> None:
    fd = posix.open(path, posix.O_RDONLY | posix.O_CLOEXEC)
    try:
        files.write_parts_atomic(f"{path}.gz", _packed(files.read_parts(fd)))
    finally:
        posix.close(fd)
    files.remove(path)


def _packed(parts: Iterable[bytes]) -> Iterator[bytes]:
    """Compress, part by part: a file of this size has no room in a call."""
    import zlib  # only when a file is rotated: 0.3 ms

    packer = zlib.compressobj(6, zlib.DEFLATED, 31)  # 31: a gzip header around the data
    for part in parts:
        yield packer.compress(part)
    yield packer.flush()


def _prune(options: Options, prefix: str, extension: str, now: float) -> None:
    directory = files.directory_of(options.path)
    found = files.list_directory(directory, extension, f"{extension}.gz")
    backups = [name for name in reversed(found) if name.startswith(prefix)]  # newest first: their names hold the time
    for index, name in enumerate(backups):
        too_many = options.max_backups and index >= options.max_backups
        too_old = options.max_age and now - posix.stat(f"{directory}/{name}").st_mtime > options.max_age * _DAY
        if too_many or too_old:
            files.remove(f"{directory}/{name}")
