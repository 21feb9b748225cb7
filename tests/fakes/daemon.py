"""A node, a watcher and a wish to stop, for tests of the daemon's loop: a script of what happens, and no waiting."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from multus_py.hostconfig.reconcile import Outcome
from tests.fakes.clock import FakeClock


class FakeStop:
    """Somebody asks to stop when the test says so."""

    def __init__(self) -> None:
        self.requested = False


class FakeNode:
    """A node whose looks come to what the test lists, the last one again and again."""

    def __init__(self, *looks: Outcome | Exception) -> None:
        self._looks = list(looks) or [Outcome()]
        self.looked = 0
        self.settled = False
        self.directories: tuple[Path, ...] | Exception = (Path("/etc/cni/net.d"),)
        self.leaving: tuple[Path, ...] | Exception = ()
        self.restored: bool | None = None
        """Whether it was restored when it was left."""

    def watched(self) -> tuple[Path, ...]:
        if isinstance(self.directories, Exception):
            raise self.directories
        return self.directories

    def look(self) -> Outcome:
        self.looked += 1
        come_to = self._looks.pop(0) if len(self._looks) > 1 else self._looks[0]
        if isinstance(come_to, Exception):
            raise come_to
        return come_to

    def leave(self, *, restoring: bool) -> tuple[Path, ...]:
        self.restored = restoring
        if isinstance(self.leaving, Exception):
            raise self.leaving
        return self.leaving


class FakeWatcher:
    """Waits on a fake clock. After so many waits the daemon is asked to stop.

    `changes` says, wait by wait, whether and when something changes; None and what is beyond its end: nothing does.
    """

    def __init__(
        self, clock: FakeClock, stop: FakeStop, *, rounds: int, changes: Iterable[float | None] = (), trouble: str = ""
    ) -> None:
        self._clock = clock
        self._stop = stop
        self._rounds = rounds
        self._changes = list(changes)
        self._trouble = trouble
        self.waits: list[float] = []
        self.rests: list[float] = []
        self.followed: list[tuple[Path, ...]] = []
        self.at_wait: Callable[[], object] = lambda: None
        """Called at each wait."""

    def follow(self, directories: Iterable[Path]) -> str:
        self.followed.append(tuple(directories))
        return self._trouble

    def wait(self, seconds: float) -> bool:
        self.waits.append(seconds)
        self.at_wait()
        if len(self.waits) >= self._rounds:
            self._stop.requested = True
        change = self._changes.pop(0) if self._changes else None
        self._clock.advance(seconds if change is None else change)
        return change is not None

    def rest(self, seconds: float) -> None:
        self.rests.append(seconds)
        self._clock.advance(seconds)
