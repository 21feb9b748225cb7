"""What all tests of the verbs share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.attach.world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Return a node with a cluster network of the plugin `bridge`, and NADs' usual plugin `macvlan`."""
    world = World(tmp_path)
    world.plugin("bridge", ips=[{"address": "10.1.0.2/16", "gateway": "10.1.0.1", "interface": 0}])
    world.plugin("macvlan", ips=[{"address": "192.0.2.7/24", "interface": 0}])
    return world


@pytest.fixture
def two_containers(world: World) -> World:
    """Return a world with the containers c1 and c2, each attached to the cluster network and demo/a, of CNI 1.1.0."""
    world.keys["delegates"] = [{"cniVersion": "1.1.0", "name": "cluster", "type": "bridge"}]
    world.keys["cniVersion"] = "1.1.0"
    world.put_nad("a", {"cniVersion": "1.1.0", "type": "macvlan"})
    world.put_pod("a")
    for container_id in ("c1", "c2"):
        netns = f"/run/netns/{container_id}"
        world.node.interfaces[netns] = {"lo"}
        world.add(container_id=container_id, netns=netns)
    world.run.calls.clear()
    return world
