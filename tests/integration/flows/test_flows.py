"""The flows of real users, F1 to F6 and F8 to F12, with real plugins in real namespaces: what one machine can show."""

from __future__ import annotations

import ipaddress
import secrets
from contextlib import ExitStack
from pathlib import Path

import pytest

from multus_py.lab import cluster, manifests
from multus_py.lab.objects import JSON, Object, section, text
from multus_py.lab.runtime import PluginError
from tests.integration.flows import networks
from tests.integration.flows.world import CLUSTER_GATEWAY, PEER, Pod, World

pytestmark = pytest.mark.root

LEGACY_STATUS = "k8s.v1.cni.cncf.io/networks-status"


def test_f1_pods_on_two_nodes_reach_each_other_over_a_direct_link(tmp_path: Path) -> None:
    ipam: Object = {"type": "static", "routes": [{"dst": "0.0.0.0/0", "gw": PEER}]}
    macvlan = networks.macvlan(ipam, capabilities={"ips": True})
    tuning: Object = {"type": "tuning", "capabilities": {"mac": True}}
    config: Object = {"cniVersion": "0.3.1", "name": "macvlan-conf", "plugins": [macvlan, tuning]}
    with cluster.two_nodes(tmp_path, prefix=f"f1-{secrets.token_hex(4)}-", built=None) as lab, ExitStack() as stack:
        lab.api.create(manifests.network("macvlan-conf", config))
        runtimes, pods = [], []
        for number, node in enumerate(lab.nodes, start=1):
            # `gateway` is no key of the standard: guides have it, and it is ignored
            asked: JSON = [{"name": "macvlan-conf", "ips": [f"203.0.113.{number}/24"], "gateway": [PEER]}]
            made = lab.api.create(manifests.pod(f"pod{number}", asked))
            runtimes.append(node.runtime(node.multus_config(node.cluster_network(f"198.51.100.{number * 64}/26"))))
            pods.append(Pod(f"pod{number}", "default", stack.enter_context(node.sandbox(made))))
            runtimes[-1].add(pods[-1].sandbox)
        for number, pod in enumerate(pods, start=1):
            assert pod.names == ["eth0", "net1"]
            assert pod.addresses("net1") == [f"203.0.113.{number}/24"]
            pod.ping(f"203.0.113.{3 - number}", over="net1")
            pod.ping(f"198.51.100.{number * 64 + 1}", over="eth0")
            status = text(lab.api.get("pod", pod.name), "metadata", "annotations", manifests.STATUS)
            assert f'"203.0.113.{number}"' in status
            assert f'"198.51.100.{number * 64 + 2}"' in status
        for runtime, pod in zip(runtimes, pods, strict=True):
            runtime.delete(pod.sandbox)
            assert pod.names == []
        stack.close()
        assert lab.leftovers() == []


def test_f2_two_pods_get_different_addresses_of_a_range_and_give_them_back(world: World) -> None:
    ipam = world.node.host_local(
        "203.0.113.0/24",
        rangeStart="203.0.113.200",
        rangeEnd="203.0.113.216",
        routes=[{"dst": "0.0.0.0/0"}],
        gateway=PEER,
    )
    world.network("macvlan-conf", networks.macvlan(ipam, version="0.3.0"))
    pods = [world.start(name, "macvlan-conf") for name in ("pod1", "pod2")]
    [first], [second] = (pod.addresses("net1") for pod in pods)
    assert first != second
    for pod, address in zip(pods, (first, second), strict=True):
        assert 200 <= ipaddress.ip_interface(address).ip.packed[3] <= 216
        assert f"{PEER} net1" in pod.defaults()
        pod.ping(PEER, over="net1")
        world.delete(pod)
        assert pod.names == []
    assert world.left() == []


SHORT_FORMS = {
    "a comma": ("left,right", ["eth0", "net1", "net2"]),
    "a comma and a blank": ("left, right", ["eth0", "net1", "net2"]),
    "one network twice": ("left,left", ["eth0", "net1", "net2"]),
    "an interface name": ("default/left@data0", ["eth0", "data0"]),
    "a name between two without": ("left,other/far@data0,right", ["eth0", "net1", "data0", "net3"]),
    "a JSON list": ('[{"name": "right"}, {"name": "left", "interface": "data0"}]', ["eth0", "net1", "data0"]),
}


@pytest.mark.parametrize(("annotation", "interfaces"), SHORT_FORMS.values(), ids=list(SHORT_FORMS))
def test_f3_networks_come_in_order_under_the_names_asked_for(
    world: World, annotation: str, interfaces: list[str]
) -> None:
    world.network("left", networks.macvlan(world.node.host_local("203.0.113.0/26")))
    world.network("right", networks.macvlan(world.node.host_local("203.0.113.64/26")))
    world.network("far", networks.macvlan(world.node.host_local("203.0.113.128/26")), namespace="other")
    pod = world.start("pod1", annotation)
    assert pod.names == interfaces
    assert [entry["interface"] for entry in world.status(pod)] == interfaces
    assert len({address for name in interfaces for address in pod.addresses(name)}) == len(interfaces)


def test_f4_a_fixed_address_is_in_the_pod_and_in_its_status(world: World) -> None:
    world.network("fixed", networks.macvlan(networks.static("203.0.113.7/24", gateway=PEER)))
    pod = world.start("pod1", "fixed")
    assert pod.addresses("net1") == ["203.0.113.7/24"]
    pod.ping(PEER, over="net1")
    cluster_entry, fixed = world.status(pod)
    assert (cluster_entry["interface"], cluster_entry["default"]) == ("eth0", True)
    assert fixed == {
        "name": "default/fixed",
        "interface": "net1",
        "ips": ["203.0.113.7"],
        "mac": pod.interface("net1").mac,
        "dns": {},
    }


def test_f5_a_driver_that_the_kernel_lacks_is_a_clear_error_and_nothing_is_left(world: World) -> None:
    probe = ["ip", "link", "add", "probe", "link", "eth1", "type", "ipvlan", "mode", "l3"]
    if world.node.namespace.run(probe, check=False).returncode == 0:
        world.node.namespace.run(["ip", "link", "del", "probe"])
        pytest.skip("this kernel has ipvlan")
    ipam = world.node.host_local("203.0.113.0/24")
    world.network("l3", {"cniVersion": "0.3.1", "type": "ipvlan", "master": "eth1", "mode": "l3", "ipam": ipam})
    pod = world.pod("pod1", "l3")
    with pytest.raises(PluginError, match=r"default/pod1/.*:l3\].*failed to create ipvlan: operation not supported"):
        world.add(pod)
    assert world.left() == []
    [event] = world.events(pod, count=1)
    assert "FailedToAddInterface" in event
    assert "operation not supported" in event


def test_f6_a_cluster_wide_ipam_plugin_gets_its_configuration_and_its_result_is_used(world: World) -> None:
    answer: Object = {"cniVersion": "0.3.1", "ips": [{"version": "4", "address": "203.0.113.33/24"}]}
    world.recorder("whereabouts", {"ADD": {"result": answer}})
    ipam: Object = {"type": "whereabouts", "range": "203.0.113.0/24", "exclude": ["203.0.113.0/30"]}
    world.network("wide", networks.macvlan(ipam))
    pod = world.start("pod1", "wide")
    assert pod.addresses("net1") == ["203.0.113.33/24"]
    assert world.status(pod)[1]["ips"] == ["203.0.113.33"]
    [asked] = world.recorded("whereabouts", "ADD")
    assert section(asked, "config")["ipam"] == ipam
    assert f"K8S_POD_UID={pod.sandbox.pod_uid}" in text(asked, "cni", "CNI_ARGS")


STATUS = """[{
    "name": "cluster",
    "interface": "eth0",
    "ips": [
        "198.51.100.2"
    ],
    "mac": "ETH0",
    "default": true,
    "dns": {},
    "gateway": [
        "198.51.100.1"
    ]
},{
    "name": "default/fixed",
    "interface": "net1",
    "ips": [
        "203.0.113.7"
    ],
    "mac": "NET1",
    "dns": {
        "nameservers": [
            "203.0.113.53"
        ],
        "search": [
            "data.example"
        ]
    }
}]"""


@pytest.mark.parametrize("legacy", [False, True], ids=["as Multus 4 has it", "with the key of Multus 3 as well"])
def test_f8_users_read_the_status_as_they_know_it(world: World, *, legacy: bool) -> None:
    world.configured(legacyNetworkStatus=legacy)
    dns: Object = {"nameservers": ["203.0.113.53"], "search": ["data.example"]}
    world.network("fixed", networks.macvlan(networks.static("203.0.113.7/24"), dns=dns))
    pod = world.start("pod1", "fixed")
    expected = STATUS.replace("ETH0", pod.interface("eth0").mac).replace("NET1", pod.interface("net1").mac)
    assert world.annotation(pod, manifests.STATUS) == expected
    assert world.annotation(pod, LEGACY_STATUS) == (expected if legacy else "")
    assert world.events(pod, count=2) == [
        "Normal AddedInterface: Add eth0 [198.51.100.2/24] from cluster",
        "Normal AddedInterface: Add net1 [203.0.113.7/24] from default/fixed",
    ]


def test_f9_an_ipam_plugin_that_is_not_there_is_named_and_the_pod_can_be_deleted(world: World) -> None:
    world.network("typo", networks.macvlan({"type": "whereaboutsss", "range": "203.0.113.0/24"}))
    pod = world.pod("pod1", "typo")
    reason = f'failed to find plugin "whereaboutsss" in path [{world.node.plugins}'
    with pytest.raises(PluginError) as caught:
        world.add(pod)
    assert reason in caught.value.message
    assert f"default/pod1/{pod.sandbox.pod_uid}:typo" in caught.value.message
    [event] = world.events(pod, count=1)
    assert event.startswith("Warning FailedToAddInterface: Add net1 from default/typo failed")
    assert reason in event
    world.delete(pod)
    pod.sandbox.namespace.remove()  # where macvlan leaves net1 when its IPAM plugin fails
    assert world.left() == []


def test_f10_a_network_of_another_namespace_is_not_found_and_nothing_is_attached(world: World) -> None:
    world.network("far", networks.storage(world.node), namespace="other")
    pod = world.pod("pod1", "far")
    problem = r"cannot find a network-attachment-definition \(far\) in namespace \(default\)"
    with pytest.raises(PluginError, match=problem):
        world.add(pod)
    assert world.left() == []
    [event] = world.events(pod, count=1)
    assert event.startswith(
        "Warning NoNetworkFound: cannot find a network-attachment-definition (far) in namespace (default)"
    )


def test_f11_many_pods_at_once_get_addresses_of_their_own_and_leave_nothing(world: World) -> None:
    world.network("data", networks.storage(world.node))
    pods = [world.pod(f"pod{number}", "data,data") for number in range(8)]
    for call in [world.runtime.start("ADD", pod.sandbox) for pod in pods]:
        call.result()
    used = [address for pod in pods for name in pod.names for address in pod.addresses(name)]
    assert len(set(used)) == len(used) == 3 * len(pods)
    assert [len(world.status(pod)) for pod in pods] == [3] * len(pods)
    for call in [world.runtime.start("DEL", pod.sandbox) for pod in pods]:
        call.result()
    assert world.left() == []


def test_f12_a_master_interface_that_the_node_lacks_is_named(world: World) -> None:
    world.network("far", networks.macvlan(networks.static("203.0.113.7/24"), master="eth7"))
    pod = world.pod("pod1", "far")
    with pytest.raises(PluginError, match='the node has no interface "eth7"'):
        world.add(pod)
    [event] = world.events(pod, count=1)
    assert 'the node has no interface "eth7", the master of network "default/far"' in event
    world.delete(pod)
    assert world.left() == []


def test_a_pod_that_asks_for_nothing_has_the_cluster_network_alone(world: World) -> None:
    pod = world.start("pod1")
    assert pod.names == ["eth0"]
    pod.ping(CLUSTER_GATEWAY, over="eth0")
    assert [entry["name"] for entry in world.status(pod)] == ["cluster"]
    [eth0] = [interface for interface in networks.inside(pod.result) if interface["name"] == "eth0"]
    assert eth0["mac"] == pod.interface("eth0").mac
