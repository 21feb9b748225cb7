from __future__ import annotations

import pytest

from multus_py.cluster import errors
from multus_py.daemon.connections import AGE, SPARE, Connections
from tests.fakes.clock import FakeClock
from tests.fakes.cluster import FakeCluster


class World:
    """Connections, and all that were ever made."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.made: list[FakeCluster] = []
        self.connections = Connections(self._make, clock=self.clock)

    def _make(self) -> FakeCluster:
        self.made.append(FakeCluster())
        return self.made[-1]

    def lend(self, *, at_once: int = 1) -> None:
        """Borrow some at the same time, and give them back."""
        if at_once:
            with self.connections.borrowed():
                self.lend(at_once=at_once - 1)

    def open(self) -> int:
        return sum(not cluster.closed for cluster in self.made)


def test_a_connection_is_used_again() -> None:
    world = World()
    world.lend()
    world.lend()
    assert len(world.made) == world.open() == 1


def test_there_are_as_many_as_are_needed_at_once_and_they_go_when_they_are_needed_no_more() -> None:
    world = World()
    world.lend(at_once=3)
    assert (len(world.made), world.open()) == (3, 3)
    for _ in range(3):
        world.clock.advance(SPARE / 2)
        world.lend()
        world.connections.tidy()
    assert (len(world.made), world.open()) == (3, 1)


def test_the_last_one_is_kept_however_long_nobody_needs_it() -> None:
    world = World()
    world.lend()
    world.clock.advance(10 * SPARE)
    world.connections.tidy()
    assert world.open() == 1


def test_an_old_one_is_made_anew_as_credentials_and_cas_are_rotated() -> None:
    world = World()
    world.lend()
    world.clock.advance(AGE)
    world.lend()
    assert (len(world.made), world.open()) == (2, 1)


@pytest.mark.parametrize(
    ("error", "kept"),
    [
        (errors.NotFoundError, 1),
        (errors.ConflictError, 1),
        (errors.UntrustedError, 0),
        (errors.UnauthorizedError, 0),
        (errors.UnavailableError, 0),
        (ZeroDivisionError, 0),
    ],
)
def test_one_through_which_something_failed_is_not_kept(error: type[Exception], kept: int) -> None:
    world = World()
    with pytest.raises(error), world.connections.borrowed():
        raise error
    assert world.open() == kept


def test_closing_closes_all() -> None:
    world = World()
    world.lend(at_once=2)
    world.connections.close()
    assert world.open() == 0
