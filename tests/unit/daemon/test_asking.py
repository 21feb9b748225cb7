"""What becomes of a request, without sockets and threads: what waits is done when the test says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from multus_py.base.fields import Fields
from multus_py.cluster import errors, frames, wire
from multus_py.cluster.objects import Nad, Pod
from multus_py.cluster.port import Event, PodDevices, Report
from multus_py.daemon.asking import STALE, Answer, Requests, UnwantedError, Waiting
from multus_py.daemon.devices import Devices
from multus_py.daemon.resolving import Resolver
from multus_py.daemon.telling import Teller
from multus_py.daemon.traffic import Traffic
from tests.fakes.clock import FakeClock
from tests.fakes.cluster import FakeCluster
from tests.fakes.lending import FakeLender, FakeMemory

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONObject

POD = Pod(namespace="default", name="web", uid="u1", node="node1")
RESOLVE = wire.Resolve(namespace="default", name="web", uid="u1").document()
STATUS = wire.SetStatus(namespace="default", name="web", uid="u1", annotations={"a": "b"}).document()


class World:
    """Requests about one pod, which is in memory."""

    def __init__(self, *remembered: Pod) -> None:
        self.clock = FakeClock()
        self.cluster = FakeCluster(POD)
        lender = FakeLender(self.cluster)
        self.traffic = Traffic()
        self.teller = Teller(lender, traffic=self.traffic, wait=lambda _: False)
        self.reports: list[tuple[str, Report]] = []
        self.requests = Requests(
            devices=Devices(lender, kubelet=None, clock=self.clock),
            resolver=Resolver(pods=FakeMemory(*remembered), nads=FakeMemory(), connections=lender),
            connections=lender,
            teller=self.teller,
            traffic=self.traffic,
            report=lambda about, report: self.reports.append((about.name, report)),
            clock=self.clock,
        )

    def begin(self, document: JSONObject) -> Answer | Waiting:
        return self.requests.begin(frames.pack(document, frames.MAX_REQUEST)[frames.HEADER_SIZE :])

    def later(self, document: JSONObject, *, after: float = 0.0, wanted: bool = True) -> Fields:
        """Return the answer to what waits."""
        found = self.begin(document)
        assert isinstance(found, Waiting)
        self.clock.advance(after)
        return read(found.work(lambda: wanted))

    def outcomes(self) -> list[tuple[str, ...]]:
        return list(self.traffic.read().answers)


def read(frame: bytes) -> Fields:
    size = frames.size(frame[: frames.HEADER_SIZE], frames.MAX_ANSWER)
    body = frame[frames.HEADER_SIZE :]
    assert len(body) == size
    return frames.unpack(body)


def failure(message: Fields) -> str:
    found = wire.Failure.read(message)
    assert found is not None
    return found.kind


def test_what_is_in_memory_is_answered_at_once() -> None:
    world = World(POD)
    found = world.begin(RESOLVE)

    assert isinstance(found, Answer)
    pod = wire.Resolved.read(read(found.frame)).pod
    assert pod is not None
    assert Pod.from_document(pod) == POD
    assert world.outcomes() == [("resolve", "memory")]


def test_what_is_not_in_memory_waits_for_the_api_server() -> None:
    world = World()
    pod = wire.Resolved.read(world.later(RESOLVE)).pod

    assert pod is not None
    assert Pod.from_document(pod) == POD
    assert world.outcomes() == [("resolve", "asked")]


def test_a_pod_that_is_gone_is_an_answer() -> None:
    world = World()
    world.cluster.remove_pod("default", "web")

    assert wire.Resolved.read(world.later(RESOLVE)).pod is None
    assert world.outcomes() == [("resolve", "notFound")]


def test_a_pod_that_cannot_be_had_is_a_failure() -> None:
    world = World()
    world.cluster.fail("get_pod", errors.UnavailableError("refused"))

    assert failure(world.later(RESOLVE)) == "unavailable"
    assert world.outcomes() == [("resolve", "unavailable")]


def test_devices_wait_for_those_who_know_them() -> None:
    world = World(POD)
    world.cluster.give("default", "web", PodDevices(claimed={"a/b": ("1",)}))
    found = wire.read_devices(world.later(wire.GetDevices(namespace="default", name="web", uid="u1").document()))
    assert found == PodDevices(claimed={"a/b": ("1",)})
    assert world.outcomes() == [("devices", "asked")]


def test_devices_that_cannot_be_told_say_why() -> None:
    world = World(POD)
    world.cluster.fail("get_devices", errors.ConflictError("another one"))
    asked = wire.GetDevices(namespace="default", name="web", uid="u0").document()
    assert failure(world.later(asked)) == "conflict"
    with pytest.raises(UnwantedError):
        world.later(asked, after=STALE)


def test_the_status_is_answered_when_it_is_written() -> None:
    world = World()
    answer = world.later(STATUS)

    assert answer.raw("error") is None
    assert world.cluster.pod("default", "web").annotations == {"a": "b"}
    assert world.outcomes() == [("status", "written")]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (errors.ConflictError, "conflict"),
        (errors.NotFoundError, "notFound"),
        (errors.ForbiddenError, "forbidden"),
        (errors.UnavailableError, "unavailable"),
        (errors.UntrustedError, "other"),
    ],
)
def test_a_status_that_is_not_written_says_why(error: type[errors.ClusterError], kind: str) -> None:
    world = World()
    world.cluster.fail("write_status", error("because"))

    assert failure(world.later(STATUS)) == kind
    assert world.outcomes() == [("status", kind)]


@pytest.mark.parametrize("document", [RESOLVE, STATUS], ids=["resolve", "status"])
@pytest.mark.parametrize(("after", "wanted"), [(0.0, False), (STALE, True)], ids=["hung up", "too late"])
def test_what_nobody_waits_for_any_more_is_not_done(
    document: JSONObject,
    after: float,
    wanted: bool,  # noqa: FBT001
) -> None:
    world = World()
    with pytest.raises(UnwantedError):
        world.later(document, after=after, wanted=wanted)

    assert world.cluster.calls == []
    assert world.outcomes() == [(str(document["ask"]), "unwanted")]


def test_events_are_taken_and_reports_counted_without_an_answer() -> None:
    world = World()
    report = Report(verb="ADD", succeeded=True, seconds=0.2)
    event = Event(reason="AddedInterface", message="x")
    told = wire.Tell(namespace="default", name="web", uid="u1", events=(event,), report=report)
    found = world.begin(told.document())

    assert found == Answer(frame=b"")
    assert world.teller.waiting() == 1
    assert world.reports == [("web", report)]
    assert ("ADD", "success") in world.traffic.read().calls


@pytest.mark.parametrize("change", [{"v": 2}, {"v": None}, {"v": "1"}, {"ask": "explode"}, {"ask": None}])
def test_what_is_of_another_version_is_said_to_be_unsupported(change: JSONObject) -> None:
    world = World()
    found = world.begin({**RESOLVE, **change})

    assert isinstance(found, Answer)
    assert failure(read(found.frame)) == wire.UNSUPPORTED
    assert world.outcomes() == [("other", "unsupported")]


def test_keys_that_nobody_knows_mean_nothing() -> None:
    assert isinstance(World(POD).begin({**RESOLVE, "new": [1]}), Answer)


@pytest.mark.parametrize("body", [b"", b"GET / HTTP/1.1", b"[]", b'{"v":1,"ask":"resolve","name":1}', b"\xff"])
def test_what_is_no_request_is_not_worth_an_answer(body: bytes) -> None:
    with pytest.raises(frames.WireError):
        World().requests.begin(body)


def test_an_answer_that_is_too_large_is_a_failure() -> None:
    nads = [Nad(namespace="default", name=f"n{index}", config="x" * (1 << 20)) for index in range(17)]
    world = World()
    world.cluster.put(*nads)
    question = wire.Resolve(namespace="", name="", nads=tuple((nad.namespace, nad.name) for nad in nads))

    assert failure(world.later(question.document())) == "other"
