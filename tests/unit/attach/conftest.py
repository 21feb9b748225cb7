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
