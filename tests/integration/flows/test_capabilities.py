"""Addresses, MACs, port mappings and bandwidth: from the runtime or the annotation to the plugins, and back on DEL."""

from __future__ import annotations

import json
import socket

import pytest

from multus_py.lab import netlink
from multus_py.lab.objects import JSON, Object, section
from tests.integration.flows import networks
from tests.integration.flows.world import PEER, World

pytestmark = pytest.mark.root

MAC = "02:00:00:00:00:07"
PORTS: list[JSON] = [{"hostPort": 8080, "containerPort": 80, "protocol": "tcp"}]
BANDWIDTH: Object = {"ingressRate": 8000000, "ingressBurst": 800000, "egressRate": 4000000, "egressBurst": 400000}


def chain(name: str, first: Object, *others: Object) -> Object:
    return {"cniVersion": "1.0.0", "name": name, "plugins": [first, *others]}


def second_bridge(world: World, *others: Object) -> Object:
    bridge: Object = {
        "type": "bridge",
        "bridge": "data0",
        "isGateway": True,
        "ipam": world.node.host_local("203.0.113.0/26"),
    }
    return chain("data", bridge, *others)


def port_rules(world: World) -> list[str]:
    """Return the rules on the node that send packets to pods."""
    saved = world.node.namespace.run(["iptables-save", "-t", "nat"]).stdout.splitlines()
    return [line for line in saved if "DNAT --to" in line or "--dport 8080" in line or "dports 8080" in line]


def qdiscs(world: World) -> list[str]:
    shown = json.loads(world.node.namespace.run(["tc", "-j", "qdisc", "show"]).stdout)
    return sorted(str(qdisc["kind"]) for qdisc in shown if qdisc["kind"] in {"tbf", "ingress"})


def test_a_pod_gets_the_addresses_and_the_mac_that_it_asks_for(world: World) -> None:
    macvlan = networks.macvlan({"type": "static"}, capabilities={"ips": True})
    world.network("data", chain("data", macvlan, {"type": "tuning", "capabilities": {"mac": True}}))
    addresses: list[JSON] = ["203.0.113.7/24", "2001:db8:2::7/64"]
    pod = world.start("pod1", [{"name": "data", "ips": addresses, "mac": MAC}])
    assert pod.addresses("net1") == addresses
    assert pod.interface("net1").mac == MAC
    _, entry = world.status(pod)
    assert (entry["ips"], entry["mac"]) == (["203.0.113.7", "2001:db8:2::7"], MAC)
    pod.ping(PEER, over="net1")
    world.runtime.check(pod.sandbox)


def test_host_local_gives_the_address_that_a_pod_asks_for(world: World) -> None:
    world.network("data", networks.storage(world.node, capabilities={"ips": True}))
    pod = world.start("pod1", [{"name": "data", "ips": ["203.0.113.77"]}])
    assert pod.addresses("net1") == ["203.0.113.77/24"]


def test_a_plugin_without_the_capability_gets_the_address_through_cni_args_alone(world: World) -> None:
    world.network("data", networks.storage(world.node))
    world.network("probe", world.recorder("probe"))
    asked: list[JSON] = ["203.0.113.77"]
    pod = world.start("pod1", [{"name": "data", "ips": asked}, {"name": "probe", "ips": asked}])
    assert pod.addresses("net1") == ["203.0.113.77/24"]
    [probed] = world.recorded("probe", "ADD")
    assert "runtimeConfig" not in section(probed, "config")


def test_the_runtimes_port_mappings_reach_the_cluster_network_alone(world: World) -> None:
    portmap: Object = {"type": "portmap", "capabilities": {"portMappings": True}, "snat": True}
    bridge = {key: value for key, value in world.cluster_network.items() if key not in {"cniVersion", "name"}}
    world.cluster_network = chain("cluster", bridge, portmap)
    world.configured(capabilities={"portMappings": True})
    world.network("probe", world.recorder("probe", capabilities={"portMappings": True}))
    pod = world.pod("pod1", "probe")
    world.add(pod, portMappings=PORTS)
    [probed] = world.recorded("probe", "ADD")
    assert "runtimeConfig" not in section(probed, "config")
    _assert_reachable(world)
    world.delete(pod)
    assert port_rules(world) == []


def test_port_mappings_of_the_annotation_reach_the_network_that_they_are_for(world: World) -> None:
    world.network("data", second_bridge(world, {"type": "portmap", "capabilities": {"portMappings": True}}))
    pod = world.start("pod1", [{"name": "data", "portMappings": PORTS}])
    assert port_rules(world)
    world.stop_api()
    world.delete(pod)
    assert port_rules(world) == []


def _assert_reachable(world: World) -> None:
    """Assert that the pod's port answers under the node's address, from outside."""
    eth1 = world.node.namespace.interface("eth1")
    assert eth1 is not None
    netlink.add_address(world.node.namespace.path, index=eth1.index, address="203.0.113.1/24")
    with world.pods[0].sandbox.namespace.listen("0.0.0.0", 80) as listener:
        listener.settimeout(5)

        def connect() -> None:
            with socket.create_connection(("203.0.113.1", 8080), timeout=5):
                pass

        netlink.inside(world.peer.path, connect)
        listener.accept()[0].close()


def test_bandwidth_from_the_runtime_shapes_the_cluster_network(world: World) -> None:
    bridge = {key: value for key, value in world.cluster_network.items() if key not in {"cniVersion", "name"}}
    world.cluster_network = chain("cluster", bridge, {"type": "bandwidth", "capabilities": {"bandwidth": True}})
    world.configured(capabilities={"bandwidth": True})
    pod = world.pod("pod1")
    world.add(pod, bandwidth=BANDWIDTH)
    assert qdiscs(world) == ["ingress", "tbf", "tbf"]
    world.delete(pod)
    assert qdiscs(world) == []
    assert world.left() == []


def test_bandwidth_of_the_annotation_shapes_the_network_that_it_is_for(world: World) -> None:
    world.network("data", second_bridge(world, {"type": "bandwidth", "capabilities": {"bandwidth": True}}))
    pod = world.start("pod1", [{"name": "data", "bandwidth": BANDWIDTH}])
    assert qdiscs(world) == ["ingress", "tbf", "tbf"]
    world.stop_api()
    world.delete(pod)
    assert qdiscs(world) == []
    assert world.left() == []


def test_cni_args_of_the_annotation_are_in_the_plugins_configuration(world: World) -> None:
    world.network("probe", world.recorder("probe", args={"cni": {"color": "red", "size": 1}}))
    world.start("pod1", [{"name": "probe", "cni-args": {"color": "blue"}}])
    [probed] = world.recorded("probe", "ADD")
    assert section(probed, "config", "args") == {"cni": {"color": "blue", "size": 1}}
