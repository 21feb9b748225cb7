"""What GC takes back: all of what the runtime no longer has, and nothing of anybody else."""

from __future__ import annotations

import pytest

from multus_py.attach import locking
from multus_py.cni import errors
from multus_py.cni.errors import CNIError
from tests.unit.attach.world import NETNS, World, refused_collection


def test_what_the_runtime_no_longer_has_is_detached(two_containers: World) -> None:
    """B16: the original declares everything valid, and never collects."""
    two_containers.collect(("c1", "eth0"))
    assert two_containers.run.names("DEL") == ["DEL macvlan net1", "DEL bridge eth0"]
    assert {call.variables["CONTAINERID"] for call in two_containers.run.calls if call.command == "DEL"} == {"c2"}
    assert {call.variables["NETNS"] for call in two_containers.run.calls if call.command == "DEL"} == {"/run/netns/c2"}
    assert two_containers.left_behind() == ["c1", "results/a-c1-net1", "results/cluster-c1-eth0"]


def test_the_namespace_of_a_process_is_not_entered_when_the_container_is_gone(two_containers: World) -> None:
    """Its number may be another process's by now, in another pod."""
    two_containers.node.interfaces["/proc/1234/ns/net"] = {"lo"}
    two_containers.add(container_id="c3", netns="/proc/1234/ns/net")
    two_containers.run.calls.clear()
    two_containers.collect(("c1", "eth0"), ("c2", "eth0"))
    deleted = [call.variables for call in two_containers.run.calls if call.command == "DEL"]
    assert [(each["CONTAINERID"], each["NETNS"]) for each in deleted] == [("c3", "")] * 2


def test_cached_results_without_a_record_are_detached_too(two_containers: World) -> None:
    two_containers.record("c2").unlink()
    two_containers.collect(("c1", "eth0"))
    assert two_containers.run.names("DEL") == ["DEL macvlan net1", "DEL bridge eth0"]
    assert two_containers.left_behind() == ["c1", "results/a-c1-net1", "results/cluster-c1-eth0"]


def test_namespaces_that_are_gone_are_no_obstacle(two_containers: World) -> None:
    two_containers.node.interfaces = {NETNS: {"lo"}}
    two_containers.collect()
    assert two_containers.left_behind() == []


def test_an_attachment_that_was_never_made_does_not_keep_its_record(world: World) -> None:
    world.run.answer("bridge", "ADD", CNIError(5, "no"))
    world.run.answer("bridge", "DEL", CNIError(5, "no"))
    with pytest.raises(CNIError):
        world.add(args="")
    world.collect()
    assert world.left_behind() == []


def test_a_container_that_another_call_works_on_is_left_alone(two_containers: World) -> None:
    with locking.locked(two_containers.work(container_id="c2"), "c2"):
        two_containers.collect(("c1", "eth0"))
    assert two_containers.run.names("DEL") == []
    assert two_containers.record("c2").exists()
    assert "GC: container c2 is in use by another call, it is left alone" in two_containers.log()


@pytest.mark.parametrize("data", [b"", b"notes of the administrator", b"{}", b"[]"])
def test_a_file_that_is_no_record_is_left_alone(world: World, data: bytes) -> None:
    world.state.mkdir()
    (world.state / "notes").write_bytes(data)
    world.collect()
    assert (world.state / "notes").read_bytes() == data
    assert "GC: nothing can be read of container notes, it is left alone" in world.log()


def test_a_lock_that_cannot_be_had_is_an_error_that_keeps_nobody_from_the_others(two_containers: World) -> None:
    (two_containers.state / ".c1.lock").mkdir()
    error = refused_collection(two_containers)
    assert error.code == errors.IO_FAILURE
    assert "cannot make the lock" in error.msg
    assert {call.variables["CONTAINERID"] for call in two_containers.run.calls if call.command == "DEL"} == {"c2"}
    assert two_containers.run.names("GC") == ["GC bridge", "GC macvlan"]
    assert two_containers.left_behind() == ["c1", "results/a-c1-net1", "results/cluster-c1-eth0"]


def test_a_stale_container_that_cannot_be_read_is_told_and_kept(two_containers: World) -> None:
    two_containers.record("c2").unlink()
    two_containers.record("c2").symlink_to("/proc/self/mem")
    error = refused_collection(two_containers, ("c1", "eth0"))
    assert error.msg == f"errors: read {two_containers.record('c2')}: input/output error"
    assert two_containers.run.names("DEL") == []
    assert two_containers.run.names("GC") == ["GC bridge", "GC macvlan"]
    assert "results/a-c2-net1" in two_containers.left_behind()


def test_half_written_files_go_with_the_container(two_containers: World) -> None:
    for name in (".c2.tmp", "results/.a-c2-net1.tmp"):
        (two_containers.state / name).write_text("")
    two_containers.collect(("c1", "eth0"))
    assert two_containers.left_behind() == ["c1", "results/a-c1-net1", "results/cluster-c1-eth0"]


def test_a_torn_result_of_a_container_with_a_torn_record_goes_too(two_containers: World) -> None:
    for path in (two_containers.record("c2"), two_containers.state / "results" / "a-c2-net1"):
        path.write_bytes(path.read_bytes()[:50])
    two_containers.collect(("c1", "eth0"))
    assert two_containers.run.names("DEL") == ["DEL bridge eth0"]
    assert two_containers.left_behind() == ["c1", "results/a-c1-net1", "results/cluster-c1-eth0"]


def test_what_calls_left_that_were_killed_at_their_very_begin_is_removed(two_containers: World) -> None:
    """A lock, half a record: nothing was attached yet, and the runtime may never have heard of the container."""
    before = two_containers.left_behind()
    for name in (".c9.lock", ".c9.tmp", ".c8.4711.tmp", "results/.a-c9-net1.tmp"):
        (two_containers.state / name).write_text("")
    two_containers.collect(("c1", "eth0"), ("c2", "eth0"))
    assert two_containers.run.names("DEL") == []
    assert two_containers.left_behind() == before


def test_the_litter_of_valid_containers_and_of_calls_at_work_stays(two_containers: World) -> None:
    (two_containers.state / ".c1.tmp").write_text("")
    with locking.locked(two_containers.work("ADD"), "c9"):
        (two_containers.state / ".c9.tmp").write_text("")
        two_containers.collect(("c1", "eth0"), ("c2", "eth0"))
        assert {".c1.tmp", ".c9.tmp", ".c9.lock"} <= {*two_containers.left_behind()}


def test_litter_that_cannot_be_removed_is_told_when_the_rest_is_done(two_containers: World) -> None:
    (two_containers.state / ".c9.tmp").mkdir()
    error = refused_collection(two_containers, ("c1", "eth0"))
    assert "cannot remove what is left of container c9" in error.msg
    assert two_containers.run.names("DEL") == ["DEL macvlan net1", "DEL bridge eth0"]
    assert two_containers.run.names("GC") == ["GC bridge", "GC macvlan"]
