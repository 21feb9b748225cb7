"""The peak of a program's own memory, delegates not counted.

`wait4` says the largest of all: of the program, of every plugin it started, and of whoever started it (a child of
vfork has its parent's memory until exec). Sampling `/proc` misses the peak of a program that lives for 10 ms. So the
kernel is asked to stop every process of the tree just before it ends (ptrace), and then VmHWM is what it is. That takes
time, so it is done in runs of their own, which are not timed.
"""

from __future__ import annotations

import ctypes
import errno
import os
import re
import signal
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from tests.bench import process
from tests.bench.process import Step

_SEIZE, _CONT, _LISTEN = 0x4206, 7, 0x4208
_TRACE_FORK, _TRACE_VFORK, _TRACE_CLONE, _TRACE_EXIT = 0x2, 0x4, 0x8, 0x40
_EXITKILL = 0x100000
_OPTIONS = _TRACE_FORK | _TRACE_VFORK | _TRACE_CLONE | _TRACE_EXIT | _EXITKILL
_EVENT_EXIT, _EVENT_STOP = 6, 128
_WALL = 0x40000000
_STOPS = (signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU)
_WAIT_AND_BECOME = 'kill -STOP $$; exec "$@"'
"""A shell that becomes the program as soon as it is watched: a program may have children before anybody looks."""
_HIGH_WATER = re.compile(r"^VmHWM:\s+(\d+) kB$", re.MULTILINE)


class TraceError(Exception):
    """The program failed, or the kernel does not let us look."""


@dataclass(frozen=True)
class Traced:
    """What came of a run."""

    size: float
    """The most memory, in bytes, that one process of the program had at a time."""
    stdout: bytes


def own_peak(step: Step, *, plugins: Path) -> Traced:
    """Run a program and return the peak of its memory, and what it printed.

    Args:
        step: What to run.
        plugins: The directory of the delegates, whose own memory is not counted.

    Raises:
        TraceError: The program failed, or cannot be traced.
        OSError: It cannot be started.
    """
    with ExitStack() as stack:
        stdin, stdout, stderr = (
            stack.enter_context(os.fdopen(os.memfd_create(name), "r+b", buffering=0)) for name in ("in", "out", "err")
        )
        stdin.write(step.stdin)
        stdin.seek(0)
        held = replace(step, argv=("/bin/sh", "-c", _WAIT_AND_BECOME, "sh", *step.argv))
        pid = process.spawn(held, (stdin.fileno(), stdout.fileno(), stderr.fileno()))
        os.waitpid(pid, os.WUNTRACED)
        _ptrace(_SEIZE, pid, _OPTIONS)
        os.kill(pid, signal.SIGCONT)
        size, status = _follow(pid, plugins.resolve())
        for output in (stdout, stderr):
            output.seek(0)
        if status != 0:
            raise TraceError(
                f"{step.argv[0]} failed ({status}) while it was traced: {stdout.read()!r} {stderr.read()!r}"
            )
        return Traced(size, stdout.read())


def high_water(pid: int) -> float:
    """Return the most memory, in bytes, that a process that is still there had at a time."""
    found = _HIGH_WATER.search(Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) * 1024.0 if found else 0.0


def _follow(program: int, plugins: Path) -> tuple[float, int]:
    """Let all processes of the tree run to their ends; return the peak and the program's exit status."""
    peak, result, alive = 0.0, -1, {program}
    while alive:
        pid, status = os.waitpid(-1, _WALL)
        if not os.WIFSTOPPED(status):
            alive.discard(pid)
            if pid == program:
                result = os.waitstatus_to_exitcode(status)
            continue
        alive.add(pid)
        event, number = status >> 16, os.WSTOPSIG(status)
        if event == _EVENT_EXIT and not _executable(pid).is_relative_to(plugins):
            peak = max(peak, high_water(pid))
        if event == _EVENT_STOP and number in _STOPS:
            _ptrace(_LISTEN, pid, 0)
        else:
            _ptrace(_CONT, pid, 0 if event else number)  # without an event it is a signal, which goes on to the process
    return peak, result


def _executable(pid: int) -> Path:
    return Path(f"/proc/{pid}/exe").readlink()


def _ptrace(request: int, pid: int, data: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    number = ctypes.c_void_p(data)
    if libc.ptrace(ctypes.c_long(request), ctypes.c_long(pid), ctypes.c_void_p(None), number) < 0:
        problem = ctypes.get_errno()
        if problem != errno.ESRCH:  # killed in the meantime: waitpid will tell
            raise TraceError(f"ptrace: {os.strerror(problem)}")
