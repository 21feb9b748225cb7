from __future__ import annotations

from multus_py.cluster import errors
from multus_py.cluster.port import Event
from multus_py.cluster.wire import Tell
from multus_py.daemon.telling import ATTEMPTS, PAUSE, ROOM, Teller
from multus_py.daemon.traffic import Traffic
from tests.fakes.cluster import FakeCluster
from tests.fakes.lending import FakeLender

ADDED = Event(reason="AddedInterface", message="Add net1")


def message(name: str = "web", *events: Event) -> Tell:
    return Tell(namespace="default", name=name, uid="u1", node="node1", events=events or (ADDED,))


class World:
    """A teller that is closed as soon as it has nothing to do."""

    def __init__(self) -> None:
        self.lender = FakeLender(FakeCluster())
        self.traffic = Traffic()
        self.pauses: list[float] = []
        self.teller = Teller(self.lender, traffic=self.traffic, wait=self._wait)

    def _wait(self, seconds: float) -> bool:
        self.pauses.append(seconds)
        return False

    def tell(self) -> dict[str, int]:
        """Tell all that waits; return what came of it."""
        while self.teller.waiting():
            waiting = self.teller._next()
            assert waiting is not None
            self.teller._tell(waiting)
        return {outcome: count for (outcome,), count in self.traffic.read().events.items()}


def test_events_are_told_about_the_pod_that_they_are_about() -> None:
    world = World()
    world.teller.take(message("web", ADDED, ADDED))

    assert world.tell() == {"posted": 2}
    pod, event = world.lender.cluster.events[0]
    assert (pod.namespace, pod.name, pod.uid, pod.node, event) == ("default", "web", "u1", "node1", ADDED)


def test_a_message_without_events_is_no_work() -> None:
    world = World()
    world.teller.take(Tell(namespace="default", name="web", uid="u1"))
    assert world.teller.waiting() == 0


def test_while_the_api_server_is_away_it_is_tried_again_a_few_times() -> None:
    world = World()
    world.lender.broken = errors.UnavailableError("refused")
    world.teller.take(message())

    assert world.tell() == {"unavailable": 1}
    assert world.pauses == [PAUSE] * (ATTEMPTS - 1)


def test_what_is_refused_is_not_tried_again() -> None:
    world = World()
    world.lender.cluster.fail("post_events", errors.ForbiddenError("no"))
    world.teller.take(message())

    assert (world.tell(), world.pauses) == ({"refused": 1}, [])


def test_when_there_are_too_many_the_oldest_are_dropped() -> None:
    world = World()
    for index in range(ROOM + 5):
        world.teller.take(message(f"pod{index}"))

    assert world.teller.waiting() == ROOM
    assert world.tell() == {"dropped": 5, "posted": ROOM}
    assert world.lender.cluster.events[0][0].name == "pod5"


def test_it_ends_when_it_is_closed_whatever_waits() -> None:
    world = World()
    world.teller.take(message())
    world.teller.close()
    world.teller.run()

    assert world.lender.cluster.events == []
