"""What the probes of a kubelet want to know: does the daemon live, and is the node configured? No HTTP here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from multus_py.daemon.state import Snapshot

STUCK = 30.0
"""Seconds without a round of the loop, which comes round every 5, after which a restart is the only help."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """An answer to a probe."""

    good: bool
    reason: str
    """For a person."""


def alive(snapshot: Snapshot, *, monotonic: float, stuck: str = "") -> Verdict:
    """Tell whether the loop still comes round. That it fails each time is nothing that a restart would mend.

    Args:
        snapshot: What is known.
        monotonic: The time by now.
        stuck: What else only a restart would mend; "" for nothing.
    """
    silent = monotonic - snapshot.beat
    if silent >= STUCK:
        return Verdict(good=False, reason=f"the daemon is stuck: it has not come round for {silent:.0f} s")
    if stuck:
        return Verdict(good=False, reason=f"the daemon is stuck: {stuck}")
    return Verdict(good=True, reason="ok")


def ready(snapshot: Snapshot) -> Verdict:
    """Tell whether the node is configured, so that pods can get their networks."""
    if reason := snapshot.error or snapshot.waiting:
        return Verdict(good=False, reason=reason)
    return Verdict(good=True, reason="ok")
