"""Devices by dynamic resource allocation: each network of a pod gets the right one of those in the pod's claims.

The scheduler allocates, the controllers make claims of templates, the kubelet has them prepared by the driver (dra.py).
"""

from __future__ import annotations

import contextlib
import sys
import urllib.request
from collections.abc import Iterator

import pytest

from multus_py.base.clock import SystemClock
from multus_py.cluster.daemon import Daemon
from multus_py.cluster.objects import Pod
from multus_py.cluster.port import PodDevices
from multus_py.lab.objects import Object, at, text
from tests.e2e import dra
from tests.e2e.api import CORE
from tests.e2e.cluster import NETWORKS, Cluster, Space, pod_spec, status_of
from tests.e2e.dra import DRIVER, NIC
from tests.e2e.equipment import BINARY
from tests.e2e.node import Node
from tests.e2e.permissions import without
from tests.e2e.waiting import wait_for

_SOCKET = "/run/multus/multus-py.sock"


@pytest.fixture(scope="module", autouse=True)
def _driver(cluster: Cluster) -> Iterator[None]:
    with dra.present(cluster, cluster.nodes[0]):
        yield


@pytest.fixture(name="node")
def _node(space: Space, left: Node) -> Node:
    """Return the node with the driver, and define a network that takes its devices."""
    left.forget("sriov")
    configuration: Object = {"cniVersion": "1.0.0", "type": "sriov", "capabilities": {"deviceID": True}}
    space.nad("nic", configuration, resource=NIC)
    return left


def wanted(pool: str, count: int = 1) -> Object:
    """Return the spec of a claim for devices of a pool."""
    prefix = f'device.attributes["k8s.cni.cncf.io"].deviceID.startsWith("{dra.address(pool, "")}")'
    exactly: Object = {"deviceClassName": dra.CLASS, "count": count, "selectors": [{"cel": {"expression": prefix}}]}
    return {"devices": {"requests": [{"name": "nic", "exactly": exactly}]}}


def claim(space: Space, name: str, spec: Object) -> None:
    space.api.create(f"{dra.API}/namespaces/{space.name}/resourceclaims", {"metadata": {"name": name}, "spec": spec})


def named(entry: str, claim: str) -> Object:
    """Return how a pod uses a claim that is there."""
    return {"name": entry, "resourceClaimName": claim}


def template(space: Space, name: str, spec: Object) -> None:
    document: Object = {"metadata": {"name": name}, "spec": {"spec": spec}}
    space.api.create(f"{dra.API}/namespaces/{space.name}/resourceclaimtemplates", document)


def create(
    space: Space, node: Node, name: str, networks: str, *claims: Object, containers: tuple[Object, ...] = ()
) -> None:
    """Create a pod that uses claims."""
    spec = pod_spec(node, *containers) | {"resourceClaims": [*claims]}
    metadata: Object = {"name": name, "annotations": {NETWORKS: networks}}
    document: Object = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
    space.api.create(f"{CORE}/namespaces/{space.name}/pods", document)


def running(space: Space) -> Object:
    """Wait until the pod runs: longer where the kubelet asked for a claim before it was allowed to see it."""
    return space.running("web", timeout=90)


def allocated(space: Space, name: str) -> list[str]:
    """Return the ids of what a claim is allocated, in order."""
    found = space.api.get(f"{dra.API}/namespaces/{space.name}/resourceclaims/{name}")
    results = at(found, "status", "allocation", "devices", "results")
    assert isinstance(results, list)
    return [dra.address(*text(result, "device").split("-")) for result in results]


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
    for pool in dra.PLACES:
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
    path = f"{dra.API}/namespaces/{space.name}/resourceclaims/ghostly"
    result: Object = {"request": "nic", "driver": DRIVER, "pool": "node1", "device": "ghost"}
    # With the time, which the scheduler would otherwise add when it reserves the claim, and is not allowed to.
    allocation: Object = {"devices": {"results": [result]}, "allocationTimestamp": "2026-01-01T00:00:00Z"}
    space.api.patch(f"{path}/status", {"status": {"allocation": allocation}})
    create(space, node, "web", "nic", named("nic", "ghostly"))
    device = f'device {DRIVER}/node1/ghost of ResourceClaim "ghostly" (the pod\'s "nic") is not published'
    space.event("web", "FailedCreatePodSandBox", f"pod {space.name}/web", device)
    wait_for(lambda: not node.records(), "the failed ADD is undone", timeout=10, found=node.leftovers)
    with dra.published(space.cluster, {"ghost": dra.address("node1", 7)}):
        running(space)
    assert attached(node) == [dra.address("node1", 7)]


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
