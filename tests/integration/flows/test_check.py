"""CHECK, STATUS and GC, as far as real plugins know them; the recorder stands for those that know CNI 1.1.0."""

from __future__ import annotations

import pytest

from multus_py.lab.objects import JSON, Object, section
from multus_py.lab.runtime import PluginError
from tests.integration.flows import networks
from tests.integration.flows.world import World

pytestmark = pytest.mark.root


@pytest.mark.parametrize("version", ["0.3.1", "1.0.0"], ids=["a network without CHECK", "a network with CHECK"])
@pytest.mark.parametrize("removed", ["eth0", "net1"])
def test_check_finds_an_interface_that_is_gone(world: World, version: str, removed: str) -> None:
    world.network("data", networks.macvlan(networks.static("203.0.113.7/24"), version=version))
    pod = world.start("pod1", "data")
    world.runtime.check(pod.sandbox)
    pod.sandbox.namespace.run(["ip", "link", "del", removed])
    with pytest.raises(PluginError, match=rf"default/pod1/.*: {removed}: "):
        world.runtime.check(pod.sandbox)


def test_check_finds_an_address_that_is_gone(world: World) -> None:
    world.network("data", networks.macvlan(networks.static("203.0.113.7/24"), version="1.0.0"))
    pod = world.start("pod1", "data")
    pod.sandbox.namespace.run(["ip", "address", "del", "203.0.113.7/24", "dev", "net1"])
    with pytest.raises(PluginError, match=r"net1: .*203\.0\.113\.7"):
        world.runtime.check(pod.sandbox)


def test_check_of_a_container_that_is_not_known_has_a_code_of_its_own(world: World) -> None:
    pod = world.pod("pod1")
    with pytest.raises(PluginError, match="nothing is recorded") as caught:
        world.runtime.start("CHECK", pod.sandbox, extra={"prevResult": {"cniVersion": "1.0.0"}}).result()
    assert caught.value.code == 3


def newest(world: World, script: Object | None = None, **keys: JSON) -> None:
    """Make the cluster network one that knows CNI 1.1.0."""
    world.cluster_network = world.recorder("cluster", script)
    world.configured(cniVersion="1.1.0", **keys)


def test_status_is_that_of_the_cluster_network(world: World) -> None:
    error: Object = {"cniVersion": "1.1.0", "code": 51, "msg": "half of the uplinks are down"}
    newest(world, {"STATUS": [{}, {"error": error}]})
    world.runtime.status()
    with pytest.raises(PluginError, match="half of the uplinks are down") as caught:
        world.runtime.status()
    assert caught.value.code == 51


def test_status_says_at_once_what_is_not_ready(world: World) -> None:
    file = world.node.directory / "ready"
    newest(world, readinessindicatorfile=str(file))
    with pytest.raises(PluginError, match=str(file)) as caught:
        world.runtime.status()
    assert caught.value.code == 50
    file.touch()
    world.runtime.status()
    (world.node.plugins / "cluster").unlink()
    with pytest.raises(PluginError, match='failed to find plugin "cluster"') as caught:
        world.runtime.status()
    assert caught.value.code == 50
    world.recorder("another")


def test_gc_removes_what_the_runtime_does_not_have_any_more_and_nothing_else(world: World) -> None:
    newest(world)
    world.network("data", networks.storage(world.node))
    stale, live = world.start("stale", "data"), world.start("live", "data")
    stale.sandbox.namespace.remove()  # its node was restarted, say: no DEL has come
    world.runtime.collect([live.sandbox])
    assert [what for what in world.left() if stale.sandbox.container_id in what] == []
    assert sorted(path.name for path in (world.node.addresses / "data").glob("203.*")) == ["203.0.113.11"]
    assert live.names == ["net1"]
    world.runtime.check(live.sandbox)
    [collected] = world.recorded("cluster", "GC")
    kept: list[JSON] = [{"containerID": live.sandbox.container_id, "ifname": "eth0"}]
    assert section(collected, "config")["cni.dev/valid-attachments"] == kept


def test_gc_without_any_attachment_is_no_error(world: World) -> None:
    newest(world)
    world.runtime.collect([])
    [collected] = world.recorded("cluster", "GC")
    assert section(collected, "config")["cni.dev/valid-attachments"] == []
