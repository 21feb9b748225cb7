"""DEL of a container of which nothing is recorded."""

from __future__ import annotations

from multus_py.cni.errors import CNIError
from tests.unit.attach.world import POD_ARGS, World


def test_nothing_recorded_means_a_deletion_of_the_cluster_network(world: World) -> None:
    world.keys["runtimeConfig"] = {"mac": "x"}
    world.delete()
    call = world.run.one("DEL bridge eth0")
    assert call.variables["ARGS"] == POD_ARGS
    assert world.left_behind() == []


def test_nothing_recorded_and_a_plugin_that_fails_is_no_error(world: World) -> None:
    """B13: the original fails, and blocks the pod's deletion for ever."""
    world.run.answer("bridge", "DEL", CNIError(11, "busy", "in use"))
    world.delete()
    assert "DEL: nothing is recorded of c1, and the cluster network says: busy; in use" in world.log()


def test_nothing_recorded_and_no_cluster_network_is_no_error(world: World) -> None:
    """B13: without the API server the cluster network may not even be known."""
    world.keys["clusterNetwork"] = "a-nad"
    world.delete()
    assert world.run.names() == []
    assert 'the cluster network says: cannot find the network "a-nad"' in world.log()
