"""Start a program as a container runtime does, and say what it cost: posix_spawn, pipes, wait4.

The times are those of the whole process tree, as far as its members waited for each other, which delegates, IPAM
plugins and the bootloader's children do. `wait4` has a peak of memory too, but not the program's own: see `peak`.
"""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_CHUNK = 1 << 16


@dataclass(frozen=True)
class Step:
    """One program to run."""

    argv: tuple[str, ...]
    """The first is a path."""
    env: Mapping[str, str]
    stdin: bytes


@dataclass(frozen=True)
class Outcome:
    """How a program ended and what it cost."""

    status: int
    """Its exit status, or minus the number of the signal that ended it."""
    stdout: bytes
    stderr: bytes
    wall: float
    """Seconds from before its pipes were made until it was reaped."""
    cpu: float
    """Seconds of user and system time, its descendants' included."""


def run(step: Step) -> Outcome:
    """Run one program to its end.

    Raises:
        OSError: It cannot be started.
    """
    start = time.perf_counter()
    ours, theirs = _pipes()
    try:
        pid = spawn(step, theirs)
    except OSError:
        _close(*ours)
        raise
    finally:
        _close(*theirs)
    stdout, stderr = _talk(ours, step.stdin)
    _, status, usage = os.wait4(pid, 0)
    wall = time.perf_counter() - start
    return Outcome(os.waitstatus_to_exitcode(status), stdout, stderr, wall, usage.ru_utime + usage.ru_stime)


def spawn(step: Step, stdio: Sequence[int]) -> int:
    """Start a program with these three descriptors as its stdin, stdout and stderr; return its process id.

    Raises:
        OSError: It cannot be started.
    """
    actions = [(os.POSIX_SPAWN_DUP2, fd, number) for number, fd in enumerate(stdio)]
    defaults = [signal.SIGPIPE, signal.SIGXFSZ]  # Python ignores both, and an ignored signal is inherited
    return os.posix_spawn(step.argv[0], step.argv, step.env, file_actions=actions, setsigdef=defaults)


def run_in_order(steps: Sequence[Step]) -> list[Outcome]:
    """Run programs one after the other; end with the first that fails."""
    outcomes: list[Outcome] = []
    for step in steps:
        outcomes.append(run(step))
        if outcomes[-1].status != 0:
            break
    return outcomes


def _pipes() -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    (in_read, in_write), (out_read, out_write), (err_read, err_write) = os.pipe(), os.pipe(), os.pipe()
    return (in_write, out_read, err_read), (in_read, out_write, err_write)


def _talk(pipes: tuple[int, int, int], text: bytes) -> tuple[bytes, bytes]:
    """Write all of the input, then read both outputs to their ends. Inputs here are smaller than a pipe."""
    stdin, *outputs = pipes
    try:
        os.write(stdin, text)
    except BrokenPipeError:  # it did not care to read
        pass
    finally:
        _close(stdin)
    heard: dict[int, list[bytes]] = {fd: [] for fd in outputs}
    poll = select.poll()
    for fd in outputs:
        poll.register(fd, select.POLLIN)
    is_open = set(outputs)
    while is_open:
        for fd, _ in poll.poll():
            if part := os.read(fd, _CHUNK):
                heard[fd].append(part)
            else:
                poll.unregister(fd)
                is_open.discard(fd)
                _close(fd)
    stdout, stderr = (b"".join(heard[fd]) for fd in outputs)
    return stdout, stderr


def _close(*fds: int) -> None:
    for fd in fds:
        os.close(fd)
