"""The flows that users follow, each with its manifest from conf/examples."""

from __future__ import annotations

from multus_py.lab.objects import at, text
from tests.e2e.cluster import CONF, Space, status_of
from tests.e2e.node import Node

EXAMPLES = CONF / "examples"


def test_f1_two_nodes_ping_over_a_direct_link(space: Space, left: Node, right: Node) -> None:
    space.apply(EXAMPLES / "two-nodes.yaml")
    pod1, pod2 = space.running("pod1"), space.running("pod2")

    for node, pod, address in ((left, pod1, "203.0.113.131/25"), (right, pod2, "203.0.113.132/25")):
        addresses = node.addresses(pod)
        assert addresses == {"eth0": [f"{text(pod, 'status', 'podIP')}/25"], "net1": [address]}
        assert node.interfaces(pod)["net1"].kind == "macvlan"
        assert node.ping(pod, node.address.gateway, interface="eth0")
        assert f"default via {node.address.gateway} dev eth0" in node.routes(pod)

        primary, second = status_of(pod)
        assert (primary["name"], primary["default"], primary["ips"]) == ("primary", True, [at(pod, "status", "podIP")])
        assert second["name"] == f"{space.name}/macvlan-conf"
        assert (second["interface"], second["ips"]) == ("net1", [address.partition("/")[0]])
        assert second["mac"] == node.interfaces(pod)["net1"].mac
        space.event(text(pod, "metadata", "name"), "AddedInterface", f"Add net1 [{address}]", "macvlan-conf")
    assert left.interfaces(pod1)["net1"].mac == "02:00:00:00:71:31"
    assert left.ping(pod1, "203.0.113.132", interface="net1")
    assert right.ping(pod2, "203.0.113.131", interface="net1")
