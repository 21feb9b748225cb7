"""The flows that users follow, each with its manifest from conf/examples."""

from __future__ import annotations

import ipaddress
import json
import re
import urllib.request

import pytest

from multus_py.lab.objects import Object, at, text
from tests.e2e import networks
from tests.e2e.api import APPS
from tests.e2e.cluster import CONF, STATUS, Cluster, Space, ips, new_space, nothing_new, status_of
from tests.e2e.node import Node
from tests.e2e.waiting import say, wait_for

EXAMPLES = CONF / "examples"
pytestmark = pytest.mark.usefixtures("daemon")


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
    command = ["--namespace", space.name, "exec", "pod1", "--", "ping", "-c1", "-W5", "-Inet1", "203.0.113.132"]
    assert " 0% packet loss" in space.cluster.kubectl(*command)


def test_f2_addresses_from_a_range_are_distinct_and_given_back(space: Space, left: Node) -> None:
    space.apply(EXAMPLES / "host-local.yaml")
    addresses = [_address(left, space.running(name), "net1") for name in ("first", "second")]
    assert addresses[0] != addresses[1]
    for address in addresses:
        assert 200 <= int(str(address).rpartition(".")[2]) <= 216
    assert {f"storage/{address}" for address in addresses} <= set(left.leftovers()["addresses"])

    space.delete("first")
    space.gone("first")
    wait_for(lambda: f"storage/{addresses[0]}" not in left.leftovers()["addresses"], "the address is free", timeout=20)
    assert f"storage/{addresses[1]}" in left.leftovers()["addresses"]


def test_f3_several_networks_and_interface_names(space: Space) -> None:
    space.apply(EXAMPLES / "several-networks.yaml")
    space.pod("other", f"{space.name}/blue@eth7, red")
    blue, red = (ipaddress.ip_network(f"203.0.113.{first}/26") for first in (128, 192))
    for name, expected in {
        "both": {"net1": blue, "net2": red},
        "both-with-blanks": {"net1": blue, "net2": red},
        "twice": {"net1": blue, "net2": blue},
        "named": {"storage0": red, "net2": blue},
        "other": {"eth7": blue, "net2": red},
    }.items():
        pod = space.running(name)
        node = space.cluster.node_of(pod)
        assert list(node.interfaces(pod)) == ["eth0", *expected], name
        for interface, network in expected.items():
            assert _address(node, pod, interface) in network, name
        assert [text(entry, "interface") for entry in status_of(pod)] == ["eth0", *expected], name


def test_f4_a_fixed_address_stands_in_the_status(space: Space) -> None:
    space.apply(EXAMPLES / "fixed-address.yaml")
    pod = space.running("fixed")
    node = space.cluster.node_of(pod)
    assert node.addresses(pod)["net1"] == ["203.0.113.140/25"]
    assert at(status_of(pod)[1], "ips") == ["203.0.113.140"]


def test_f5_ipvlan_or_the_kernels_own_words(space: Space, left: Node) -> None:
    has_driver = "ipvlan" not in left.machine.run(["sh", "-c", _TRY_IPVLAN], check=False)
    space.apply(EXAMPLES / "ipvlan.yaml")
    if has_driver:
        pod = space.running("routed")
        assert space.cluster.node_of(pod).interfaces(pod)["net1"].kind == "ipvlan"
    else:
        space.event("routed", "FailedToAddInterface", "Add net1", f"{space.name}/routed", "operation not supported")


def test_f6_an_ipam_plugin_that_is_not_installed(space: Space) -> None:
    space.apply(EXAMPLES / "whereabouts.yaml")
    space.event("wide", "FailedToAddInterface", 'failed to find plugin "whereabouts" in path [/opt/cni/bin')


def test_f7_a_host_port_reaches_the_pod(space: Space, left: Node) -> None:
    space.apply(EXAMPLES / "host-port.yaml")
    pod = space.running("web")
    url = f"http://{left.address.node}:8080/"
    assert wait_for(lambda: _fetch(url), f"{url} answers", timeout=20) == b"it works\n"
    assert list(left.addresses(pod)) == ["eth0", "net1"]
    rules = "\n".join(left.leftovers()["port rules"])
    assert f"--to-destination {text(pod, 'status', 'podIP')}:80" in rules
    assert "203.0.113." not in rules, "the second network is not the cluster network"


def test_f8_network_status_as_users_read_it(space: Space, left: Node) -> None:
    space.nad("storage", networks.macvlan())
    space.pod("new", "storage", on=left)
    pod = space.running("new")
    interfaces = left.interfaces(pod)
    expected = json.dumps(
        [
            {
                "name": "primary",
                "interface": "eth0",
                "ips": [text(pod, "status", "podIP")],
                "mac": interfaces["eth0"].mac,
                "default": True,
                "dns": {},
            },
            {
                "name": f"{space.name}/storage",
                "interface": "net1",
                "ips": [interfaces["net1"].addresses[0].partition("/")[0]],
                "mac": interfaces["net1"].mac,
                "dns": {},
            },
        ]
    )
    annotations = at(pod, "metadata", "annotations")
    assert isinstance(annotations, dict)
    assert json.dumps(json.loads(text(annotations, STATUS))) == expected
    assert "k8s.v1.cni.cncf.io/networks-status" not in annotations
    described = space.cluster.kubectl("--namespace", space.name, "describe", "pod", "new")
    assert re.search(r'Annotations: .*network-status:\n\s+\[\{\n\s+"name": "primary",\n', described)

    with left.configured(legacyNetworkStatus=True):
        space.pod("old", "storage", on=left)
        pod = space.running("old")
    annotations = at(pod, "metadata", "annotations")
    assert isinstance(annotations, dict)
    assert annotations["k8s.v1.cni.cncf.io/networks-status"] == annotations[STATUS]


def test_f9_a_missing_plugin_is_named_and_the_pod_can_be_deleted(space: Space) -> None:
    space.apply(EXAMPLES / "missing-plugin.yaml")
    message = space.event(
        "mistyped", "FailedToAddInterface", 'failed to find plugin "whereaboutsss" in path [/opt/cni/bin'
    )
    assert f"Add net1 from {space.name}/mistyped failed" in message
    space.event("mistyped", "FailedCreatePodSandBox", f"[{space.name}/mistyped/", 'plugin "whereaboutsss"')
    assert not [event for event in space.events("mistyped") if text(event, "reason") == "AddedInterface"]
    space.delete("mistyped")
    space.gone("mistyped", timeout=30)


def test_f10_a_network_of_another_namespace_is_not_found(space: Space, cluster: Cluster) -> None:
    with new_space(cluster, f"elsewhere-{space.name[-40:]}") as elsewhere:
        elsewhere.nad("storage", networks.macvlan())
        space.apply(EXAMPLES / "other-namespace.yaml")
        wanted = f"cannot find a network-attachment-definition (storage) in namespace ({space.name})"
        space.event("astray", "NoNetworkFound", wanted)
        for node in cluster.nodes:
            nothing_new(node, {})


@pytest.mark.half_way(50)  # of 50 pods with two networks
def test_f11_fifty_pods_come_and_go(space: Space, left: Node) -> None:
    space.apply(EXAMPLES / "deployment.yaml")
    deployment = f"{APPS}/namespaces/{space.name}/deployments/workers"
    _ready(space, deployment, 2)
    say("scaling to 50 pods")
    space.api.patch(deployment, {"spec": {"replicas": 50}})
    _ready(space, deployment, 50)
    pods = space.pods()
    assert len(pods) == 50
    for interface in ("eth0", "net1"):
        addresses = [ip for pod in pods for ip in ips(pod, interface)]
        assert len(set(addresses)) == len(addresses) == 50
    assert len(left.records()) == 50
    for pod in pods[:3]:
        assert [f"{ip}/25" for ip in ips(pod, "net1")] == left.addresses(pod)["net1"]
    say("scaling to 0")
    space.api.patch(deployment, {"spec": {"replicas": 0}})
    space.gone(timeout=120)
    nothing_new(left, {})


def test_f12_a_master_interface_on_one_node_only(space: Space, left: Node, right: Node) -> None:
    right.machine.run(["ip", "link", "add", "fast0", "type", "veth", "peer", "name", "fast1"])
    right.machine.run(["ip", "link", "set", "fast0", "up"])
    try:
        space.apply(EXAMPLES / "one-node-only.yaml")
        pod = space.running("there")
        assert right.interfaces(pod)["net1"].kind == "macvlan"
        message = space.event("here", "FailedToAddInterface")
        assert f"Add net1 from {space.name}/fast failed" in message
        assert 'the node has no interface "fast0"' in message
        hosts = {
            text(event, "source", "host")
            for event in space.events("here")
            if text(event, "reason") == "FailedToAddInterface"
        }
        assert hosts == {left.name}
        space.delete()
        space.gone()
    finally:
        right.machine.run(["ip", "link", "del", "fast0"])


_TRY_IPVLAN = "ip link add try0 link eth1 type ipvlan mode l3 2>&1 && ip link del try0 || echo no ipvlan"


def _fetch(url: str) -> bytes:
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            content: bytes = response.read()
            return content
    except OSError:
        return b""


def _address(node: Node, pod: Object, interface: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    (address,) = node.addresses(pod)[interface]
    return ipaddress.ip_interface(address).ip


def _ready(space: Space, deployment: str, count: int) -> None:
    what = f"{count} pods run"
    space.api.wait(deployment, lambda found: at(found, "status", "readyReplicas") == count, what, timeout=150)
