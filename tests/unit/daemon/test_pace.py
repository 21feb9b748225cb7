from __future__ import annotations

import pytest

from multus_py.daemon.pace import A_SECOND, BURST, EVERY, Pace


def test_it_looks_again_after_seconds_when_all_is_well() -> None:
    assert Pace(monotonic=0).succeeded() == EVERY


def test_after_a_failure_it_looks_again_soon_and_then_ever_less_often() -> None:
    pace = Pace(monotonic=0)

    pauses = [pace.failed() for _ in range(7)]

    assert pauses == [0.25, 0.5, 1.0, 2.0, 4.0, EVERY, EVERY]


def test_a_success_makes_the_next_failure_the_first_one() -> None:
    pace = Pace(monotonic=0)
    pace.failed()
    pace.failed()
    pace.succeeded()

    assert pace.failed() == 0.25


def test_it_fails_for_weeks() -> None:
    pace = Pace(monotonic=0)

    assert [pace.failed() for _ in range(100_000)][-1] == EVERY


def test_a_burst_of_changes_is_looked_at_at_once() -> None:
    pace = Pace(monotonic=100)

    assert {pace.look(100) for _ in range(BURST)} == {0}


def test_changes_without_end_are_looked_at_a_few_times_a_second() -> None:
    pace = Pace(monotonic=0)
    now = 0.0
    looks = []
    while now < 60:
        now += pace.look(now)
        looks.append(now)

    assert len([at for at in looks if 50 <= at < 60]) == pytest.approx(10 * A_SECOND, abs=1)


def test_after_a_quiet_time_there_is_another_burst_but_no_larger_one() -> None:
    pace = Pace(monotonic=0)
    for _ in range(BURST + 1):
        pace.look(0)

    rests = [pace.look(3600) for _ in range(BURST + 1)]

    assert rests[:BURST] == [0] * BURST
    assert rests[BURST] > 0


def test_looking_every_few_seconds_never_needs_a_rest() -> None:
    pace = Pace(monotonic=0)

    assert {pace.look(EVERY * number) for number in range(1000)} == {0}
