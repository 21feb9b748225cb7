"""The daemon first, and the API server when that is of no help: silently, and counted once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from multus_py.base.log import VERBOSE, Log, Options
from multus_py.cluster import errors
from multus_py.cluster.daemon import NoAnswerError
from multus_py.cluster.fallback import Fallback
from multus_py.cluster.objects import Nad, Pod
from multus_py.cluster.port import Event, Report
from tests.fakes.clock import FakeClock
from tests.fakes.cluster import FakeCluster

if TYPE_CHECKING:
    from multus_py.cluster.port import Cluster

POD = Pod(namespace="demo", name="web", uid="u1")
NAD = Nad(namespace="demo", name="a")
EVENT = Event(reason="AddedInterface", message="Add net1")
REPORT = Report(verb="ADD", succeeded=True, seconds=0.1)

QUESTIONS: dict[str, Callable[[Cluster], object]] = {
    "get_pod": lambda cluster: cluster.get_pod("demo", "web", "u1"),
    "get_nads": lambda cluster: cluster.get_nads([("demo", "a")]),
    "get_devices": lambda cluster: cluster.get_devices(POD),
    "write_status": lambda cluster: cluster.write_status(POD, {"a": "b"}),
    "post_events": lambda cluster: cluster.post_events(POD, [EVENT], REPORT),
}


class FakeDaemon(FakeCluster):
    """A daemon: one definition of which it cannot tell is no answer at all."""

    def get_nads(self, names: Sequence[tuple[str, str]]) -> list[Nad | errors.ClusterError]:
        found = super().get_nads(names)
        for item in found:
            if isinstance(item, NoAnswerError):
                raise item
        return found


class World:
    """A daemon, an API server, and what asks both."""

    def __init__(self, log: Path) -> None:
        self.daemon, self.direct = FakeDaemon(POD, NAD), FakeCluster(POD, NAD)
        self.opened = self.counted = 0
        self.log = log
        options = Options(level=VERBOSE, path=str(log), stderr=False)
        self.fallback = Fallback(self.daemon, self._open, log=Log(options, FakeClock()), count=self._count)

    def _open(self) -> Cluster:
        self.opened += 1
        return self.direct

    def _count(self) -> None:
        self.counted += 1


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "log")


def test_the_daemon_alone_is_asked_while_it_answers(world: World) -> None:
    for ask in QUESTIONS.values():
        ask(world.fallback)
    assert [call for call, _, _ in world.daemon.calls] == list(QUESTIONS)
    assert world.daemon.reports == [REPORT]
    assert (world.opened, world.counted, world.direct.calls) == (0, 0, [])
    world.fallback.close()
    assert world.daemon.closed
    assert not world.log.exists()


@pytest.mark.parametrize("failing", QUESTIONS)
def test_what_the_daemon_leaves_open_and_all_that_follows_is_asked_directly(world: World, failing: str) -> None:
    world.daemon.fail(failing, NoAnswerError("hung up"))
    for ask in QUESTIONS.values():
        ask(world.fallback)
    names = list(QUESTIONS)
    place = names.index(failing)
    assert [call for call, _, _ in world.daemon.calls] == names[: place + 1]
    assert [call for call, _, _ in world.direct.calls] == names[place:]
    assert (world.opened, world.counted, world.daemon.closed) == (1, 1, True)
    assert "hung up; asking the API server" in world.log.read_text()
    world.fallback.close()
    assert world.direct.closed


@pytest.mark.parametrize("failure", [errors.NotFoundError("gone"), errors.ConflictError("another")])
def test_an_answer_that_is_a_failure_is_an_answer(world: World, failure: errors.ClusterError) -> None:
    world.daemon.fail("write_status", failure)
    with pytest.raises(type(failure)):
        world.fallback.write_status(POD, {})
    assert (world.opened, world.counted) == (0, 0)


def test_the_api_servers_failures_are_those_of_the_call(world: World) -> None:
    world.daemon.fail("get_pod", NoAnswerError("hung up"))
    world.direct.fail("get_pod", errors.UnavailableError("down"))
    for _ in range(2):
        with pytest.raises(errors.UnavailableError, match="down"):
            world.fallback.get_pod("demo", "web")
    assert (world.opened, world.counted) == (1, 1)


def test_a_way_to_the_api_server_that_cannot_be_opened_is_a_failure_too(tmp_path: Path) -> None:
    def refuse() -> Cluster:
        raise errors.ConfigError("no kubeconfig")

    daemon = FakeCluster()
    daemon.fail("get_pod", NoAnswerError("hung up"))
    fallback = Fallback(daemon, refuse, log=Log(Options(stderr=False)), count=lambda: None)
    with pytest.raises(errors.ConfigError, match="no kubeconfig"):
        fallback.get_pod("demo", "web")
    fallback.close()


def test_it_shows_whom_it_asks(world: World) -> None:
    world.fallback.get_pod("demo", "web")
    assert "('get_pod', 'demo', 'web')" in repr(world.fallback)
