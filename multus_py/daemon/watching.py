"""Waiting for a change in some directories: by inotify, and where that is not to be had, by not waiting long.

A change is only ever a reason to look again at everything. So it does not matter which file it was, whether events were
lost, or whether a directory could not be watched: the caller looks again every few seconds anyway.
"""

from __future__ import annotations

import select
from typing import TYPE_CHECKING, Protocol

from multus_py.daemon.inotify import Inotify

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

SETTLE = 0.01
"""Seconds from the first event to looking: who creates a file, writes it and closes it is done by then."""
_MILLISECONDS = 1000


class Watcher(Protocol):
    """What the service waits with."""

    def follow(self, directories: Iterable[Path]) -> str:
        """Watch these directories from now on; return what a person should know of it, or ""."""

    def wait(self, seconds: float) -> bool:
        """Wait until something changes, or somebody wakes us, or the time is over; tell whether something changed."""

    def rest(self, seconds: float) -> None:
        """Wait until somebody wakes us, or the time is over: whatever changes."""


class Directories:
    """The real one."""

    def __init__(self, *, wake: int) -> None:
        """Watch nothing yet.

        Args:
            wake: A descriptor that becomes readable when nobody should wait any longer; it is left unread.
        """
        self._wake = wake
        self._trouble = ""
        self._inotify: Inotify | None = None
        self._watches: dict[Path, int] = {}
        try:
            self._inotify = Inotify()
        except OSError as error:
            self._trouble = f"cannot watch directories ({error.strerror}: raise fs.inotify.max_user_instances)"

    def close(self) -> None:
        """Watch no more."""
        if self._inotify:
            self._inotify.close()
            self._inotify = None
        self._watches.clear()

    def follow(self, directories: Iterable[Path]) -> str:
        """Watch these directories from now on; return what a person should know of it, or "".

        Asking the kernel for a watch again is how it is found out that a path leads to another directory now. A
        directory that does not exist is no trouble: it is asked for again with every call.
        """
        if not self._inotify:
            return self._trouble
        before, self._watches, self._trouble = self._watches, {}, ""
        for directory in directories:
            try:
                self._watches[directory] = self._inotify.add(directory)
            except (FileNotFoundError, NotADirectoryError):
                continue
            except OSError as error:
                self._trouble = f"cannot watch {directory} ({error.strerror}): its changes take seconds to be noticed"
        for number in set(before.values()) - set(self._watches.values()):
            self._inotify.remove(number)
        return self._trouble

    def wait(self, seconds: float) -> bool:
        """Wait until something changes, or somebody wakes us, or the time is over; tell whether something changed."""
        if not self._inotify:
            self.rest(seconds)
            return False
        events = self._inotify.fileno()
        changed = events in _readable(seconds, events, self._wake)
        if changed:
            self.rest(SETTLE)
            self._inotify.read()
        return changed

    def rest(self, seconds: float) -> None:
        """Wait until somebody wakes us, or the time is over: whatever changes."""
        _readable(seconds, self._wake)


def _readable(seconds: float, *descriptors: int) -> frozenset[int]:
    """Wait for the first of some descriptors; return those that are readable."""
    poll = select.poll()
    for descriptor in descriptors:
        poll.register(descriptor, select.POLLIN)
    return frozenset(descriptor for descriptor, _ in poll.poll(seconds * _MILLISECONDS))
