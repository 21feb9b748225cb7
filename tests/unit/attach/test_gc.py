"""GC: what the runtime no longer has goes, everything else stays."""

from __future__ import annotations

import json

import pytest

from multus_py.attach import gc
from multus_py.cluster import errors as cluster_errors
from multus_py.cni import errors
from multus_py.cni.errors import CNIError
from tests.unit.attach.world import World, refused_collection

VALID = "cni.dev/valid-attachments"


def seen_as_valid(world: World, type: str) -> list[tuple[str, str]]:
    config = world.run.one(f"GC {type}").config
    assert config[VALID] == config["cni.dev/attachments"]
    items = json.loads(json.dumps(config[VALID]))
    return [(item["containerID"], item["ifname"]) for item in items]


def test_all_attachments_of_a_valid_container_stay(two_containers: World) -> None:
    two_containers.collect(("c1", "eth0"), ("c2", "eth0"))
    assert two_containers.run.names("DEL") == []
    assert two_containers.node.interfaces["/run/netns/c1"] == {"lo", "eth0", "net1"}


def test_plugins_are_told_of_all_that_the_runtime_or_the_records_know(two_containers: World) -> None:
    """B16: the original hides attachments that are older than Multus, so that plugins tear down live pods."""
    two_containers.collect(("older", "eth0"), ("c1", "eth0"))
    assert seen_as_valid(two_containers, "bridge") == [("older", "eth0"), ("c1", "eth0")]
    assert seen_as_valid(two_containers, "macvlan") == [("older", "eth0"), ("c1", "eth0"), ("c1", "net1")]


def test_an_empty_list_collects_everything(two_containers: World) -> None:
    two_containers.collect()
    assert two_containers.left_behind() == []
    assert seen_as_valid(two_containers, "bridge") == []


def test_no_list_is_an_error_and_touches_nothing(two_containers: World) -> None:
    with pytest.raises(CNIError) as caught:
        gc.collect(two_containers.request("GC"), ports=two_containers.ports())
    assert caught.value.msg == "GC needs cni.dev/valid-attachments, the list of what to keep"
    assert caught.value.code == errors.INVALID_CONFIG
    assert two_containers.run.names() == []


def test_a_fresh_node_has_only_its_cluster_network_to_tell(world: World) -> None:
    """B17: the original fails."""
    world.keys["delegates"] = [{"cniVersion": "1.1.0", "name": "cluster", "type": "bridge"}]
    world.collect(("c1", "eth0"))
    assert world.run.names() == ["GC bridge"]


def test_networks_before_version_1_1_are_detached_but_not_told(world: World) -> None:
    world.add(args="")
    world.run.calls.clear()
    world.collect()
    assert world.run.names() == ["DEL bridge eth0"]
    assert world.left_behind() == []


def test_networks_that_disable_gc_are_not_told(world: World) -> None:
    world.keys["delegates"] = [
        {"cniVersion": "1.1.0", "name": "cluster", "disableGC": True, "plugins": [{"type": "bridge"}]}
    ]
    world.collect()
    assert world.run.names() == []


def test_a_failure_does_not_stop_the_others_and_keeps_what_it_concerns(two_containers: World) -> None:
    two_containers.run.answer("macvlan", "DEL", CNIError(11, "busy"))
    two_containers.run.answer("bridge", "GC", CNIError(11, "later"))
    error = refused_collection(two_containers)
    assert error.msg == (
        "errors: [container c1:demo/a]: net1: busy / [container c2:demo/a]: net1: busy / "
        "failed to GC plugin bridge: later"
    )
    assert error.code == 11
    assert two_containers.run.names("GC") == ["GC bridge", "GC macvlan"]
    assert two_containers.left_behind() == ["c1", "c2", "results/a-c1-net1", "results/a-c2-net1"]


def test_plugins_are_not_told_what_is_valid_while_that_is_not_known(two_containers: World) -> None:
    """They would tear down what c1 has beyond its cluster network, which is all that the runtime speaks of."""
    two_containers.record("c1").unlink()
    two_containers.record("c1").symlink_to("/proc/self/mem")  # can be opened; reading is an input/output error
    error = refused_collection(two_containers, ("c1", "eth0"))
    assert error.msg == f"errors: read {two_containers.record('c1')}: input/output error"
    assert two_containers.run.names("GC") == []
    assert {call.variables["CONTAINERID"] for call in two_containers.run.calls if call.command == "DEL"} == {"c2"}


UNKNOWN = {
    "not to be found": ({"clusterNetwork": "net"}, None, 'cannot find the network "net"'),
    "no cluster": ({}, cluster_errors.ConfigError("bad kubeconfig"), "no way to the Kubernetes API: bad kubeconfig"),
}


@pytest.mark.parametrize(("keys", "failure", "message"), UNKNOWN.values(), ids=list(UNKNOWN))
def test_recorded_networks_are_told_also_when_the_cluster_network_cannot_be_found(
    two_containers: World, keys: dict[str, str], failure: cluster_errors.ClusterError | None, message: str
) -> None:
    """B19: the original crashes when the name is no NAD's."""
    two_containers.keys |= keys
    two_containers.cluster_failure = failure
    two_containers.collect(("c1", "eth0"), ("c2", "eth0"))
    assert two_containers.run.names() == ["GC bridge", "GC macvlan"]
    assert f"GC: the cluster network cannot be found: {message}" in two_containers.log()


def test_the_readiness_file_does_not_matter(two_containers: World) -> None:
    two_containers.keys["readinessindicatorfile"] = "/nowhere/ready"
    two_containers.collect()
    assert two_containers.left_behind() == []
    assert two_containers.clock.sleeps == []
