from __future__ import annotations

import time

import pytest

from multus_py.base import clock
from tests.fakes.clock import FakeClock


@pytest.mark.parametrize("seconds", [None, 0, 0.0])
def test_a_deadline_without_seconds_never_ends(seconds: float | None) -> None:
    system = FakeClock()
    deadline = clock.Deadline(system, seconds)

    system.advance(1e9)

    assert deadline.remaining() is None
    assert not deadline.expired()
    assert deadline.seconds is None


def test_a_deadline_counts_down_to_zero() -> None:
    system = FakeClock()
    deadline = clock.Deadline(system, 3.0)

    system.advance(1.0)
    assert deadline.remaining() == 2.0
    assert not deadline.expired()

    system.advance(5.0)
    assert deadline.remaining() == 0.0
    assert deadline.expired()


def test_sleeping_ends_at_the_deadline() -> None:
    system = FakeClock()
    deadline = clock.Deadline(system, 3.0)

    deadline.sleep(2.0)
    deadline.sleep(2.0)

    assert system.sleeps == [2.0, 1.0]


def test_sleeping_without_an_end_takes_its_time() -> None:
    system = FakeClock()

    clock.Deadline(system, None).sleep(20.0)

    assert system.sleeps == [20.0]


def test_a_cancellable_deadline_is_the_same_deadline() -> None:
    system = FakeClock()
    deadline = clock.Deadline(system, 3.0)
    system.advance(1.0)

    cancellable = deadline.cancelled_by(7)

    assert (cancellable.remaining(), cancellable.seconds, cancellable.cancel) == (2.0, 3.0, 7)
    assert deadline.cancel == -1


def test_the_system_clock_is_the_machine_s() -> None:
    system = clock.SystemClock()

    before = time.monotonic()
    system.sleep(0.001)

    assert before + 0.001 <= system.monotonic() <= time.monotonic()
    assert abs(system.now() - time.time()) < 1


TIMES = {
    "whole seconds": (1_795_227_334.0, "2026-11-21T02:15:34Z", "2026-11-21T02:15:34.000000Z"),
    "a part of a second": (1_795_227_334.25, "2026-11-21T02:15:34Z", "2026-11-21T02:15:34.250000Z"),
    "the beginning": (0.0, "1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000000Z"),
}


@pytest.mark.parametrize(("seconds", "expected", "micro"), TIMES.values(), ids=TIMES)
def test_times_are_written_as_kubernetes_does(seconds: float, expected: str, micro: str) -> None:
    assert clock.rfc3339(seconds) == expected
    assert clock.rfc3339(seconds, micro=True) == micro
