from __future__ import annotations

import pytest

from multus_py.daemon import health
from multus_py.daemon.health import STUCK
from multus_py.daemon.pace import EVERY
from multus_py.daemon.state import Snapshot, State
from multus_py.hostconfig.reconcile import Outcome


@pytest.mark.parametrize("silent", [0, STUCK - 1])
def test_a_loop_that_comes_round_is_alive(silent: float) -> None:
    assert health.alive(Snapshot(beat=1000), monotonic=1000 + silent) == health.Verdict(good=True, reason="ok")


def test_a_loop_that_has_not_come_round_for_long_is_stuck() -> None:
    verdict = health.alive(Snapshot(beat=1000), monotonic=1000 + STUCK)

    assert verdict == health.Verdict(good=False, reason="the daemon is stuck: it has not come round for 30 s")


def test_whatever_else_only_a_restart_mends_makes_it_stuck_too() -> None:
    verdict = health.alive(Snapshot(beat=1000), monotonic=1000, stuck="calls have not been answered for 31 s")

    assert verdict == health.Verdict(good=False, reason="the daemon is stuck: calls have not been answered for 31 s")


def test_the_loop_may_miss_some_rounds() -> None:
    assert STUCK >= 5 * EVERY


def test_failing_is_no_reason_for_a_restart() -> None:
    assert health.alive(Snapshot(beat=1000, error="no"), monotonic=1000).good


def test_a_node_that_nobody_has_looked_at_is_not_ready() -> None:
    assert health.ready(State(beat=0).read()) == health.Verdict(
        good=False, reason="the node's configuration has not been looked at yet"
    )


def test_a_configured_node_is_ready() -> None:
    state = State(beat=0)
    state.succeed(Outcome(warnings=("odd",)), now=1)

    assert health.ready(state.read()) == health.Verdict(good=True, reason="ok")


def test_a_node_that_waits_is_not_ready_and_says_for_what() -> None:
    state = State(beat=0)
    state.succeed(Outcome(waiting="no primary network"), now=1)

    assert health.ready(state.read()) == health.Verdict(good=False, reason="no primary network")


def test_a_node_that_cannot_be_looked_after_is_not_ready_until_that_is_over() -> None:
    state = State(beat=0)
    state.succeed(Outcome(), now=1)
    state.fail("no token")
    failing = health.ready(state.read())
    state.succeed(Outcome(), now=2)

    assert failing == health.Verdict(good=False, reason="no token")
    assert health.ready(state.read()).good
