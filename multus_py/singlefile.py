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
    from collections.abc import Mapping, Sequence
    from typing import NoReturn

    from multus_py.frozen import Archive

MARKER = ".multus-py"
"""A file that the bootloader unpacks first. It tells our directories from those of other programs."""
ORIGIN = b"MULTUS_SINGLE_FILE"
"""The environment variable that tells the unpacked program which file it came out of."""

_PREFIX, _PID_END = "_MEI", len("_MEI") + 8
_MIN_AGE = 5.0
"""Seconds that a directory is left alone in any case: its owner may just be starting, in another pid namespace."""
_MAX_SEEN, _MAX_REMOVED = 2000, 4


def start(argv: Sequence[str], *, home: str, executable: str, archive: Archive) -> None:
    """Clean up after others; then become the installed program when there are arguments. Raises OSError.

    Args:
        argv: The program's name and arguments.
        home: The directory that the bootloader unpacked to.
        executable: The single file.
        archive: What is in it.
    """
    lock = hold(home)
    clean_up(files.directory_of(home), now=time.time())
    if len(argv) > 1:
        posix.set_inheritable(lock, True)  # noqa: FBT003 - the function takes it by position only
        run_installed(argv, posix.environ, executable=executable, archive=archive, home=home)


def run_installed(
    argv: Sequence[str], environ: Mapping[bytes, bytes], *, executable: str, archive: Archive, home: str
) -> NoReturn:
    """Unpack the installed layout into the home, and become the program in it. Raises OSError.

    The bootloader waits for our pid, so it removes the home when that program has ended.
    """
    directory = f"{home}/multus"
    for name in archive.names():
        archive.unpack(name, f"{directory}/{name}")
    variables = {**process.clean_environment(environ), ORIGIN: executable.encode(errors="surrogateescape")}
    posix.execve(f"{directory}/multus", list(argv), variables)


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
