"""What is answered from memory, what is asked for, and that nothing is believed that could be wrong."""

from __future__ import annotations

import pytest

from multus_py.cluster import errors
from multus_py.cluster.objects import Nad, Pod
from multus_py.cluster.wire import Failure, Resolve
from multus_py.daemon.cache import nad_document, pod_document
from multus_py.daemon.resolving import Resolver
from tests.fakes.cluster import FakeCluster
from tests.fakes.lending import FakeLender, FakeMemory

NETWORKS = "k8s.v1.cni.cncf.io/networks"
DEFAULT = "v1.multus-cni.io/default-network"

POD = Pod(namespace="default", name="web", uid="u1", node="node1", annotations={NETWORKS: "net1, other/net2"})
NET1 = Nad(namespace="default", name="net1", config='{"type": "macvlan"}')
NET2 = Nad(namespace="other", name="net2", config='{"type": "ipvlan"}')
QUESTION = Resolve(namespace="default", name="web", uid="u1", multus_namespace="kube-system")


class World:
    """A resolver between memory and a cluster, which agree unless the test says otherwise."""

    def __init__(
        self, *, pod: Pod | None = POD, remembered: Pod | None = POD, nads: tuple[Nad, ...] = (NET1, NET2)
    ) -> None:
        self.cluster = FakeCluster(*([pod] if pod else []), NET1, NET2)
        self.lender = FakeLender(self.cluster)
        self.pods = FakeMemory(*([remembered] if remembered else []))
        self.nads = FakeMemory(*nads)
        self.resolver = Resolver(pods=self.pods, nads=self.nads, connections=self.lender)

    def asked(self) -> list[str]:
        """Return what the API server was asked for."""
        return [name for _, _, name in self.cluster.calls]


def test_a_pod_and_its_networks_are_answered_from_memory() -> None:
    world = World()
    found = world.resolver.from_memory(QUESTION)

    assert found is not None
    assert found.pod == pod_document(POD)
    assert found.nads == {("default", "net1"): nad_document(NET1), ("other", "net2"): nad_document(NET2)}
    assert world.resolver.resolve(QUESTION) == found
    assert world.asked() == []


def test_the_networks_that_are_asked_for_come_too_each_once() -> None:
    world = World()
    question = QUESTION.replace(nads=(("other", "net2"), ("default", "net1")))

    found = world.resolver.from_memory(question)
    assert found is not None
    assert list(found.nads) == [("other", "net2"), ("default", "net1")]


def test_networks_can_be_asked_for_without_a_pod() -> None:
    world = World(remembered=None, pod=None)
    question = Resolve(namespace="", name="", nads=(("other", "net2"),))

    found = world.resolver.from_memory(question)
    assert found is not None
    assert (found.pod, found.nads) == (None, {("other", "net2"): nad_document(NET2)})


def test_a_default_network_is_looked_for_in_the_namespace_of_multus() -> None:
    pod = POD.replace(annotations={DEFAULT: "net3"})
    world = World(pod=pod, remembered=pod)

    assert world.resolver.resolve(QUESTION).nads == {("kube-system", "net3"): None}


@pytest.mark.parametrize("annotation", ["[", "a/b/c", '[{"name": 1}]'])
def test_an_annotation_that_is_wrong_names_no_network_as_the_plugin_will_say_what_is_wrong(annotation: str) -> None:
    pod = POD.replace(annotations={NETWORKS: annotation})
    found = World(pod=pod, remembered=pod).resolver.from_memory(QUESTION)

    assert found is not None
    assert (found.pod, found.nads) == (pod_document(pod), {})


@pytest.mark.parametrize("uid", ["u2", ""], ids=["another pod", "unknown"])
def test_a_pod_of_another_uid_is_never_answered_from_memory(uid: str) -> None:
    new = POD.replace(uid="u2", annotations={NETWORKS: "net1"})
    world = World(pod=new)
    question = QUESTION.replace(uid=uid)

    assert world.resolver.from_memory(question) is None
    assert world.resolver.resolve(question).pod == pod_document(new)
    assert world.asked() == ["web"]


def test_a_pod_that_is_not_in_memory_is_asked_for() -> None:
    world = World(remembered=None)

    assert world.resolver.from_memory(QUESTION) is None
    assert world.resolver.resolve(QUESTION).pod == pod_document(POD)


def test_that_a_pod_is_gone_is_the_api_servers_word() -> None:
    world = World(pod=None, remembered=None)

    assert world.resolver.resolve(QUESTION).pod is None
    assert world.asked() == ["web"]


def test_that_a_network_is_not_there_is_the_api_servers_word() -> None:
    pod = POD.replace(annotations={NETWORKS: "net1,new,missing"})
    world = World(pod=pod, remembered=pod)
    new = Nad(namespace="default", name="new", config="{}")
    world.cluster.put(new)

    assert world.resolver.from_memory(QUESTION) is None
    assert world.resolver.resolve(QUESTION).nads == {
        ("default", "net1"): nad_document(NET1),
        ("default", "new"): nad_document(new),
        ("default", "missing"): None,
    }
    assert world.asked() == ["new", "missing"]


@pytest.mark.parametrize("which", ["pods", "nads"])
def test_memory_that_may_be_old_is_asked_about(which: str) -> None:
    world = World()
    getattr(world, which).current = False
    world.cluster.put(POD.replace(annotations={NETWORKS: "net1"}), NET1.replace(config='{"type": "new"}'))
    found = world.resolver.resolve(QUESTION)

    assert world.resolver.from_memory(QUESTION) is None
    if which == "pods":
        assert list(found.nads) == [("default", "net1")]
    else:
        assert found.nads["default", "net1"] == nad_document(NET1.replace(config='{"type": "new"}'))


def test_old_memory_is_better_than_none_while_the_api_server_is_away() -> None:
    world = World()
    world.pods.current = world.nads.current = False
    for call in ("get_pod", "get_nads"):
        world.cluster.fail(call, errors.UnavailableError("refused"))
    found = world.resolver.resolve(QUESTION)

    assert found.pod == pod_document(POD)
    assert found.nads["other", "net2"] == nad_document(NET2)


def test_an_api_server_that_is_away_is_waited_for_once_whatever_there_is_to_ask() -> None:
    world = World(nads=(NET1,))
    world.pods.current = world.nads.current = False
    world.cluster.fail("get_pod", errors.UnavailableError("refused"))
    found = world.resolver.resolve(QUESTION)
    assert found.nads == {
        ("default", "net1"): nad_document(NET1),
        ("other", "net2"): Failure(kind="unavailable", message="refused"),
    }
    assert world.asked() == ["web"]


def test_old_memory_of_another_pod_is_worse_than_none() -> None:
    world = World()
    world.cluster.fail("get_pod", errors.UnavailableError("refused"))

    with pytest.raises(errors.UnavailableError):
        world.resolver.resolve(QUESTION.replace(uid="u2"))


@pytest.mark.parametrize("error", [errors.ForbiddenError, errors.UnauthorizedError, errors.ClusterError])
def test_what_the_api_server_says_otherwise_is_not_answered_from_memory(error: type[errors.ClusterError]) -> None:
    world = World()
    world.pods.current = False
    world.cluster.fail("get_pod", error("no"))

    with pytest.raises(error):
        world.resolver.resolve(QUESTION)


def test_a_network_that_cannot_be_had_hides_none_of_the_others() -> None:
    world = World(nads=(NET1,))
    world.cluster.fail("get_nads", errors.ForbiddenError("no"))
    found = world.resolver.resolve(QUESTION)

    assert found.nads == {
        ("default", "net1"): nad_document(NET1),
        ("other", "net2"): Failure(kind="forbidden", message="no"),
    }


def test_without_a_way_to_the_api_server_what_is_in_memory_is_answered() -> None:
    world = World(nads=(NET1,))
    world.lender.broken = errors.ConfigError("no service account")
    found = world.resolver.resolve(QUESTION)

    assert found.pod == pod_document(POD)
    assert found.nads["default", "net1"] == nad_document(NET1)
    assert found.nads["other", "net2"] == Failure(kind="other", message="no service account")
