"""Runs Multus so that something happens to it right before its N-th step: it is killed, or the system refuses.

    python stepping.py FAULT FIRST LAST REPORT multus [argument ...]

A step is what others could notice, or what the system could refuse: a file that is made, written, renamed or removed, a
lock, a delegate that is started, one that has ended, a route, a question to the API server. Between two steps the world
stays as it is, so being killed before each of them is being killed everywhere. Nothing of this is in the product: the
functions of `posix`, through which all of it goes, are replaced in this process. REPORT gets one line for each step.
"""

from __future__ import annotations

import errno
import fcntl
import functools
import os
import posix
import runpy
import signal
import stat
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

LOG = "multus.log"
"""The name of the file that is no step: nothing depends on it, and it tells what became of the others."""
_ROUTES = (24, 25)  # RTM_NEWROUTE, RTM_DELROUTE
_WRITING = posix.O_WRONLY | posix.O_RDWR | posix.O_CREAT

KILLED = -9
"""The exit status of a process that was killed."""
CHANGES = frozenset(
    {"create", "write", "rename", "unlink", "mkdir", "lock", "sync", "start", "end", "route", "ask", "tell"}
)
"""The kinds of steps that change something."""
FAULTS: dict[str, frozenset[str]] = {
    "kill": CHANGES,
    "ENOSPC": frozenset({"create", "write", "mkdir", "rename"}),
    "EROFS": frozenset({"create", "rename", "unlink", "mkdir"}),
    "EIO": frozenset({"create", "read", "write", "rename", "unlink", "mkdir", "lock"}),
    "EMFILE": frozenset({"create", "read", "pipe", "handle", "connect"}),
    "EAGAIN": frozenset({"start"}),
    "ENOENT": frozenset({"start"}),
}
"""What can happen, and before which kinds of steps."""


def met(steps: Iterable[str], fault: str) -> list[str]:
    """Return those of the steps that a process noted before which a fault can happen."""
    return [step for step in steps if step.partition(" ")[0] in FAULTS[fault]]


class Describe(Protocol):
    """Tells what kind of step a call is, and what it is about."""

    def __call__(self, *args: object) -> tuple[str, str]:
        """Look at the arguments."""


class Steps:
    """Counts the steps of this process, and does to some of them what was asked for."""

    def __init__(self, fault: str, first: int, last: int, report: str) -> None:
        """Let it happen from the first to the last of these steps, counted from 1; `last` 0: to the end, -1: never."""
        self._fault = fault
        self._first, self._last = first, last
        self._count = 0
        self._report = posix.open(report, posix.O_WRONLY | posix.O_CREAT | posix.O_APPEND | posix.O_CLOEXEC, 0o600)
        self._write = posix.write

    def before(self, kind: str, what: str) -> None:
        """Note a step that is about to be taken. Raises OSError, or ends the process, if that is what shall happen."""
        if what.endswith(f"/{LOG}"):
            return
        self._write(self._report, f"{kind} {what}\n".encode())
        if kind not in FAULTS[self._fault]:
            return
        self._count += 1
        if self._count < self._first or (self._last and self._count > self._last):
            return
        if self._fault == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        number = getattr(errno, self._fault)
        raise OSError(number, os.strerror(number), what)

    def watch(self, owner: object, name: str, describe: Describe) -> None:
        """Make each call of a function a step, which `describe` tells from the arguments."""
        original = getattr(owner, name)

        @functools.wraps(original)
        def stepping(*args: object, **keywords: object) -> object:
            self.before(*describe(*args))
            return original(*args, **keywords)

        setattr(owner, name, stepping)


def watch_all(steps: Steps) -> None:
    """Watch everything that a step can be."""
    steps.watch(posix, "open", lambda *call: ("create" if int(str(call[1])) & _WRITING else "read", str(call[0])))
    steps.watch(posix, "write", lambda *call: _writing(_number(call)))
    steps.watch(posix, "rename", lambda *call: ("rename", str(call[1])))
    steps.watch(posix, "unlink", lambda *call: ("unlink", str(call[0])))
    steps.watch(posix, "mkdir", lambda *call: ("mkdir", str(call[0])))
    steps.watch(posix, "fsync", lambda *call: ("sync", _name(_number(call))))
    steps.watch(posix, "posix_spawn", lambda *call: ("start", str(call[0])))
    steps.watch(posix, "waitpid", lambda *call: ("end", str(call[0])))
    steps.watch(posix, "pipe", lambda *_: ("pipe", ""))
    steps.watch(posix, "pidfd_open", lambda *call: ("handle", str(call[0])))
    steps.watch(fcntl, "flock", lambda *call: ("lock", _name(_number(call))))
    from multus_py.cluster import direct, sockets
    from multus_py.node import netlink

    steps.watch(sockets, "connect", lambda *call: ("connect", str(call[0])))
    steps.watch(netlink.Socket, "request", lambda *call: ("route" if call[1] in _ROUTES else "look", str(call[1])))
    for question in ("get_pod", "get_nads", "write_status", "post_events"):
        steps.watch(direct.Direct, question, functools.partial(_ask, question))


def _number(call: tuple[object, ...]) -> int:
    return int(str(call[0]))


def _writing(fd: int) -> tuple[str, str]:
    return ("write" if stat.S_ISREG(posix.fstat(fd).st_mode) else "tell"), _name(fd)


def _ask(question: str, *_: object) -> tuple[str, str]:
    return "ask", question


def _name(fd: int) -> str:
    return posix.readlink(f"/proc/self/fd/{fd}")


def main(fault: str, first: str, last: str, report: str, *argv: str) -> None:
    """Run Multus with these arguments, its name first."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    watch_all(Steps(fault, int(first), int(last), report))
    sys.argv = list(argv)
    runpy.run_module("multus_py", run_name="__main__")


if __name__ == "__main__":
    main(*sys.argv[1:])
