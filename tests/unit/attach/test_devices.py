"""Which attachment gets which device."""

from __future__ import annotations

import pytest

from multus_py.attach.devices import Device, Devices
from multus_py.attach.networks import Found
from multus_py.cluster import errors as cluster_errors
from multus_py.cluster.objects import Pod
from multus_py.cluster.port import PodDevices
from multus_py.cni import errors
from multus_py.cni.errors import CNIError
from multus_py.multinet.selection import Selection
from multus_py.node import errors as node_errors
from tests.unit.attach.world import World, network

POD = Pod(namespace="demo", name="web", uid="u1")
PLAIN = network({"name": "a", "type": "sriov"})
NIC, NONE = "vendor/nic", "vendor/none"


def found(resource: str = NIC) -> Found:
    return Found(name="demo/a", network=PLAIN, resource=resource)


def wanted(device: str = "") -> Selection:
    return Selection(namespace="demo", name="a", device_id=device)


@pytest.fixture(autouse=True)
def _kubelet(world: World) -> None:
    world.node.devices["u1"] = {NIC: ("1", "2"), NONE: ()}


def devices(world: World, pod: Pod | None = POD) -> Devices:
    return Devices(world.work(), world.cluster, pod)


def give(world: World, **devices: object) -> None:
    assert world.cluster is not None
    world.cluster.give("demo", "web", PodDevices().replace(**devices))


def drain(world: World, resource: str = NIC) -> list[str]:
    """Take devices until there are none left; return their ids."""
    taken: list[str] = []
    shared = devices(world)
    while True:
        try:
            device = shared.take(found(resource), None)
        except CNIError:
            return taken
        assert device is not None
        assert device.allocated
        taken.append(device.id)


def test_every_network_on_a_resource_gets_a_device_of_its_own(world: World) -> None:
    """B22: the original asks anew for each default network, and gives the same device twice."""
    shared = devices(world)
    assert [shared.take(found(), None), shared.take(found(), wanted())] == [
        Device(id="1", allocated=True),
        Device(id="2", allocated=True),
    ]
    assert world.node.calls == [("allocated_devices", "demo", "web", "u1", "10.0")]


def test_a_network_that_finds_no_device_left_is_an_error_that_names_it(world: World) -> None:
    with pytest.raises(CNIError) as caught:
        devices(world).take(found(NONE), None)
    assert caught.value.msg == (
        "network demo/a needs a device of resource vendor/none, but pod demo/web has none left: its containers must "
        "request one for each such network"
    )
    assert caught.value.code == errors.INVALID_CONFIG


@pytest.mark.parametrize("resource", [NONE, "vendor/unknown"])
def test_where_the_settings_say_so_it_goes_without_and_the_log_tells(world: World, resource: str) -> None:
    world.keys["missingDevice"] = "ignore"
    assert devices(world).take(found(resource), None) is None
    assert f"warning: network demo/a needs a device of resource {resource}, but pod demo/web has none" in world.log()


CHOICES = {
    "no resource, no wish": (found(""), None, None),
    "no resource, a wish": (found(""), wanted("9"), Device(id="9", allocated=False)),
    "an allocated one before a wish": (found(), wanted("9"), Device(id="1", allocated=True)),
    "a wish when none is left": (found(NONE), wanted("9"), Device(id="9", allocated=False)),
}


@pytest.mark.parametrize(("network", "selection", "device"), CHOICES.values(), ids=list(CHOICES))
def test_a_network_gets_the_device(
    world: World, network: Found, selection: Selection | None, device: Device | None
) -> None:
    assert devices(world).take(network, selection) == device


def test_without_a_pod_nothing_is_allocated(world: World) -> None:
    assert devices(world, None).take(found(), None) is None
    assert world.node.calls == []


def test_devices_are_asked_for_only_when_a_network_needs_one(world: World) -> None:
    devices(world).take(found(""), wanted("9"))
    assert world.cluster is not None
    assert (world.node.calls, world.cluster.calls) == ([], [])


def test_the_kubelet_is_asked_by_the_uid_that_the_runtime_knows(world: World) -> None:
    """A static pod has another one in the API."""
    mirror = POD.replace(uid="of the mirror", annotations={"kubernetes.io/config.source": "file"})
    assert devices(world, mirror).take(found(), None) == Device(id="1", allocated=True)


def test_it_has_as_much_time_as_the_settings_give_the_api_server(world: World) -> None:
    world.keys["apiTimeout"] = 2.5
    devices(world).take(found(), None)
    assert world.node.calls == [("allocated_devices", "demo", "web", "u1", "2.5")]


def test_what_the_cluster_knows_of_the_kubelet_need_not_be_asked(world: World) -> None:
    give(world, kubelet={NIC: ("7",)})
    assert drain(world) == ["7"]
    assert world.node.calls == []


def test_the_kubelets_devices_come_before_claimed_ones_and_none_comes_twice(world: World) -> None:
    give(world, claimed={NIC: ("8", "2"), "vendor/other": ("9",)})
    assert drain(world) == ["1", "2", "8"]
    assert drain(world, "vendor/other") == ["9"]


def test_claimed_devices_that_no_network_can_use_are_told_with_the_reason(world: World) -> None:
    give(world, kubelet={}, passed_over=("claim gpu: a/b/c has no deviceID",))
    with pytest.raises(CNIError, match=r"one for each such network; claim gpu: a/b/c has no deviceID$"):
        devices(world).take(found(), None)


UNAVAILABLE = {
    "the kubelet is busy": (node_errors.UnavailableError("busy"), None, errors.TRY_AGAIN_LATER),
    "the kubelet refuses": (node_errors.NodeError("busy"), None, errors.INTERNAL),
    "the API server is busy": (None, cluster_errors.UnavailableError("busy"), errors.TRY_AGAIN_LATER),
    "the API server refuses": (None, cluster_errors.ClusterError("busy"), errors.INTERNAL),
}


@pytest.mark.parametrize(("kubelet", "server", "code"), UNAVAILABLE.values(), ids=list(UNAVAILABLE))
def test_what_cannot_be_told_is_an_error_that_names_the_pod_and_the_resource(
    world: World, kubelet: node_errors.NodeError | None, server: cluster_errors.ClusterError | None, code: int
) -> None:
    world.keys["missingDevice"] = "ignore"  # it may be there, so nothing is missing
    world.node.devices_failure = kubelet
    assert world.cluster is not None
    if server:
        world.cluster.fail("get_devices", server)
    with pytest.raises(CNIError) as caught:
        devices(world).take(found(), None)
    assert caught.value.msg == (
        "network demo/a needs a device of resource vendor/nic, but the devices of pod demo/web cannot be told: busy"
    )
    assert caught.value.code == code
