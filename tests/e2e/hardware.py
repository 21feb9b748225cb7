"""Nodes with hardware: device plugins that advertise it, and a CNI plugin for it that writes down what it is told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager

from multus_py.lab.objects import text
from tests.e2e.api import CORE
from tests.e2e.cluster import Cluster
from tests.e2e.node import Node
from tests.e2e.waiting import wait_for

FAST, SLOW = "example.com/fast", "example.com/slow"
DEVICES = {
    # Of the first one, devices without a place, near one NUMA node, and near two.
    FAST: [f"0000:03:02.{number}{place}" for number, place in enumerate(("", "@0", "@1", "@0,1", "@0", "@1", "", ""))],
    SLOW: ["0000:04:00.0@0", "0000:04:00.1@1"],
}


@contextmanager
def present(cluster: Cluster, node: Node, devices: Mapping[str, Sequence[str]]) -> Iterator[None]:
    """Have devices on a node for a while, and the plugin `sriov`."""
    with ExitStack() as stack:
        stack.enter_context(node.recording("sriov"))
        for resource, ids in devices.items():
            stack.enter_context(node.device_plugin(resource, *ids))
        for resource, ids in devices.items():
            _wait(cluster, node, resource, len(ids))
        yield
    for resource in devices:
        _wait(cluster, node, resource, 0)


def _wait(cluster: Cluster, node: Node, resource: str, count: int) -> None:
    def offered() -> str:
        return text(cluster.api.get(f"{CORE}/nodes/{node.name}"), "status", "allocatable", resource)

    wait_for(lambda: offered() == str(count), f"{node.name} has {count} of {resource}", timeout=60, found=offered)
