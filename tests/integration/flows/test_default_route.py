"""default-route: what the pod's kernel really does with its packets, and that the status says the same."""

from __future__ import annotations

import pytest

from multus_py.lab.objects import JSON
from multus_py.lab.runtime import PluginError
from tests.integration.flows import networks
from tests.integration.flows.world import CLUSTER_GATEWAY, PEER, PEER6, Pod, World

pytestmark = pytest.mark.root

CLUSTER6, CLUSTER6_GATEWAY = "2001:db8:1::/64", "2001:db8:1::1"
NET1 = ("203.0.113.7/24", "2001:db8:2::7/64")


@pytest.fixture
def dual(world: World) -> World:
    """Give the cluster network both families, and create the network `data` with both, and no route of its own."""
    world.cluster_network = world.node.cluster_network("198.51.100.0/24", CLUSTER6)
    world.configured()
    world.network("data", networks.macvlan(networks.static(*NET1), version="1.0.0"))
    return world


def routes_of(pod: Pod) -> tuple[list[str], list[str]]:
    return pod.defaults("0.0.0.0/0"), pod.defaults("::/0")


def gateways(world: World, pod: Pod) -> list[JSON]:
    return [entry.get("gateway") for entry in world.status(pod)]


OF_ETH0 = ([f"{CLUSTER_GATEWAY} eth0"], [f"{CLUSTER6_GATEWAY} eth0"])
CASES: dict[str, tuple[list[JSON], tuple[list[str], list[str]], list[JSON]]] = {
    "IPv4 alone": (
        [PEER],
        ([f"{PEER} net1"], OF_ETH0[1]),
        [[CLUSTER6_GATEWAY], [PEER]],
    ),
    "IPv6 alone": (
        [PEER6],
        (OF_ETH0[0], [f"{PEER6} net1"]),
        [[CLUSTER_GATEWAY], [PEER6]],
    ),
    "both": (
        [PEER, PEER6],
        ([f"{PEER} net1"], [f"{PEER6} net1"]),
        [None, [PEER, PEER6]],
    ),
}


@pytest.mark.parametrize(("asked", "expected", "written"), CASES.values(), ids=list(CASES))
def test_the_default_route_of_a_family_moves_to_the_network_that_asks_for_it(
    dual: World, asked: list[JSON], expected: tuple[list[str], list[str]], written: list[JSON]
) -> None:
    pod = dual.start("pod1", [{"name": "data", "default-route": asked}])
    assert routes_of(pod) == expected
    assert gateways(dual, pod) == written
    pod.ping(CLUSTER_GATEWAY, over="eth0")
    pod.ping(CLUSTER6_GATEWAY, over="eth0")
    pod.ping(PEER, over="net1")
    dual.runtime.check(pod.sandbox)


def test_packets_take_the_new_way(dual: World) -> None:
    dual.peer.run(["ip", "address", "add", "192.0.2.77/32", "dev", "lo"])
    pod = dual.start("pod1", [{"name": "data", "default-route": [PEER]}])
    pod.sandbox.namespace.run(["ping", "-c", "1", "-W", "5", "192.0.2.77"])


def test_an_empty_list_keeps_the_networks_own_default_route_and_removes_the_others(world: World) -> None:
    ipam = networks.static("203.0.113.7/24", routes=[{"dst": "0.0.0.0/0", "gw": PEER}])
    world.network("own", networks.macvlan(ipam, version="1.0.0"))
    pod = world.start("pod1", [{"name": "own", "default-route": []}])
    assert pod.defaults() == [f"{PEER} net1"]
    assert gateways(world, pod) == [None, [PEER]]


def test_a_gateway_out_of_reach_undoes_everything(dual: World) -> None:
    pod = dual.pod("pod1", [{"name": "data", "default-route": ["192.0.2.200"]}])
    with pytest.raises(PluginError, match=r"default/pod1/.*cannot set the default route to net1: .*192\.0\.2\.200"):
        dual.add(pod)
    assert dual.left() == []


def test_two_networks_that_want_the_same_route_are_refused_before_anything_is_done(dual: World) -> None:
    dual.network("more", networks.macvlan(networks.static("203.0.113.8/24")))
    asked: list[JSON] = [{"name": name, "default-route": [PEER]} for name in ("data", "more")]
    pod = dual.pod("pod1", asked)
    with pytest.raises(PluginError, match="default-route: "):
        dual.add(pod)
    assert dual.left() == []
