"""A cluster with a DRA driver: its process on a node, and what it publishes, which is written here by hand."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Mapping

from multus_py.lab.objects import JSON, Object
from tests.e2e.api import CORE
from tests.e2e.cluster import Cluster
from tests.e2e.equipment import REPOSITORY
from tests.e2e.node import Node
from tests.e2e.waiting import wait_for

API = "/apis/resource.k8s.io/v1"
DRIVER, NIC = "nics.example.com", "example.com/nic"
CLASS = "nics"
_DEVICE_ID, _RESOURCE_NAME = "k8s.cni.cncf.io/deviceID", "k8s.cni.cncf.io/resourceName"
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
_BUSES = {"node1": "3b", "fabric": "5e", "rack": "86", "parts": "af"}


@contextlib.contextmanager
def present(cluster: Cluster, node: Node) -> Iterator[None]:
    """Have the driver on a node for a while, with its devices, and the plugin `sriov`. New pods run on this node."""
    argv = ["env", f"PYTHONPATH={REPOSITORY}", sys.executable, "-m", "tests.e2e.dradriver", DRIVER]
    with node.recording("sriov"), _alone(cluster, node):
        driver = node.machine.start(argv, name="dradriver")
        try:
            registered = f"registered {DRIVER}: True"
            wait_for(lambda: registered in driver.log.read_text(), "the kubelet knows the driver", timeout=30)
            _publish_all(cluster)
            yield
        finally:
            driver.stop()
            for kind in ("resourceslices", "deviceclasses"):
                cluster.api.delete(f"{API}/{kind}")


def _publish_all(cluster: Cluster) -> None:
    selector: Object = {"cel": {"expression": f'device.driver == "{DRIVER}"'}}
    of_class: Object = {"selectors": [selector], "extendedResourceName": NIC}
    cluster.api.create(f"{API}/deviceclasses", {"metadata": {"name": CLASS}, "spec": of_class})
    for pool in PLACES:
        publish(cluster, pool, {f"{pool}-{index}": address(pool, index) for index in range(4)})
    # What a driver that was interrupted leaves behind: another generation of the same devices.
    publish(cluster, "node1", {f"node1-{index}": address("fabric", index) for index in range(4)}, generation=1)


def address(pool: str, index: int | str) -> str:
    """Return what plugins call a device."""
    return f"0000:{_BUSES[pool]}:02.{index}"


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
    cluster.api.create(f"{API}/resourceslices", document)


@contextlib.contextmanager
def published(cluster: Cluster, ids: Mapping[str, str]) -> Iterator[None]:
    """Publish the first node's pool anew for a while, with these devices only."""
    publish(cluster, "node1", ids, generation=3)
    try:
        yield
    finally:
        cluster.api.delete(f"{API}/resourceslices/node1-3")


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
