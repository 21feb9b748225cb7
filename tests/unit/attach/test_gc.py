"""GC: what the runtime no longer has goes, everything else stays."""

from __future__ import annotations

import json

import pytest

from multus_py.attach import gc, locking
from multus_py.cluster import errors as cluster_errors
from multus_py.cni import errors
from multus_py.cni.errors import CNIError
from tests.unit.attach.world import NETNS, World

VALID = "cni.dev/valid-attachments"


@pytest.fixture
def attached(world: World) -> World:
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


def refusal(world: World, *valid: tuple[str, str]) -> CNIError:
    with pytest.raises(CNIError) as caught:
        world.collect(*valid)
    return caught.value


def seen_as_valid(world: World, type: str) -> list[tuple[str, str]]:
    config = world.run.one(f"GC {type}").config
    assert config[VALID] == config["cni.dev/attachments"]
    items = json.loads(json.dumps(config[VALID]))
    return [(item["containerID"], item["ifname"]) for item in items]


def test_what_the_runtime_no_longer_has_is_detached(attached: World) -> None:
    """B16: the original declares everything valid, and never collects."""
    attached.collect(("c1", "eth0"))
    assert attached.run.names("DEL") == ["DEL macvlan net1", "DEL bridge eth0"]
    assert {call.variables["CONTAINERID"] for call in attached.run.calls if call.command == "DEL"} == {"c2"}
    assert {call.variables["NETNS"] for call in attached.run.calls if call.command == "DEL"} == {"/run/netns/c2"}
    assert attached.left_behind() == ["c1", "results/a-c1-net1", "results/cluster-c1-eth0"]


def test_the_namespace_of_a_process_is_not_entered_when_the_container_is_gone(attached: World) -> None:
    """Its number may be another process's by now, in another pod."""
    attached.node.interfaces["/proc/1234/ns/net"] = {"lo"}
    attached.add(container_id="c3", netns="/proc/1234/ns/net")
    attached.run.calls.clear()
    attached.collect(("c1", "eth0"), ("c2", "eth0"))
    deleted = [call.variables for call in attached.run.calls if call.command == "DEL"]
    assert [(each["CONTAINERID"], each["NETNS"]) for each in deleted] == [("c3", "")] * 2


def test_all_attachments_of_a_valid_container_stay(attached: World) -> None:
    attached.collect(("c1", "eth0"), ("c2", "eth0"))
    assert attached.run.names("DEL") == []
    assert attached.node.interfaces["/run/netns/c1"] == {"lo", "eth0", "net1"}


def test_plugins_are_told_of_all_that_the_runtime_or_the_records_know(attached: World) -> None:
    """B16: the original hides attachments that are older than Multus, so that plugins tear down live pods."""
    attached.collect(("older", "eth0"), ("c1", "eth0"))
    assert seen_as_valid(attached, "bridge") == [("older", "eth0"), ("c1", "eth0")]
    assert seen_as_valid(attached, "macvlan") == [("older", "eth0"), ("c1", "eth0"), ("c1", "net1")]


def test_an_empty_list_collects_everything(attached: World) -> None:
    attached.collect()
    assert attached.left_behind() == []
    assert seen_as_valid(attached, "bridge") == []


def test_no_list_is_an_error_and_touches_nothing(attached: World) -> None:
    with pytest.raises(CNIError) as caught:
        gc.collect(attached.request("GC"), ports=attached.ports())
    assert caught.value.msg == "GC needs cni.dev/valid-attachments, the list of what to keep"
    assert caught.value.code == errors.INVALID_CONFIG
    assert attached.run.names() == []


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


def test_cached_results_without_a_record_are_detached_too(attached: World) -> None:
    attached.record("c2").unlink()
    attached.collect(("c1", "eth0"))
    assert attached.run.names("DEL") == ["DEL macvlan net1", "DEL bridge eth0"]
    assert attached.left_behind() == ["c1", "results/a-c1-net1", "results/cluster-c1-eth0"]


def test_a_failure_does_not_stop_the_others_and_keeps_what_it_concerns(attached: World) -> None:
    attached.run.answer("macvlan", "DEL", CNIError(11, "busy"))
    attached.run.answer("bridge", "GC", CNIError(11, "later"))
    error = refusal(attached)
    assert error.msg == (
        "errors: [container c1:demo/a]: net1: busy / [container c2:demo/a]: net1: busy / "
        "failed to GC plugin bridge: later"
    )
    assert error.code == 11
    assert attached.run.names("GC") == ["GC bridge", "GC macvlan"]
    assert attached.left_behind() == ["c1", "c2", "results/a-c1-net1", "results/a-c2-net1"]


def test_an_attachment_that_was_never_made_does_not_keep_its_record(world: World) -> None:
    world.run.answer("bridge", "ADD", CNIError(5, "no"))
    world.run.answer("bridge", "DEL", CNIError(5, "no"))
    with pytest.raises(CNIError):
        world.add(args="")
    world.collect()
    assert world.left_behind() == []


def test_a_container_that_another_call_works_on_is_left_alone(attached: World) -> None:
    with locking.locked(attached.work(container_id="c2"), "c2"):
        attached.collect(("c1", "eth0"))
    assert attached.run.names("DEL") == []
    assert attached.record("c2").exists()
    assert "GC: container c2 is in use by another call, it is left alone" in attached.log()


@pytest.mark.parametrize("data", [b"", b"notes of the administrator", b"{}", b"[]"])
def test_a_file_that_is_no_record_is_left_alone(world: World, data: bytes) -> None:
    world.state.mkdir()
    (world.state / "notes").write_bytes(data)
    world.collect()
    assert (world.state / "notes").read_bytes() == data
    assert "GC: nothing can be read of container notes, it is left alone" in world.log()


def test_a_lock_that_cannot_be_had_is_an_error_that_keeps_nobody_from_the_others(attached: World) -> None:
    (attached.state / ".c1.lock").mkdir()
    error = refusal(attached)
    assert error.code == errors.IO_FAILURE
    assert "cannot make the lock" in error.msg
    assert {call.variables["CONTAINERID"] for call in attached.run.calls if call.command == "DEL"} == {"c2"}
    assert attached.run.names("GC") == ["GC bridge", "GC macvlan"]
    assert attached.left_behind() == ["c1", "results/a-c1-net1", "results/cluster-c1-eth0"]


def test_half_written_files_go_with_the_container(attached: World) -> None:
    for name in (".c2.tmp", "results/.a-c2-net1.tmp"):
        (attached.state / name).write_text("")
    attached.collect(("c1", "eth0"))
    assert attached.left_behind() == ["c1", "results/a-c1-net1", "results/cluster-c1-eth0"]


UNKNOWN = {
    "not to be found": ({"clusterNetwork": "net"}, None, 'cannot find the network "net"'),
    "no cluster": ({}, cluster_errors.ConfigError("bad kubeconfig"), "no way to the Kubernetes API: bad kubeconfig"),
}


@pytest.mark.parametrize(("keys", "failure", "message"), UNKNOWN.values(), ids=list(UNKNOWN))
def test_recorded_networks_are_told_also_when_the_cluster_network_cannot_be_found(
    attached: World, keys: dict[str, str], failure: cluster_errors.ClusterError | None, message: str
) -> None:
    """B19: the original crashes when the name is no NAD's."""
    attached.keys |= keys
    attached.cluster_failure = failure
    attached.collect(("c1", "eth0"), ("c2", "eth0"))
    assert attached.run.names() == ["GC bridge", "GC macvlan"]
    assert f"GC: the cluster network cannot be found: {message}" in attached.log()


def test_the_readiness_file_does_not_matter(attached: World) -> None:
    attached.keys["readinessindicatorfile"] = "/nowhere/ready"
    attached.collect()
    assert attached.left_behind() == []
    assert attached.clock.sleeps == []


def test_namespaces_that_are_gone_are_no_obstacle(attached: World) -> None:
    attached.node.interfaces = {NETNS: {"lo"}}
    attached.collect()
    assert attached.left_behind() == []


def test_what_calls_left_that_were_killed_at_their_very_begin_is_removed(attached: World) -> None:
    """A lock, half a record: nothing was attached yet, and the runtime may never have heard of the container."""
    before = attached.left_behind()
    for name in (".c9.lock", ".c9.tmp", ".c8.4711.tmp", "results/.a-c9-net1.tmp"):
        (attached.state / name).write_text("")
    attached.collect(("c1", "eth0"), ("c2", "eth0"))
    assert attached.run.names("DEL") == []
    assert attached.left_behind() == before


def test_the_litter_of_valid_containers_and_of_calls_at_work_stays(attached: World) -> None:
    (attached.state / ".c1.tmp").write_text("")
    with locking.locked(attached.work("ADD"), "c9"):
        (attached.state / ".c9.tmp").write_text("")
        attached.collect(("c1", "eth0"), ("c2", "eth0"))
        assert {".c1.tmp", ".c9.tmp", ".c9.lock"} <= {*attached.left_behind()}


def test_litter_that_cannot_be_removed_is_told_when_the_rest_is_done(attached: World) -> None:
    (attached.state / ".c9.tmp").mkdir()
    error = refusal(attached, ("c1", "eth0"))
    assert "cannot remove what is left of container c9" in error.msg
    assert attached.run.names("DEL") == ["DEL macvlan net1", "DEL bridge eth0"]
    assert attached.run.names("GC") == ["GC bridge", "GC macvlan"]
