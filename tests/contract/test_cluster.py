"""What all adapters of the cluster port have in common.

The same cases for the fake, for an API server over TLS, and for a daemon in front of it.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest

from multus_py.base.clock import SystemClock
from multus_py.base.log import Log, Options
from multus_py.cluster import errors, kubeconfig, port
from multus_py.cluster.daemon import Daemon
from multus_py.cluster.direct import Direct
from multus_py.cluster.fallback import Fallback
from multus_py.cluster.objects import Nad, Pod
from multus_py.cluster.port import Event, PodDevices, Report
from multus_py.daemon.journal import Journal
from multus_py.daemon.serving import Place, Serving
from multus_py.lab.apiserver import APIServer
from tests.fakes import dra
from tests.fakes.cluster import FakeCluster, get_nad

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONObject
    from multus_py.cluster.port import Cluster

CONFIG = '{"cniVersion": "1.0.0", "type": "macvlan", "name": "<ü>"}'
CLOCK = SystemClock()
DRIVER = "nics.example.com"
RESOURCE = "k8s.v1.cni.cncf.io/resourceName"


class World(Protocol):
    """An adapter, and the cluster behind it as everybody else sees and changes it."""

    @property
    def cluster(self) -> Cluster: ...
    def create_pod(self, name: str, annotations: dict[str, str], *claims: str) -> None: ...
    def allocate(self, pod: str, claim: str, *devices: tuple[str, str]) -> None:
        """Allocate devices to a claim, each with its id and its resource, and reserve it for a pod."""

    def create_nad(self, name: str, config: str | None, annotations: dict[str, str]) -> None: ...
    def delete_pod(self, name: str) -> None: ...
    def annotations(self, name: str) -> dict[str, str]: ...
    def events(self) -> list[tuple[str, str, str, str]]: ...


class FakeWorld:
    """The fake. A pod that is created again has another UID, as everywhere."""

    def __init__(self) -> None:
        self._fake = FakeCluster()
        self.cluster: Cluster = self._fake
        self._created = 0
        self._claims: dict[str, tuple[str, ...]] = {}
        self._allocated: dict[str, tuple[tuple[str, str], ...]] = {}

    def create_pod(self, name: str, annotations: dict[str, str], *claims: str) -> None:
        self._created += 1
        self._claims[name] = claims
        uid = f"uid-{self._created}"
        self._fake.put(Pod(namespace="default", name=name, uid=uid, annotations=annotations, node="node1"))

    def allocate(self, pod: str, claim: str, *devices: tuple[str, str]) -> None:
        self._allocated[claim] = devices
        claimed: dict[str, tuple[str, ...]] = {}
        for id, resource in (each for name in self._claims[pod] for each in self._allocated.get(name, ())):
            claimed[resource] = (*claimed.get(resource, ()), id)
        self._fake.give("default", pod, PodDevices(claimed=claimed))

    def create_nad(self, name: str, config: str | None, annotations: dict[str, str]) -> None:
        resource = annotations.get(RESOURCE, "")
        self._fake.put(
            Nad(namespace="default", name=name, config=config or "", resource_name=resource, annotations=annotations)
        )

    def delete_pod(self, name: str) -> None:
        self._fake.remove_pod("default", name)

    def annotations(self, name: str) -> dict[str, str]:
        return dict(self._fake.pod("default", name).annotations)

    def events(self) -> list[tuple[str, str, str, str]]:
        return [(pod.name, event.type, event.reason, event.message) for pod, event in self._fake.events]


class LabWorld:
    """The direct adapter, and the lab's API server."""

    def __init__(self, server: APIServer, path: Path) -> None:
        self._server = server
        access = kubeconfig.load(str(server.kubeconfig(path)))
        self.cluster: Cluster = Direct(access, clock=CLOCK, log=Log(Options(stderr=False)))

    def create_pod(self, name: str, annotations: dict[str, str], *claims: str) -> None:
        metadata: JSONObject = {"name": name, "namespace": "default", "annotations": {**annotations}}
        spec: JSONObject = {"nodeName": "node1"}
        if claims:
            spec["resourceClaims"] = [{"name": f"of-{claim}", "resourceClaimName": claim} for claim in claims]
        self._server.create({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, "status": {}})

    def allocate(self, pod: str, claim: str, *devices: tuple[str, str]) -> None:
        uid = dra.uid(self._server.get("pod", pod))
        names = [f"{claim}-{index}" for index, _ in enumerate(devices)]
        self._server.create(dra.slice_of(claim, dict(zip(names, devices, strict=True)), driver=DRIVER, node="node1"))
        self._server.create(dra.claim(claim, [(DRIVER, claim, name) for name in names], reserved_for=[uid]))

    def create_nad(self, name: str, config: str | None, annotations: dict[str, str]) -> None:
        metadata: JSONObject = {"name": name, "namespace": "default", "annotations": {**annotations}}
        document: JSONObject = {"kind": "NetworkAttachmentDefinition", "metadata": metadata}
        if config is not None:
            document["spec"] = {"config": config}
        self._server.create({"apiVersion": "k8s.cni.cncf.io/v1", **document})

    def delete_pod(self, name: str) -> None:
        self._server.delete("pod", name)

    def annotations(self, name: str) -> dict[str, str]:
        return dict(self.cluster.get_pod("default", name).annotations)

    def events(self) -> list[tuple[str, str, str, str]]:
        found = []
        for event in self._server.list("event", "default"):
            involved = event["involvedObject"]
            assert isinstance(involved, dict)
            found.append((str(involved["name"]), str(event["type"]), str(event["reason"]), str(event["message"])))
        return found


class DaemonWorld(LabWorld):
    """A daemon that watches the lab's API server, and the adapter that asks it."""

    def __init__(self, server: APIServer, path: Path) -> None:
        super().__init__(server, path / "kubeconfig")
        self._direct = self.cluster
        self._serving = Serving(
            Place(directory=path / "daemon", node="node1"),
            lambda: kubeconfig.load(str(path / "kubeconfig")),
            environ={},
            clock=CLOCK,
            jitter=lambda: 0.0,
            journal=Journal(io.StringIO(), CLOCK),
        )
        self._serving.start()
        assert self._serving.tend() == []
        daemon = Daemon(str(path / "daemon" / port.SOCKET), clock=CLOCK, timeout=60)
        self.cluster = self._telling = Telling(
            daemon, lambda: self._direct, log=Log(Options(stderr=False)), count=self._count
        )
        self.counted = 0
        """How often the daemon was of no help."""

    def events(self) -> list[tuple[str, str, str, str]]:
        """Wait for what the daemon tells in its own time."""
        while len(found := super().events()) < self._telling.told:
            CLOCK.sleep(0.01)
        return found

    def close(self) -> None:
        self.cluster.close()
        self._serving.close(patience=10)

    def _count(self) -> None:
        self.counted += 1


class Telling(Fallback):
    """Knows how many events were handed over."""

    told = 0

    def post_events(self, pod: Pod, happened: Sequence[Event], report: Report | None = None) -> None:
        self.told += len(happened)
        super().post_events(pod, happened, report)


@pytest.fixture(params=["fake", "direct", "daemon"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    if request.param == "fake":
        yield FakeWorld()
        return
    with APIServer() as server:
        if request.param == "direct":
            made = LabWorld(server, tmp_path / "kubeconfig")
            yield made
            made.cluster.close()
            return
        through = DaemonWorld(server, tmp_path)
        try:
            yield through
        finally:
            through.close()
        assert through.counted == 0 or request.function in BEYOND_THE_DAEMON


def test_a_pod_is_found(world: World) -> None:
    world.create_pod("web", {"a": "b", "kubernetes.io/config.source": "file"})
    pod = world.cluster.get_pod("default", "web")
    assert (pod.namespace, pod.name, pod.node) == ("default", "web", "node1")
    assert pod.annotations == {"a": "b", "kubernetes.io/config.source": "file"}
    assert pod.uid
    assert pod.is_static


def test_a_definition_is_found(world: World) -> None:
    world.create_nad("net", CONFIG, {RESOURCE: "intel.com/sriov", "x": "y"})
    nad = get_nad(world.cluster, "default", "net")
    assert (nad.namespace, nad.name, nad.config, nad.resource_name) == ("default", "net", CONFIG, "intel.com/sriov")
    assert nad.annotations["x"] == "y"


def test_a_definition_without_a_spec_is_found(world: World) -> None:
    world.create_nad("net", None, {})
    nad = get_nad(world.cluster, "default", "net")
    assert (nad.config, nad.resource_name) == ("", "")


@pytest.mark.parametrize(("namespace", "name"), [("default", "other"), ("other", "web")], ids=["name", "namespace"])
def test_what_is_not_there_is_not_found(world: World, namespace: str, name: str) -> None:
    world.create_pod("web", {})
    world.create_nad("web", CONFIG, {})
    with pytest.raises(errors.NotFoundError, match=name):
        world.cluster.get_pod(namespace, name)
    with pytest.raises(errors.NotFoundError, match=name):
        get_nad(world.cluster, namespace, name)


def test_definitions_are_looked_up_together_and_each_has_its_own_answer(world: World) -> None:
    names = [f"net{index}" for index in range(12)]
    for name in names:
        world.create_nad(name, CONFIG, {})
    wanted = [("default", name) for name in ["missing", *names, "..", names[0]]]
    missing, *found, impossible, again = world.cluster.get_nads(wanted)
    assert isinstance(missing, errors.NotFoundError)
    assert [nad.name for nad in found if isinstance(nad, Nad)] == names
    assert isinstance(impossible, errors.ClusterError)
    assert not isinstance(impossible, errors.NotFoundError)
    assert again == found[0]


def test_nothing_is_looked_up_or_told_when_nothing_is_wanted(world: World) -> None:
    world.create_pod("web", {})
    world.cluster.post_events(world.cluster.get_pod("default", "web"), [])
    assert world.cluster.get_nads([]) == []
    assert world.events() == []


@pytest.mark.parametrize("name", ["", ".", "..", "../web", "web/log", "%2e%2e"])
def test_what_can_be_no_name_is_an_error_but_not_a_missing_object(world: World, name: str) -> None:
    world.create_pod("web", {})
    for namespace, wanted in (("default", name), (name, "web")):
        with pytest.raises(errors.ClusterError) as caught:
            world.cluster.get_pod(namespace, wanted)
        assert not isinstance(caught.value, errors.NotFoundError)
        with pytest.raises(errors.ClusterError) as caught:
            get_nad(world.cluster, namespace, wanted)
        assert not isinstance(caught.value, errors.NotFoundError)


def test_names_with_odd_characters_are_not_found(world: World) -> None:
    for name in ("a b", "a?b=c", "a#b", "ü"):
        with pytest.raises(errors.NotFoundError):
            world.cluster.get_pod("default", name)


def test_a_pod_without_claims_has_no_claimed_devices(world: World) -> None:
    world.create_pod("web", {})
    found = world.cluster.get_devices(world.cluster.get_pod("default", "web"))
    assert (dict(found.claimed), found.kubelet) == ({}, None)


def test_claimed_devices_come_in_the_order_of_the_pods_claims(world: World) -> None:
    world.create_pod("web", {}, "second", "first")
    world.allocate("web", "first", ("0000:3b:02.1", "vendor.com/a"), ("0000:3b:02.0", "vendor.com/a"))
    world.allocate("web", "second", ("0000:3b:03.0", "vendor.com/b"), ("0000:3b:02.7", "vendor.com/a"))
    found = world.cluster.get_devices(world.cluster.get_pod("default", "web"))
    assert dict(found.claimed) == {
        "vendor.com/a": ("0000:3b:02.7", "0000:3b:02.1", "0000:3b:02.0"),
        "vendor.com/b": ("0000:3b:03.0",),
    }
    assert (found.kubelet, found.passed_over) == (None, ())


def test_annotations_are_set_and_the_others_stay(world: World) -> None:
    world.create_pod("web", {"kept": "yes", "changed": "old"})
    pod = world.cluster.get_pod("default", "web")
    world.cluster.write_status(pod, {"changed": "new", "added": '[{"name": "<ü>"}]'})
    assert world.annotations("web") == {"kept": "yes", "changed": "new", "added": '[{"name": "<ü>"}]'}


def test_annotations_can_be_set_again(world: World) -> None:
    world.create_pod("web", {})
    pod = world.cluster.get_pod("default", "web")
    for text in ("1", "2"):
        world.cluster.write_status(pod, {"a": text})
    assert world.annotations("web") == {"a": "2"}


def test_another_pod_of_that_name_is_left_alone(world: World) -> None:
    world.create_pod("web", {})
    pod = world.cluster.get_pod("default", "web")
    world.delete_pod("web")
    world.create_pod("web", {"other": "pod"})
    with pytest.raises(errors.ConflictError, match="web"):
        world.cluster.write_status(pod, {"a": "b"})
    assert world.annotations("web") == {"other": "pod"}


def test_the_status_of_a_pod_that_is_gone_is_not_found(world: World) -> None:
    world.create_pod("web", {})
    pod = world.cluster.get_pod("default", "web")
    world.delete_pod("web")
    with pytest.raises(errors.NotFoundError, match="web"):
        world.cluster.write_status(pod, {"a": "b"})


def test_events_are_told(world: World) -> None:
    world.create_pod("web", {})
    pod = world.cluster.get_pod("default", "web")
    added = Event(reason="AddedInterface", message="Add net1 [192.0.2.7/24] from default/net")
    missing = Event(type="Warning", reason="NoNetworkFound", message="cannot find it")
    world.cluster.post_events(pod, [added, missing])
    assert sorted(world.events()) == [
        ("web", "Normal", "AddedInterface", "Add net1 [192.0.2.7/24] from default/net"),
        ("web", "Warning", "NoNetworkFound", "cannot find it"),
    ]


BEYOND_THE_DAEMON = {
    test_what_can_be_no_name_is_an_error_but_not_a_missing_object,
    test_definitions_are_looked_up_together_and_each_has_its_own_answer,
}
"""A name that nothing can have is no question for the daemon; the direct way says what is wrong with it."""


def test_closing_twice_does_no_harm(world: World) -> None:
    world.cluster.close()
    world.cluster.close()
