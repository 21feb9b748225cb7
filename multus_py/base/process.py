"""The one place that starts other programs: delegates, and the credential helpers that a kubeconfig names.

`subprocess` costs 13 ms to import, `posix_spawn` nothing. A program gets its own process group, so that a time-out or
a signal to us ends it together with what it has started (an IPAM plugin, say). Waiting ends when the program itself
has ended, even if a grandchild still holds its standard output open.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # the C module; `signal` costs an import of `enum`, 4 ms
import posix
import select

from multus_py.base import files, value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Protocol, TypeAlias

    from multus_py.base.clock import Deadline

    Started: TypeAlias = Callable[[int], None]
    """Hears the process id of a program, which is that of its process group, too."""

    class Run(Protocol):
        """Run a program to its end; `run` below is the real one."""

        def __call__(self, program: Program, deadline: Deadline, *, started: Started | None = None) -> Outcome:
            """Start it, feed it, wait. Raises OSError when it cannot be started."""


MAX_OUTPUT = 16 << 20
"""A program that writes more bytes than this is killed."""

_PIPE_SIZE = 1 << 16
_ORPHAN_PATIENCE = 1000  # milliseconds
_KILL_PATIENCE = 5000  # milliseconds that the kernel may need to end a process
_SIGKILL, _SIGPIPE, _SIGXFSZ = 9, 13, 25
_ENDING = (_signal.SIGINT, _signal.SIGTERM)
_SIGNALS = {
    1: "hangup",
    2: "interrupt",
    3: "quit",
    6: "aborted",
    9: "killed",
    11: "segmentation fault",
    13: "broken pipe",
    15: "terminated",
}


class Program(value.Value):
    """What is to be run."""

    argv: Sequence[str]
    """Its path and its arguments."""
    stdin: bytes = b""
    """What it can read; not reading it is no error."""
    environ: Mapping[bytes, bytes]
    """Its whole environment."""


class Outcome(value.Value):
    """How a program ended and what it said."""

    code: int
    """Its exit status, or minus the number of the signal that ended it, as `subprocess` has it."""
    stdout: bytes = b""
    stderr: bytes = b""
    timed_out: bool = False
    """Whether it was killed: its time was over, it was cancelled, or it wrote without end."""

    @property
    def ending(self) -> str:
        """The ending in words, the ones that Go uses: "exit status 3", "signal: killed"."""
        if self.code >= 0:
            return f"exit status {self.code}"
        return f"signal: {_SIGNALS.get(-self.code, -self.code)}"


def run(program: Program, deadline: Deadline, *, started: Started | None = None) -> Outcome:
    """Run a program to its end.

    Args:
        program: The program.
        deadline: When it is killed, with its process group; earlier when the deadline is cancelled.
        started: Is told the process id as soon as there is one. When it fails, the program is ended.

    Raises:
        OSError: It could not be started.
    """
    # A signal that ends us (entry.py) waits until somebody holds the program: in between, nobody would end that.
    mask = _signal.pthread_sigmask(_signal.SIG_BLOCK, _ENDING)
    try:
        return _start(program, mask).hold(deadline, started, mask=mask)
    finally:
        _signal.pthread_sigmask(_signal.SIG_SETMASK, mask)


def _start(program: Program, mask: Iterable[int]) -> _Conversation:
    """Start a program, with this mask of signals. Raises OSError."""
    ours, theirs = _pipes()
    try:
        pid = posix.posix_spawn(
            program.argv[0],
            list(program.argv),
            dict(program.environ),
            file_actions=[(posix.POSIX_SPAWN_DUP2, fd, number) for number, fd in enumerate(theirs)],
            setpgroup=0,
            setsigmask=mask,
            setsigdef=[_SIGPIPE, _SIGXFSZ],  # Python ignores both, and an ignored signal is inherited
        )
    except BaseException:
        _close(*ours, *theirs)
        raise
    _close(*theirs)
    return _Conversation(pid, ours, program.stdin)


def _pipes() -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """Make three pipes; return our ends and the program's, each in the order stdin, stdout, stderr."""
    made: list[int] = []
    try:
        for _ in range(3):
            made.extend(posix.pipe())  # close-on-exec, so no other program inherits them
    except BaseException:
        _close(*made)
        raise
    in_read, in_write, out_read, out_write, err_read, err_write = made
    for fd in (in_write, out_read, err_read):
        posix.set_blocking(fd, False)
    return (in_write, out_read, err_read), (in_read, out_write, err_write)


def _close(*fds: int) -> None:
    for fd in fds:
        posix.close(fd)


class _Conversation:
    """One running program: its three pipes, moved along together, so that none can fill up and block the others."""

    def __init__(self, pid: int, pipes: tuple[int, int, int], stdin: bytes) -> None:
        self._pid = pid
        self._stdin, self._stdout, self._stderr = pipes
        self._pending = memoryview(stdin)
        self._heard = {self._stdout: bytearray(), self._stderr: bytearray()}
        self._open = set(pipes)
        self._pidfd = -1
        self._size = 0
        self._reaped = False

    def hold(self, deadline: Deadline, started: Started | None, *, mask: Iterable[int]) -> Outcome:
        """Talk until the program ends; kill it at the deadline, and when we are interrupted ourselves."""
        timed_out = False
        try:
            self._pidfd = posix.pidfd_open(self._pid)
            _signal.pthread_sigmask(_signal.SIG_SETMASK, mask)
            if started is not None:
                started(self._pid)
            timed_out = not self._talk(deadline)
            if timed_out:
                self._kill()
            code = self._reap()
            self._drain()
        finally:
            if not self._reaped:
                self._kill()
                self._reap()
            _close(*self._open)
            if self._pidfd >= 0:
                posix.close(self._pidfd)
        stdout, stderr = (bytes(self._heard[fd]) for fd in (self._stdout, self._stderr))
        return Outcome(code=code, stdout=stdout, stderr=stderr, timed_out=timed_out)

    def _talk(self, deadline: Deadline) -> bool:
        """Move data until the program has ended (True), or its time or its room is over (False)."""
        poll = select.poll()
        poll.register(self._pidfd, select.POLLIN)
        if deadline.cancel >= 0:
            poll.register(deadline.cancel, select.POLLIN)
        for fd in self._open:
            poll.register(fd, select.POLLOUT if fd == self._stdin else select.POLLIN)
        while self._size <= MAX_OUTPUT:
            left = deadline.remaining()
            ready = [fd for fd, _ in poll.poll(None if left is None else left * 1000)]
            if deadline.cancel in ready or (not ready and deadline.expired()):
                return False
            for fd in ready:
                if fd != self._pidfd and not self._move(fd):
                    poll.unregister(fd)
            if self._pidfd in ready:
                return True
        return False

    def _move(self, fd: int) -> bool:
        """Write or read what is possible now; tell whether the pipe is still of use. It is closed when not."""
        try:
            more = self._feed() if fd == self._stdin else self._hear(fd)
        except BlockingIOError:
            return True
        except BrokenPipeError:  # it ended, or it does not care about its stdin
            more = False
        if not more:
            self._open.discard(fd)
            posix.close(fd)
        return more

    def _feed(self) -> bool:
        if self._pending:
            self._pending = self._pending[posix.write(self._stdin, self._pending[:_PIPE_SIZE]) :]
        return bool(self._pending)

    def _hear(self, fd: int) -> bool:
        part = posix.read(fd, _PIPE_SIZE)
        self._heard[fd] += part
        self._size += len(part)
        return bool(part)

    def _drain(self) -> None:
        """Read what the program left in its pipes when it ended."""
        for fd in (self._stdout, self._stderr):
            try:
                while fd in self._open and self._size <= MAX_OUTPUT:
                    if not self._hear(fd):
                        break
            except BlockingIOError:  # empty, but a grandchild holds it open
                pass

    def _kill(self) -> None:
        try:
            posix.killpg(self._pid, _SIGKILL)
        except ProcessLookupError:
            pass

    def _reap(self) -> int:
        _, status = posix.waitpid(self._pid, 0)
        self._reaped = True
        return posix.waitstatus_to_exitcode(status)


def end_orphan(pid: int, variable: bytes) -> bool:
    """End a program that somebody else's `run` started and did not live to wait for, and its process group.

    It gets a second to end by itself, which most do that are at work: killed between two steps of its own it may leave
    what nobody can tell the owner of, such as the empty file with which host-local begins to take an address.

    Args:
        pid: Its process id.
        variable: A part of its environment, `NAME=VALUE`: the proof that the id has not been given to another one.

    Returns:
        Whether it was still running. It is not any more.
    """
    try:
        handle = posix.pidfd_open(pid)
    except OSError:
        return False
    try:
        if variable not in files.read(f"/proc/{pid}/environ").split(b"\0"):
            return False
        poll = select.poll()
        poll.register(handle, select.POLLIN)
        if not poll.poll(_ORPHAN_PATIENCE):
            posix.killpg(pid, _SIGKILL)
            poll.poll(_KILL_PATIENCE)
        return True
    except OSError:  # it has just ended
        return False
    finally:
        posix.close(handle)


def clean_environment(environ: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
    """Return the environment that our caller gave us, without what PyInstaller's start-up put in.

    The bootloader exports `_PYI_*` and, so that its own libraries are found, LD_LIBRARY_PATH; the caller's value of
    that is kept in LD_LIBRARY_PATH_ORIG.
    """
    kept = {name: text for name, text in environ.items() if not name.startswith((b"_PYI_", b"_MEIPASS"))}
    bundled = len(kept) != len(environ)
    original = kept.pop(b"LD_LIBRARY_PATH_ORIG", None)
    if original is not None:
        kept[b"LD_LIBRARY_PATH"] = original
    elif bundled:
        kept.pop(b"LD_LIBRARY_PATH", None)
    return kept
