"""What a pod's annotations change beside the networks it gets."""

from __future__ import annotations

import pytest

from multus_py.lab.objects import Object, at, text
from tests.e2e import networks
from tests.e2e.cluster import CONF, DEFAULT_NETWORK, Cluster, Space, new_space, status_of
from tests.e2e.node import Node

EXAMPLES = CONF / "examples"
pytestmark = pytest.mark.usefixtures("daemon")


def test_default_route_goes_over_the_second_network(space: Space, left: Node) -> None:
    left.machine.run(["ip", "addr", "add", "203.0.113.129/25", "dev", "eth1"])
    try:
        space.apply(EXAMPLES / "default-route.yaml")
        pod = space.running("out")
        defaults = [route for route in left.routes(pod) if route.startswith("default")]
        assert defaults == ["default via 203.0.113.129 dev net1"]
        defaults = [route for route in left.routes(pod, family=6) if route.startswith("default")]
        assert [route.split(" metric")[0] for route in defaults] == ["default via 2001:db8:2::1 dev net1"]
        assert f"198.51.100.0/25 dev eth0 proto kernel scope link src {_ip(pod)}" in left.routes(pod)
        assert left.ping(pod, left.address.gateway)
        primary, second = status_of(pod)
        assert second["gateway"] == ["203.0.113.129", "2001:db8:2::1"]
        assert "gateway" not in primary
    finally:
        left.machine.run(["ip", "addr", "del", "203.0.113.129/25", "dev", "eth1"])


def test_default_route_without_gateway_keeps_the_networks_own(space: Space, left: Node) -> None:
    network = networks.macvlan()
    network["ipam"] = {
        "type": "host-local",
        "subnet": "203.0.113.128/25",
        "routes": [{"dst": "0.0.0.0/0", "gw": "203.0.113.129"}],
    }
    space.nad("uplink", network)
    space.pod("out", [{"name": "uplink", "default-route": []}], on=left)
    pod = space.running("out")
    defaults = [route for route in left.routes(pod) if route.startswith("default")]
    assert defaults == ["default via 203.0.113.129 dev net1"]


def test_default_network_takes_the_place_of_the_cluster_network(space: Space) -> None:
    space.apply(EXAMPLES / "default-network.yaml")
    try:
        pod = space.running("instead")
        node = space.cluster.node_of(pod)
        assert list(node.interfaces(pod)) == ["eth0"]
        assert node.interfaces(pod)["eth0"].kind == "macvlan"
        assert node.addresses(pod)["eth0"] == [f"{_ip(pod)}/25"]
        assert _ip(pod).startswith("203.0.113.")
        (entry,) = status_of(pod)
        assert (entry["name"], entry["default"]) == ("kube-system/instead", True)
    finally:
        space.cluster.kubectl("--namespace=kube-system", "delete", "network-attachment-definition", "instead")


def test_isolation_keeps_pods_to_their_own_namespace(space: Space, cluster: Cluster, left: Node) -> None:
    with new_space(cluster, f"foreign-{space.name[-40:]}") as foreign, left.configured(namespaceIsolation=True):
        space.nad("own", networks.macvlan())
        foreign.nad("theirs", networks.macvlan())
        space.pod("good", "own", on=left)
        space.pod("sly", f"{foreign.name}/theirs", on=left)
        space.pod("slyer", on=left, annotations={DEFAULT_NETWORK: f"{foreign.name}/theirs"})
        assert list(left.interfaces(space.running("good"))) == ["eth0", "net1"]
        for name in ("sly", "slyer"):
            refusal = "namespace isolation enabled, annotation violates permission"
            space.event(name, "FailedCreatePodSandBox", refusal, f"pod is in namespace {space.name}")
        assert len(left.records()) == 1
        space.delete("sly", "slyer")
        space.gone("sly", "slyer")


def test_annotations_that_are_wrong_are_explained(space: Space, left: Node) -> None:
    for name, networks_asked, words in (
        ("unknown", "nowhere", ("cannot find a network-attachment-definition (nowhere)",)),
        ("no-json", '[{"name": "a"', ("k8s.v1.cni.cncf.io/networks",)),
        ("null", "[null]", ("k8s.v1.cni.cncf.io/networks", "[0]")),
        ("bad-mac", '[{"name": "a", "mac": "zz"}]', ("k8s.v1.cni.cncf.io/networks", "[0].mac", "zz")),
    ):
        space.pod(name, networks_asked, on=left)
        space.event(name, "FailedCreatePodSandBox", f"{space.name}/{name}", *words)
    assert not left.records()


def _ip(pod: Object) -> str:
    assert isinstance(at(pod, "status", "podIP"), str)
    return text(pod, "status", "podIP")
