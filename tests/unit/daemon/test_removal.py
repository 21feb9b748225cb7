from __future__ import annotations

import pytest

from multus_py.base.clock import Deadline
from multus_py.daemon.apiserver import Answer, UnreachableError
from multus_py.daemon.removal import DOUBT, PATIENCE, Removal
from multus_py.lab.objects import Object
from tests.fakes.clock import FakeClock

POD = "/api/v1/namespaces/kube-system/pods/multus-x1"
DAEMONSET = "/apis/apps/v1/namespaces/kube-system/daemonsets/mine"
ENVIRONMENT = {"POD_NAME": "multus-x1", "POD_NAMESPACE": "kube-system"}
OWNED: Object = {"metadata": {"ownerReferences": [{"kind": "Node"}, {"kind": "DaemonSet", "name": "mine"}]}}
THERE: Object = {"metadata": {"name": "mine"}}


class FakeServer:
    """An API server that answers by path: a document, a status without one, or not at all (0)."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.answers: dict[str, list[Object | int]] = {POD: [OWNED], DAEMONSET: [THERE]}
        self.asked: list[str] = []

    def get(self, path: str, deadline: Deadline) -> Answer:
        self.asked.append(path)
        waiting = self.answers[path]
        answer = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        if answer == 0:
            self.clock.advance(deadline.remaining() or 0)
            raise UnreachableError("no answer in time")
        if isinstance(answer, int):
            return Answer(status=answer, document={})
        return Answer(status=200, document=answer)


class World:
    def __init__(self, environment: dict[str, str] = ENVIRONMENT) -> None:
        self.clock = FakeClock()
        self.server = FakeServer(self.clock)
        self.removal = Removal(environment, server=self.server, clock=self.clock)

    def reason(self, *answers: Object | int) -> str:
        """Return the reason that is found when the server answers this about the DaemonSet; the last one stays."""
        self.server.answers[DAEMONSET] = list(answers)
        self.start = self.clock.monotonic()
        return self.removal.reason()


@pytest.fixture
def world() -> World:
    world = World()
    assert world.removal.learn()
    return world


def test_a_restart_or_an_upgrade_is_no_removal(world: World) -> None:
    assert world.reason(THERE) == ""
    assert world.clock.sleeps == []


def test_a_daemonset_that_is_deleted_is_a_removal(world: World) -> None:
    assert world.reason(404) == "DaemonSet kube-system/mine is deleted"


def test_a_daemonset_that_is_being_deleted_is_a_removal(world: World) -> None:
    going: Object = {"metadata": {"deletionTimestamp": "2026-11-21T12:00:00Z"}}

    assert world.reason(going) == "DaemonSet kube-system/mine is being deleted"


@pytest.mark.parametrize("refusal", [401, 403])
def test_a_refusal_that_lasts_is_a_removal_as_the_account_goes_with_the_daemonset(world: World, refusal: int) -> None:
    assert f"cannot be asked for any more ({refusal})" in world.reason(refusal)
    assert world.clock.monotonic() - world.start >= DOUBT


def test_a_refusal_that_does_not_last_is_none(world: World) -> None:
    assert world.reason(401, 401, THERE) == ""


@pytest.mark.parametrize("failure", [0, 500, 429], ids=["no answer", "500", "429"])
def test_without_an_answer_the_node_stays_as_it_is(world: World, failure: int) -> None:
    assert world.reason(failure) == ""
    assert world.clock.monotonic() - world.start <= PATIENCE


def test_an_answer_that_comes_late_is_an_answer(world: World) -> None:
    assert world.reason(500, 503, 404) == "DaemonSet kube-system/mine is deleted"


def test_who_may_not_ask_from_the_beginning_believes_no_refusal() -> None:
    world = World()
    world.server.answers[DAEMONSET] = [403]

    assert not world.removal.learn()
    assert world.reason(403) == ""
    assert world.reason(404) == ""


@pytest.mark.parametrize(
    "pod",
    [0, 404, {}, {"metadata": {"ownerReferences": [{"kind": "ReplicaSet", "name": "mine"}]}}, {"metadata": "odd"}],
    ids=["no answer", "404", "no owner", "no DaemonSet", "odd"],
)
def test_who_is_of_no_daemonset_is_never_removed(pod: Object | int) -> None:
    world = World()
    world.server.answers[POD] = [pod]

    assert not world.removal.learn()
    assert world.reason(404) == ""


def test_outside_of_a_pod_nobody_is_asked() -> None:
    world = World({})

    world.removal.watch()

    assert world.reason(404) == ""
    assert world.server.asked == []


def test_who_cannot_learn_it_at_once_tries_again_in_the_background() -> None:
    world = World()
    world.server.answers[POD] = [0, 500, OWNED]

    world.removal._learn_in_time()

    assert len(world.clock.sleeps) == 2
    assert world.reason(404)
