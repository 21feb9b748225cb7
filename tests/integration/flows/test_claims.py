"""ADD of pods with resource claims (DRA): each network's plugin is told its device, with a daemon and without."""

from __future__ import annotations

import pytest

from multus_py.lab import manifests
from multus_py.lab.objects import JSON, Object, at, section
from multus_py.lab.runtime import PluginError
from tests.fakes import dra
from tests.integration.flows.daemon import NODE
from tests.integration.flows.world import Pod, World

pytestmark = pytest.mark.root

DRIVER, NIC = "nics.example.com", "example.com/nic"
IDS = {f"vf-{index}": f"0000:3b:02.{index}" for index in range(4)}


@pytest.fixture(params=["direct", "daemon"])
def world(world: World, request: pytest.FixtureRequest) -> World:
    """Return a world with a network that needs a device, on a node with four."""
    if request.param == "daemon" and not world.daemon.directory.exists():
        world.daemon.start()
    network = manifests.network("nic", world.recorder("sriov", capabilities={"deviceID": True}))
    needing: Object = {"annotations": {"k8s.v1.cni.cncf.io/resourceName": NIC}}
    world.api.create(network | {"metadata": section(network, "metadata") | needing})
    publish(world, IDS)
    return world


def publish(world: World, ids: dict[str, str], *, generation: int = 1) -> None:
    devices = {name: (id, NIC) for name, id in ids.items()}
    world.api.create(dra.slice_of(NODE, devices, driver=DRIVER, node=NODE, generation=generation))


def claiming(world: World, networks: str, **claims: list[str]) -> Pod:
    """Have a pod that uses claims, each allocated devices."""
    made = manifests.pod("web", networks, node=NODE)
    entries: list[JSON] = [{"name": name, "resourceClaimName": name} for name in claims]
    created = world.api.create(made | {"spec": section(made, "spec") | {"resourceClaims": entries}, "status": {}})
    for name, devices in claims.items():
        allocated = [(DRIVER, NODE, device) for device in devices]
        world.api.create(dra.claim(name, allocated, reserved_for=[dra.uid(created)]))
    return world.adopt(created)


def told(world: World) -> list[JSON]:
    """Return the devices that the plugin was told, in order."""
    configs = [call["config"] for call in world.recorded("sriov", "ADD")]
    assert [at(config, "runtimeConfig", "deviceID") for config in configs] == [at(one, "deviceID") for one in configs]
    return [at(config, "deviceID") for config in configs]


def test_networks_get_the_devices_of_claims_in_the_pods_order(world: World) -> None:
    pod = claiming(world, "nic,nic,nic", second=["vf-3"], first=["vf-2", "vf-0"])
    world.add(pod)
    assert told(world) == [IDS["vf-3"], IDS["vf-2"], IDS["vf-0"]]
    world.delete(pod)
    assert [at(call["config"], "deviceID") for call in world.recorded("sriov", "DEL")] == told(world)[::-1]


def test_a_device_that_is_published_later_is_waited_for_by_the_runtime(world: World) -> None:
    pod = claiming(world, "nic", only=["vf-9"])
    problem = f'network default/nic needs a device of resource {NIC}.*default/web.*vf-9 of ResourceClaim "only"'
    with pytest.raises(PluginError, match=problem):
        world.add(pod)
    assert world.left() == []
    publish(world, {"vf-9": "0000:3b:02.9"}, generation=2)
    world.add(pod)
    assert told(world) == ["0000:3b:02.9"]


def test_claims_cost_nothing_where_no_network_needs_a_device(world: World) -> None:
    world.network("plain", world.recorder("plain"))
    pod = claiming(world, "plain", only=["vf-9"])
    world.api.forget_requests()
    world.add(pod)
    assert not [request.path for request in world.api.requests if "resource.k8s.io" in request.path]
