"""The loop: look at the node, put right what is wrong, wait for a change. Nothing but a signal ends it.

It looks once at its start, as soon as something changes, and every few seconds anyway, as there are changes that nobody
is told of. Looking again is always right, since a look starts from what is on the node and not from what was.
"""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Protocol

from multus_py.daemon.pace import EVERY, Pace
from multus_py.hostconfig.errors import HostConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from multus_py.base.clock import Clock
    from multus_py.daemon.journal import Journal
    from multus_py.daemon.state import State
    from multus_py.daemon.watching import Watcher
    from multus_py.hostconfig.reconcile import Outcome


class Node(Protocol):
    """What is looked after; configuration.Configuration is the real one."""

    @property
    def settled(self) -> bool:
        """Whether to look again only when something that is watched has changed."""

    def watched(self) -> tuple[Path, ...]:
        """Return the directories whose changes call for a look."""

    def look(self) -> Outcome:
        """Look, and put right what is wrong. Raises HostConfigError."""

    def leave(self, *, restoring: bool) -> tuple[Path, ...]:
        """Take away what has to go with the daemon; return the paths. Raises HostConfigError."""


class StopRequest(Protocol):
    """Whether somebody asked us to stop; signals.Stop is the real one."""

    @property
    def requested(self) -> bool:
        """Whether to stop."""


class Service:
    """Looks after a node."""

    def __init__(
        self,
        node: Node,
        *,
        watcher: Watcher,
        stop: StopRequest,
        state: State,
        journal: Journal,
        clock: Clock,
        each_round: Callable[[], Sequence[str]] = lambda: (),
    ) -> None:
        """Take what is needed; nothing is done yet.

        Args:
            node: What is looked after.
            watcher: What to wait with.
            stop: Whether to stop.
            state: Where to say how it goes.
            journal: Where to write down what was done.
            clock: Measures pauses.
            each_round: More to do in each round of the loop; returns what a person should know of it.
        """
        self._node = node
        self._watcher = watcher
        self._stop = stop
        self._state = state
        self._journal = journal
        self._clock = clock
        self._each_round = each_round
        self._pace = Pace(monotonic=clock.monotonic())
        self._warnings: tuple[str, ...] = ()
        self._waiting: str | None = None
        self._error = ""

    def run(self) -> None:
        """Look after the node until somebody asks us to stop."""
        due = True
        while not self._stop.requested:
            self._state.beat(self._clock.monotonic())
            pause = self._round(due=due)
            changed = self._watcher.wait(pause)
            due = changed or not self._node.settled

    def leave(self, *, restoring: bool = False, then: Callable[[], Sequence[Path]] = lambda: ()) -> bool:
        """Take away what has to go with the daemon; tell whether that went well.

        Args:
            restoring: Whether the node is to be as it was before Multus.
            then: What to do after that in this case; returns what is gone, raises HostConfigError.
        """
        try:
            for path in self._node.leave(restoring=restoring):
                self._journal.note("removed", path=path)
            for path in then() if restoring else ():
                self._journal.note("removed", path=path)
        except HostConfigError as error:
            self._journal.note("failed", level="error", text=error)
            return False
        return True

    def _round(self, *, due: bool) -> float:
        """Go round once, with a look if one is due; return how long to wait for a change."""
        pause = EVERY
        complaints: list[str] = []
        try:
            complaints.extend(self._each_round())
            complaints.append(self._watcher.follow(self._node.watched()))
            if due:
                self._watcher.rest(self._pace.look(self._clock.monotonic()))
                pause = self._looked(self._node.look())
        except HostConfigError as error:
            pause = self._failed(str(error))
        except Exception as error:  # noqa: BLE001 - a fault of ours must not leave the node alone
            place = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{place.name}, line {place.lineno} of {place.filename}"
            pause = self._failed(f"{type(error).__name__}: {error} ({where}): please report it")
        self._journal.complain(text for text in (*complaints, *self._warnings) if text)
        return pause

    def _looked(self, outcome: Outcome) -> float:
        self._state.succeed(outcome, now=self._clock.now())
        for change in outcome.changes:
            self._journal.note("repaired", what=change.what, path=change.path, why=change.why)
        self._warnings = outcome.warnings
        if self._error or outcome.waiting != self._waiting:
            if outcome.waiting:
                self._journal.note("waiting", text=outcome.waiting)
            else:
                self._journal.note("configured")
        self._waiting, self._error = outcome.waiting, ""
        return self._pace.succeeded()

    def _failed(self, reason: str) -> float:
        self._state.fail(reason)
        if reason != self._error:
            self._journal.note("failed", level="error", text=reason)
        self._error = reason
        return self._pace.failed()
