"""How the node's configuration is doing: written by the service's loop, read by the threads that answer requests."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from multus_py.hostconfig.reconcile import Outcome


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """What is known at one moment."""

    beat: float
    """When the loop last came round, on the clock that never goes back."""
    checks: int = 0
    """How often the node was looked at, from beginning to end."""
    errors: int = 0
    """How often that failed."""
    repairs: Mapping[str, int] = field(default_factory=dict)
    """How often something was put right, by what it was."""
    checked: float | None = None
    """When the node was last looked at from beginning to end, in seconds since 1970."""
    waiting: str = "the node's configuration has not been looked at yet"
    """What is missing for the node to be configured; "" when it is."""
    error: str = ""
    """Why the last look failed; "" when it did not."""
    warnings: int = 0
    """How many things are wrong that do not keep the node from being configured."""
    token_expires: float | None = None
    """When the kubeconfig's token expires, in seconds since 1970; None when that is not known."""


class State:
    """The current snapshot."""

    def __init__(self, *, beat: float) -> None:
        """Begin; `beat` is the time on the clock that never goes back."""
        self._lock = threading.Lock()
        self._snapshot = Snapshot(beat=beat)

    def read(self) -> Snapshot:
        """Return what is known now."""
        with self._lock:
            return self._snapshot

    def beat(self, monotonic: float) -> None:
        """Note that the loop has come round."""
        with self._lock:
            self._snapshot = replace(self._snapshot, beat=monotonic)

    def succeed(self, outcome: Outcome, *, now: float) -> None:
        """Note what came of looking at the node."""
        with self._lock:
            before = self._snapshot
            repairs = Counter(before.repairs) + Counter(change.what for change in outcome.changes)
            self._snapshot = replace(
                before,
                checks=before.checks + 1,
                repairs=dict(repairs),
                checked=now,
                waiting=outcome.waiting,
                error="",
                warnings=len(outcome.warnings),
                token_expires=outcome.token_expires,
            )

    def fail(self, reason: str) -> None:
        """Note that looking at the node failed. What was known of it stays known."""
        with self._lock:
            self._snapshot = replace(self._snapshot, errors=self._snapshot.errors + 1, error=reason)
