"""Devices by dynamic resource allocation: each network of a pod gets the right one of those in the pod's claims.

The driver's part on the node is a process of its own (dradriver.py); what it would publish is written here by hand.
"""

from __future__ import annotations

import contextlib
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from multus_py.base.clock import SystemClock
from multus_py.cluster.daemon import Daemon
from multus_py.cluster.objects import Pod
from multus_py.cluster.port import PodDevices
from multus_py.lab.objects import JSON, Object, at, text
from tests.docs import session
from tests.e2e.api import CORE
from tests.e2e.cluster import NETWORKS, Cluster, Space, pod_spec, status_of
from tests.e2e.equipment import BINARY, REPOSITORY
from tests.e2e.node import Node
from tests.e2e.permissions import without
from tests.e2e.waiting import wait_for

DRA = "/apis/resource.k8s.io/v1"
DRIVER, NIC = "nics.example.com", "example.com/nic"
_DEVICE_ID, _RESOURCE_NAME = "k8s.cni.cncf.io/deviceID", "k8s.cni.cncf.io/resourceName"
_SOCKET = "/run/multus/multus-py.sock"
_ONLY_NODE1: Object = {
    "nodeSelectorTerms": [
        {"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": ["node1"]}]}
    ]
}
PLACES: dict[str, Object] = {
    "node1": {"nodeName": "node1"},
    "fabric": {"allNodes": True},
    "rack": {"nodeSelector": _ONLY_NODE1},
    "parts": {"perDeviceNodeSelection": True},
}
"""The pools, and where their devices are: in each way that there is to say it."""
BUSES = {"node1": "3b", "fabric": "5e", "rack": "86", "parts": "af"}


@pytest.fixture(scope="module", autouse=True)
def _driver(cluster: Cluster) -> Iterator[None]:
    """Run the driver on the first node, and publish its devices."""
    node = cluster.nodes[0]
    argv = ["env", f"PYTHONPATH={REPOSITORY}", sys.executable, "-m", "tests.e2e.dradriver", DRIVER]
    driver = node.machine.start(argv, name="dradriver")
    try:
        registered = f"registered {DRIVER}: True"
        wait_for(lambda: registered in driver.log.read_text(), "the kubelet knows the driver", timeout=30)
        selector = f'device.driver == "{DRIVER}"'
        of_class: Object = {"selectors": [{"cel": {"expression": selector}}], "extendedResourceName": NIC}
        cluster.api.create(f"{DRA}/deviceclasses", {"metadata": {"name": "nics"}, "spec": of_class})
        for pool in PLACES:
            publish(cluster, pool, {f"{pool}-{index}": address(pool, index) for index in range(4)})
        # What a driver that was interrupted leaves behind: another generation of the same devices.
        publish(cluster, "node1", {f"node1-{index}": address("fabric", index) for index in range(4)}, generation=1)
        yield
    finally:
        driver.stop()
        for kind in ("resourceslices", "deviceclasses"):
            cluster.api.delete(f"{DRA}/{kind}")


@pytest.fixture(autouse=True)
def _plugin(left: Node) -> Iterator[None]:
    """Have a plugin for networks with devices, for longer than the pods of a case are there."""
    with left.recording("sriov"):
        yield


@pytest.fixture(name="node")
def _node(space: Space, left: Node) -> Node:
    configuration: Object = {"cniVersion": "1.0.0", "type": "sriov", "capabilities": {"deviceID": True}}
    space.nad("nic", configuration, resource=NIC)
    return left


def address(pool: str, index: int | str) -> str:
    """Return what plugins call a device."""
    return f"0000:{BUSES[pool]}:02.{index}"


def publish(cluster: Cluster, pool: str, ids: Mapping[str, str], *, generation: int = 2) -> None:
    """Write the slice of a pool, as a driver does."""
    selection: Object = {"nodeName": "node1"} if pool == "parts" else {}
    devices: list[JSON] = [
        {"name": name, "attributes": {_DEVICE_ID: {"string": id}, _RESOURCE_NAME: {"string": NIC}}, **selection}
        for name, id in ids.items()
    ]
    spec: Object = {"driver": DRIVER, "pool": {"name": pool, "generation": generation, "resourceSliceCount": 1}}
    document: Object = {
        "metadata": {"name": f"{pool}-{generation}"},
        "spec": spec | PLACES[pool] | {"devices": devices},
    }
    cluster.api.create(f"{DRA}/resourceslices", document)


def wanted(pool: str, count: int = 1) -> Object:
    """Return the spec of a claim for devices of a pool."""
    prefix = f'device.attributes["k8s.cni.cncf.io"].deviceID.startsWith("{address(pool, "")}")'
    exactly: Object = {"deviceClassName": "nics", "count": count, "selectors": [{"cel": {"expression": prefix}}]}
    return {"devices": {"requests": [{"name": "nic", "exactly": exactly}]}}


def claim(space: Space, name: str, spec: Object) -> None:
    space.api.create(f"{DRA}/namespaces/{space.name}/resourceclaims", {"metadata": {"name": name}, "spec": spec})


def named(entry: str, claim: str) -> Object:
    """Return how a pod uses a claim that is there."""
    return {"name": entry, "resourceClaimName": claim}


def template(space: Space, name: str, spec: Object) -> None:
    document: Object = {"metadata": {"name": name}, "spec": {"spec": spec}}
    space.api.create(f"{DRA}/namespaces/{space.name}/resourceclaimtemplates", document)


def create(
    space: Space, node: Node, name: str, networks: str, *claims: Object, containers: tuple[Object, ...] = ()
) -> None:
    """Create a pod that uses claims."""
    spec = pod_spec(node, *containers) | {"resourceClaims": [*claims]}
    metadata: Object = {"name": name, "annotations": {NETWORKS: networks}}
    document: Object = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
    space.api.create(f"{CORE}/namespaces/{space.name}/pods", document)


def running(space: Space) -> Object:
    """Wait until the pod runs: a minute longer where the kubelet asked for a claim before it was allowed to see it."""
    return space.running("web", timeout=130)


def allocated(space: Space, name: str) -> list[str]:
    """Return the ids of what a claim is allocated, in order."""
    found = space.api.get(f"{DRA}/namespaces/{space.name}/resourceclaims/{name}")
    results = at(found, "status", "allocation", "devices", "results")
    assert isinstance(results, list)
    return [address(*text(result, "device").split("-")) for result in results]


def generated(pod: Object) -> str:
    """Return the name of the one claim that was made of a template for a pod."""
    made = at(pod, "status", "resourceClaimStatuses")
    assert isinstance(made, list)
    return text(made[0], "resourceClaimName")


def attached(node: Node) -> list[str]:
    """Return the devices that the networks' plugin was told, in order."""
    adds = [call["config"] for call in node.recorded("sriov") if call["command"] == "ADD"]
    found = [text(config, "deviceID") for config in adds]
    assert [text(config, "runtimeConfig", "deviceID") for config in adds] == found
    return found


def test_dra_claims_made_of_a_template(space: Space, node: Node) -> None:
    template(space, "two", wanted("node1", count=2))
    entry: Object = {"name": "nics", "resourceClaimTemplateName": "two"}
    create(space, node, "web", "nic, nic", entry)
    pod = running(space)
    assert attached(node) == allocated(space, generated(pod))
    assert [text(one, "name") for one in status_of(pod)] == ["primary", f"{space.name}/nic", f"{space.name}/nic"]


def test_dra_claims_by_name_of_every_kind_of_slice_in_the_pods_order(space: Space, node: Node) -> None:
    order = ["rack", "parts", "node1", "fabric"]
    for pool in PLACES:
        claim(space, f"of-{pool}", wanted(pool))
    create(
        space,
        node,
        "web",
        ", ".join(["nic"] * len(order)),
        *(named(pool, f"of-{pool}") for pool in order),
    )
    running(space)
    assert attached(node) == [id for pool in order for id in allocated(space, f"of-{pool}")]


def test_dra_extended_resources(space: Space, node: Node) -> None:
    limits: Object = {"limits": {NIC: "1"}}
    containers: tuple[Object, ...] = ({"name": "b", "resources": limits}, {"name": "a", "resources": limits})
    create(space, node, "web", "nic, nic", containers=containers)
    pod = running(space)
    status = at(pod, "status", "extendedResourceClaimStatus")
    mappings = at(status, "requestMappings")
    assert isinstance(mappings, list)
    assert [text(mapping, "containerName") for mapping in mappings] == ["b", "a"]
    found = attached(node)
    assert found == allocated(space, text(status, "resourceClaimName"))
    assert len(set(found)) == 2


def test_dra_a_device_that_is_not_published(space: Space, node: Node) -> None:
    """The claim's allocation is written as a driver's own controller would write it."""
    claim(space, "ghostly", wanted("node1"))
    path = f"{DRA}/namespaces/{space.name}/resourceclaims/ghostly"
    result: Object = {"request": "nic", "driver": DRIVER, "pool": "node1", "device": "ghost"}
    space.api.patch(f"{path}/status", {"status": {"allocation": {"devices": {"results": [result]}}}})
    create(space, node, "web", "nic", named("nic", "ghostly"))
    device = f'device {DRIVER}/node1/ghost of ResourceClaim "ghostly" (the pod\'s "nic") is not published'
    space.event("web", "FailedCreatePodSandBox", f"pod {space.name}/web", device)
    wait_for(lambda: not node.records(), "the failed ADD is undone", timeout=10, found=node.leftovers)
    with published(space.cluster, {"ghost": address("node1", 7)}):
        running(space)
    assert attached(node) == [address("node1", 7)]


@contextlib.contextmanager
def published(cluster: Cluster, ids: Mapping[str, str]) -> Iterator[None]:
    """Publish the first node's pool anew for a while, with these devices only."""
    publish(cluster, "node1", ids, generation=3)
    try:
        yield
    finally:
        cluster.api.delete(f"{DRA}/resourceslices/node1-3")


@pytest.mark.parametrize(
    ("resource", "verb"), [("resourceclaims", "get"), ("resourceslices", "list")], ids=["claims", "slices"]
)
def test_dra_without_a_rule_the_pod_says_what_is_missing(space: Space, node: Node, *, resource: str, verb: str) -> None:
    claim(space, "one", wanted("node1"))
    with without(space.cluster, resource, verb):
        create(space, node, "web", "nic", named("nic", "one"))
        message = f"the node's account may not {verb} {resource}.resource.k8s.io"
        space.event("web", "FailedCreatePodSandBox", message, "forbidden")
        space.pod("others", "", on=node)
        space.running("others")
    running(space)
    assert attached(node) == allocated(space, "one")


def test_dra_through_the_daemon(space: Space, node: Node) -> None:
    template(space, "one", wanted("node1"))
    entry: Object = {"name": "nics", "resourceClaimTemplateName": "one"}
    with _daemon(node):
        create(space, node, "web", "nic", entry)
        pod = running(space)
        assert attached(node) == allocated(space, generated(pod))
        numbers = _metrics(node)
        with contextlib.closing(Daemon(str(node.machine.path(_SOCKET)), clock=SystemClock(), timeout=10)) as client:
            told = client.get_devices(Pod.from_document(pod))
    assert told == PodDevices(claimed={NIC: tuple(attached(node))}, kubelet={})
    asked = [name for name in numbers if name.startswith("multus_requests_total") and '"devices"' in name]
    assert [(numbers[name], '"asked"' in name) for name in asked] == [(1, True)]
    assert numbers["multus_fallbacks_total"] == 0


def test_dra_by_the_documentation(space: Space, node: Node, tmp_path: Path) -> None:
    environment = space.cluster.user(tmp_path / "kubeconfig", namespace=space.name)
    folder = tmp_path / "desk"
    folder.mkdir()
    with _alone(space.cluster, node):  # the driver is on this node only
        session.follow(REPOSITORY / "docs/devices-dra.md", "console dra", folder=folder, environment=environment)
    assert len(attached(node)) == 4


@contextlib.contextmanager
def _alone(cluster: Cluster, node: Node) -> Iterator[None]:
    """Let new pods run on one node only for a while."""
    others = [f"{CORE}/nodes/{other.name}" for other in cluster.nodes if other is not node]
    for path in others:
        cluster.api.patch(path, {"spec": {"unschedulable": True}})
    try:
        yield
    finally:
        for path in others:
            cluster.api.patch(path, {"spec": {"unschedulable": None}})


@contextlib.contextmanager
def _daemon(node: Node) -> Iterator[None]:
    """Run a daemon that serves the plugin and leaves the node's configuration alone."""
    program = [BINARY] if BINARY else [sys.executable, "-m", "multus_py"]
    options = {
        "cni-conf-dir": "/run/unused",
        "socket-dir": "/run/multus",
        "pod-resources-dir": "/var/lib/kubelet/pod-resources",
        "kubeconfig": "/etc/cni/net.d/multus.d/multus.kubeconfig",
        "node-name": node.name,
        "metrics-port": "9489",
    }
    daemon = node.machine.start(
        [*program, "daemon", *(f"--{key}={value}" for key, value in options.items())], name="daemon"
    )
    try:
        socket = node.machine.path(_SOCKET)
        wait_for(lambda: socket.exists() and not daemon.ended, "the daemon serves", timeout=20)
        yield
    finally:
        daemon.stop()


def _metrics(node: Node) -> dict[str, float]:
    """Return the daemon's numbers, as Prometheus gets them."""
    with urllib.request.urlopen(f"http://{node.address.node}:9489/metrics", timeout=10) as response:
        lines: list[str] = response.read().decode().splitlines()
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines) if name[:1] != "#"}
