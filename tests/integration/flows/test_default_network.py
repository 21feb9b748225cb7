"""The annotation that replaces the cluster network, clusterNetwork by reference, and namespace isolation."""

from __future__ import annotations

import json

import pytest

from multus_py.lab.objects import JSON
from multus_py.lab.runtime import PluginError
from tests.integration.flows import networks
from tests.integration.flows.world import PEER, World

pytestmark = pytest.mark.root

DEFAULT_NETWORK = "v1.multus-cni.io/default-network"


def test_a_pod_replaces_the_cluster_network_with_its_own(world: World) -> None:
    world.network("own", networks.macvlan(networks.static("203.0.113.7/24")), namespace="kube-system")
    world.network("data", networks.macvlan(networks.static("203.0.113.8/24")))
    pod = world.start("pod1", "data", **{DEFAULT_NETWORK: "own"})
    assert (pod.addresses("eth0"), pod.addresses("net1")) == (["203.0.113.7/24"], ["203.0.113.8/24"])
    pod.ping(PEER, over="eth0")
    assert [entry["name"] for entry in world.status(pod)] == ["kube-system/own", "default/data"]
    assert [interface["name"] for interface in networks.inside(pod.result)] == ["eth0"]


@pytest.mark.parametrize(
    ("network", "allowed"),
    [("default/data", True), ("team/data", True), ("other/data", False)],
    ids=["a global namespace", "the pod's own", "somebody else's"],
)
@pytest.mark.parametrize("annotation", ["k8s.v1.cni.cncf.io/networks", DEFAULT_NETWORK])
def test_isolated_pods_use_networks_of_their_own_and_of_global_namespaces(
    world: World, *, annotation: str, network: str, allowed: bool
) -> None:
    world.configured(namespaceIsolation=True)
    for namespace in ("default", "team", "other"):
        world.network("data", networks.macvlan(networks.static("203.0.113.7/24")), namespace=namespace)
    pod = world.pod("pod1", namespace="team", **{annotation: network})
    if allowed:
        world.add(pod)
        pod.ping(PEER, over="eth0" if annotation == DEFAULT_NETWORK else "net1")
        return
    problem = f"annotation {annotation}.*namespace isolation enabled.*target namespace other"
    with pytest.raises(PluginError, match=problem):
        world.add(pod)
    assert world.left() == []


@pytest.mark.parametrize("source", ["a NAD", "a name in confDir", "a file", "a directory"])
def test_the_cluster_network_is_found_by_reference(world: World, source: str) -> None:
    directory = world.node.directory / "net.d"
    file = directory / "10-cluster.conf"
    if source == "a NAD":
        world.network("cluster", world.cluster_network, namespace="kube-system")
    else:
        file.write_text(json.dumps(world.cluster_network))
    reference = {"a file": str(file), "a directory": str(directory)}.get(source, "cluster")
    more: list[JSON] = ["extra"]
    world.network("extra", networks.macvlan(networks.static("203.0.113.7/24")), namespace="kube-system")
    world.configured(clusterNetwork=reference, defaultNetworks=more)
    assert world.start("pod1").names == ["eth0", "net1"]
    assert world.start("system", namespace="kube-system").names == ["eth0"]


def test_a_network_without_a_config_is_a_file_on_the_node(world: World) -> None:
    file = world.node.directory / "net.d" / "data.conf"
    file.write_text(json.dumps({"name": "data", **networks.macvlan(networks.static("203.0.113.7/24"))}))
    world.network("data", None)
    assert world.start("pod1", "data").addresses("net1") == ["203.0.113.7/24"]
