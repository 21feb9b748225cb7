"""Devices: what a device plugin advertises, and the kubelet allocates, reaches the right network of the right pod."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from multus_py.lab.objects import Object, at, text
from tests.e2e import hardware
from tests.e2e.api import CORE
from tests.e2e.cluster import DEFAULT_NETWORK, NETWORKS, Cluster, Space, pod_spec, status_of
from tests.e2e.hardware import DEVICES, FAST, SLOW
from tests.e2e.node import Node

# Sorted by name, or over the whole pod, these would be in another order.
CONTAINERS = {"web": {FAST: 2}, "app": {FAST: 2, SLOW: 1}, "db": {FAST: 1}}
ORDER = ["fast", "slow", "fast", "fast", "fast", "fast"]


@pytest.fixture(scope="module", autouse=True)
def _devices(cluster: Cluster) -> Iterator[None]:
    with hardware.present(cluster, cluster.nodes[0], DEVICES):
        yield


@pytest.fixture(name="node")
def _node(space: Space, left: Node) -> Node:
    """Return the node with the devices, and define networks that take them."""
    left.forget("sriov")
    for name, resource in {"fast": FAST, "slow": SLOW}.items():
        configuration: Object = {
            "cniVersion": "1.0.0",
            "type": "sriov",
            "capabilities": {"deviceID": True, "CNIDeviceInfoFile": True},
        }
        space.nad(name, configuration, resource=resource)
    return left


def pod_with(
    space: Space, node: Node, name: str, networks: str, containers: dict[str, dict[str, int]], *, default: str = ""
) -> None:
    """Create a pod whose containers ask for devices."""
    wanted: list[Object] = [
        {"name": container, "resources": {"limits": {resource: str(count) for resource, count in counts.items()}}}
        for container, counts in containers.items()
    ]
    annotations: Object = {NETWORKS: networks, **({DEFAULT_NETWORK: default} if default else {})}
    document: Object = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "annotations": annotations},
        "spec": pod_spec(node, *wanted),
    }
    space.api.create(f"{CORE}/namespaces/{space.name}/pods", document)


def given(space: Space, pod: str, container: str, resource: str) -> list[str]:
    """Return the devices that a container was told to have, by its device plugin."""
    variable = "PCIDEVICE_" + "".join(c if c.isalnum() else "_" for c in resource.upper())
    command = ["exec", pod, "-c", container, "--", "sh", "-c", f"echo ${variable}"]
    return space.cluster.kubectl("--namespace", space.name, *command).strip().split(",")


def expected(space: Space, pod: str) -> list[str]:
    """Return the devices of ORDER's networks: container by container, sorted within each."""
    left = {
        resource: [
            id for name, wanted in CONTAINERS.items() if resource in wanted for id in given(space, pod, name, resource)
        ]
        for resource in DEVICES
    }
    return [left[FAST if name == "fast" else SLOW].pop(0) for name in ORDER]


def assert_devices(space: Space, node: Node, pod: str, wanted: list[str]) -> None:
    """Check the networks' devices: as their plugin was told, in its file, and in the pod's status."""
    adds = [call for call in node.recorded("sriov") if call["command"] == "ADD"]
    configs = [call["config"] for call in adds]
    assert [at(config, "deviceID") for config in configs] == wanted
    assert [at(config, "pciBusID") for config in configs] == wanted
    assert [at(config, "runtimeConfig", "deviceID") for config in configs] == wanted

    info = [{"type": "pci", "version": "1.1.0", "pci": {"pci-address": id}} for id in wanted]
    paths = [text(config, "runtimeConfig", "CNIDeviceInfoFile") for config in configs]
    assert {path.rpartition("/")[0] for path in paths} == {"/var/run/k8s.cni.cncf.io/devinfo/cni"}
    assert len(set(paths)) == len(paths)
    # /var/run is a link to /run, which leads to our own when it is followed from outside.
    files = [node.machine.path(path.removeprefix("/var")) for path in paths]
    assert [json.loads(file.read_text()) for file in files] == info
    assert {file.stat().st_mode & 0o7777 for file in files} == {0o444}
    assert {file.parent.stat().st_mode & 0o7777 for file in files} == {0o755}

    status = status_of(space.running(pod))
    assert [entry.get("device-info") for entry in status] == [None, *info]


def test_devices_reach_the_networks_in_the_containers_order(space: Space, node: Node) -> None:
    pod_with(space, node, "several", ",".join(ORDER), CONTAINERS)
    space.running("several")
    wanted = expected(space, "several")
    assert_devices(space, node, "several", wanted)

    space.delete("several")
    space.gone("several")
    deletions = [call for call in node.recorded("sriov") if call["command"] == "DEL"]
    assert [at(call["config"], "deviceID") for call in deletions] == wanted[::-1]
    assert "device information" not in node.leftovers()


def test_devices_of_a_kubelet_without_its_socket(space: Space, node: Node) -> None:
    """They are in its checkpoint, which has the containers in any order."""
    with node.without_pod_resources():
        pod_with(space, node, "several", ",".join(ORDER), CONTAINERS)
        space.running("several")
        assert_devices(space, node, "several", expected(space, "several"))


def test_devices_for_all_kinds_of_networks_are_of_one_map(space: Space, node: Node) -> None:
    """B22: the original gives the first device to several of them."""
    for name in ("cluster", "own"):
        space.nad(name, node.primary(), resource=FAST)
    keys: Object = {"clusterNetwork": "cluster", "defaultNetworks": ["fast"], "multusNamespace": space.name}
    with node.configured(**{"delegates": None, **keys}):
        for pod, default in {"usual": "", "special": "own"}.items():
            pod_with(space, node, pod, "fast", {"main": {FAST: 3}}, default=default)
            devices = [text(entry, "device-info", "pci", "pci-address") for entry in status_of(space.running(pod))]
            assert devices == given(space, pod, "main", FAST)
            space.delete(pod)
            space.gone(pod)


def test_devices_that_are_missing_are_an_error_unless_the_configuration_says_otherwise(
    space: Space, node: Node
) -> None:
    pod_with(space, node, "greedy", "fast, fast", {"main": {FAST: 1}})
    problem = f"network {space.name}/fast needs a device of resource {FAST}, but pod {space.name}/greedy has none left"
    space.event("greedy", "FailedCreatePodSandBox", "networks[1]", problem)
    with node.configured(missingDevice="ignore"):
        pod = space.running("greedy")
    assert [text(entry, "device-info", "type") for entry in status_of(pod)] == ["", "pci", ""]
    adds = [call["config"] for call in node.recorded("sriov") if call["command"] == "ADD"]
    assert [bool(at(config, "deviceID")) for config in adds[-2:]] == [True, False]


def test_devices_are_not_asked_for_by_pods_that_need_none(space: Space, node: Node) -> None:
    space.nad("named", {"cniVersion": "1.0.0", "type": "sriov", "capabilities": {"deviceID": True}})
    space.pod("plain", [{"name": "named", "deviceID": "0000:05:00.0"}], on=node)
    with node.without_pod_resources():
        space.running("plain")
    (config,) = [call["config"] for call in node.recorded("sriov") if call["command"] == "ADD"]
    assert (at(config, "deviceID"), at(config, "runtimeConfig", "deviceID")) == (None, "0000:05:00.0")
