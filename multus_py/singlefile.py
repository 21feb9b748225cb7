"""What only the single file needs when it is run as it is: its files, unpacked when they are wanted, and cleaned up.

The bootloader unpacks what the interpreter needs into a directory of its own, `_MEI<its pid><random>`, and removes
that when the program has ended; unless it was killed. What else there is stays in the file, since unpacking is most of
the time that the single file costs: 1.5 ms a megabyte. `frozen` loads this in stage 0: it is in the cold-start dialect.
"""

from __future__ import annotations

import fcntl
import posix
import time

from multus_py.base import files, process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import NoReturn, TypeAlias

    Archive: TypeAlias = Mapping[str, tuple[int, int]]
    """Where things are in the single file: the offset and the size of each entry of its archive."""

PAYLOAD = "payload/"
"""What the names of the installed layout's files begin with in the archive."""
MARKER = ".multus-py"
"""A file that the bootloader unpacks first. It tells our directories from those of other programs."""
ORIGIN = b"MULTUS_SINGLE_FILE"
"""The environment variable that tells the unpacked program which file it came out of."""

_PREFIX, _PID_END = "_MEI", len("_MEI") + 8
_MIN_AGE = 5.0
"""Seconds that a directory is left alone in any case: its owner may just be starting, in another pid namespace."""
_MAX_SEEN, _MAX_REMOVED = 2000, 4
_CHUNK = 1 << 20
_EXECUTABLE, _PLAIN = 0o755, 0o644


def start(argv: Sequence[str], *, home: str, executable: str, archive: Archive) -> Callable[[str], None]:
    """Clean up after others; then become the installed program when there are arguments.

    Args:
        argv: The program's name and arguments.
        home: The directory that the bootloader unpacked to.
        executable: The single file.
        archive: Its index.

    Returns:
        What unpacks a file of the layout's `lib/` into the home, unless it is there; it raises OSError.
    """
    lock = hold(home)
    clean_up(files.directory_of(home), now=time.time())
    if len(argv) > 1:
        posix.set_inheritable(lock, True)  # noqa: FBT003 - the function takes it by position only
        run_installed(argv, posix.environ, executable=executable, archive=archive, home=home)
    return provider(executable, archive, home)


def provider(executable: str, archive: Archive, home: str) -> Callable[[str], None]:
    """Return the function that unpacks files of the layout's `lib/`."""

    def provide(name: str) -> None:
        target = f"{home}/{name}"
        if not files.exists(target):
            _unpack(executable, archive[f"{PAYLOAD}lib/{name}"], target, mode=_EXECUTABLE)

    return provide


def run_installed(
    argv: Sequence[str], environ: Mapping[bytes, bytes], *, executable: str, archive: Archive, home: str
) -> NoReturn:
    """Unpack the installed layout into the home, and become the program in it. Raises OSError.

    The bootloader waits for our pid, so it removes the home when that program has ended.
    """
    directory = f"{home}/multus"
    for name, place in archive.items():
        if name.startswith(PAYLOAD):
            runs = name == f"{PAYLOAD}multus" or ".so" in files.name_of(name)
            target = f"{directory}/{name.removeprefix(PAYLOAD)}"
            _unpack(executable, place, target, mode=_EXECUTABLE if runs else _PLAIN)
    variables = {**process.clean_environment(environ), ORIGIN: executable.encode(errors="surrogateescape")}
    posix.execve(f"{directory}/multus", list(argv), variables)


def _unpack(executable: str, place: tuple[int, int], target: str, *, mode: int) -> None:
    """Copy a part of the single file into a file of its own, which appears when it is complete."""
    offset, size = place
    files.make_directories(files.directory_of(target))
    temporary = f"{target}.tmp"
    source = posix.open(executable, posix.O_RDONLY | posix.O_CLOEXEC)
    fd = posix.open(temporary, posix.O_WRONLY | posix.O_CREAT | posix.O_TRUNC | posix.O_CLOEXEC, mode)
    try:
        for start in range(offset, offset + size, _CHUNK):
            files.write_fd(fd, posix.pread(source, min(_CHUNK, offset + size - start), start))
    finally:
        posix.close(fd)
        posix.close(source)
    posix.rename(temporary, target)


def hold(home: str) -> int:
    """Keep others from cleaning up the directory that we run from, as long as the returned descriptor is open.

    It is closed on exec, so delegates do not hold it. Raises OSError.
    """
    fd = posix.open(home, posix.O_RDONLY | posix.O_DIRECTORY | posix.O_CLOEXEC)
    fcntl.flock(fd, fcntl.LOCK_SH)
    return fd


def clean_up(directory: str, *, now: float) -> None:
    """Remove the directories of killed predecessors: ours only, a few at a time, and never with an error."""
    seen = removed = 0
    try:
        with posix.scandir(directory) as entries:
            for entry in entries:
                seen += 1
                if entry.name.startswith(_PREFIX) and _is_left(entry.path, now):
                    _remove(entry.path)
                    removed += 1
                if seen >= _MAX_SEEN or removed >= _MAX_REMOVED:
                    break
    except OSError:
        pass  # somebody else's turn then


def _is_left(path: str, now: float) -> bool:
    """Tell whether a directory is one of ours whose owner is dead."""
    try:
        pid = int(files.name_of(path)[len(_PREFIX) : _PID_END], 16)
        old = now - posix.stat(path).st_mtime > _MIN_AGE
        ours = files.exists(f"{path}/{MARKER}")
        return ours and old and not files.exists(f"/proc/{pid}") and not _held(path)
    except (OSError, ValueError):
        return False


def _held(path: str) -> bool:
    """Tell whether a process runs from the directory: its launcher was killed, or is in another pid namespace."""
    fd = posix.open(path, posix.O_RDONLY | posix.O_DIRECTORY | posix.O_CLOEXEC)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        posix.close(fd)
    return False


def _remove(path: str) -> None:
    """Remove a directory with all that is in it, following no link. The marker goes last: see `_is_left`."""
    with posix.scandir(path) as entries:
        found = sorted(entries, key=lambda entry: entry.name == MARKER)
    for entry in found:
        if entry.is_dir(follow_symlinks=False):
            _remove(entry.path)
        else:
            files.remove(entry.path)
    posix.rmdir(path)
