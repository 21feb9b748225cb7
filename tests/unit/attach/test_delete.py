"""DEL: from the record alone, past failures, as often as the runtime likes."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from multus_py.attach import locking
from multus_py.base.process import Outcome
from multus_py.cluster import errors as cluster_errors
from multus_py.cni import errors
from multus_py.cni.errors import CNIError
from multus_py.entry import InterruptedCallError
from multus_py.node import deviceinfo
from tests.unit.attach.world import NETNS, POD_ARGS, World, exits

GOLDEN = Path(__file__).parents[2] / "golden" / "attach"
BUSY = CNIError(11, "busy", "in use")


@pytest.fixture
def attached(world: World) -> World:
    """Return a world whose pod is attached to the cluster network and to demo/a, and whose cluster is gone."""
    world.put_nad("a", {"cniVersion": "1.0.0", "type": "macvlan", "capabilities": {"portMappings": True, "ips": True}})
    world.put_pod([{"name": "a", "portMappings": [{"hostPort": 1, "containerPort": 2}], "ips": ["192.0.2.7/24"]}])
    world.add()
    world.run.calls.clear()
    world.cluster_failure = cluster_errors.ConfigError("no kubeconfig any more")
    return world


@pytest.fixture
def stubborn() -> Callable[[Path], AbstractContextManager[None]]:
    """Return a context in which nothing can be removed from a directory, by root either."""

    @contextlib.contextmanager
    def make(directory: Path) -> Iterator[None]:
        if not shutil.which("chattr") or subprocess.run(["chattr", "+a", directory], check=False).returncode:
            pytest.skip("this disk knows no append-only directories, or this is not root")
        try:
            yield
        finally:
            subprocess.run(["chattr", "-a", directory], check=True)

    return make


def refusal(world: World, **changes: str) -> CNIError:
    with pytest.raises(CNIError) as caught:
        world.delete(**changes)
    return caught.value


def test_a_deletion_needs_no_cluster_and_leaves_nothing(attached: World) -> None:
    """Section 9.2: a missing kubeconfig keeps the original from deleting."""
    opened = len(attached.opened)
    attached.delete()
    assert attached.run.names() == ["DEL macvlan net1", "DEL bridge eth0"]
    assert attached.left_behind() == []
    assert attached.node.interfaces[NETNS] == {"lo"}
    assert len(attached.opened) == opened, "not even tried"


def test_the_readiness_file_does_not_matter(attached: World) -> None:
    attached.keys["readinessindicatorfile"] = "/nowhere/ready"
    attached.delete()
    assert attached.left_behind() == []


def test_delegates_get_on_del_what_they_got_on_add(attached: World) -> None:
    """B14: the original forgets port mappings and bandwidth."""
    attached.delete()
    call = attached.run.one("DEL macvlan net1")
    assert call.config["runtimeConfig"] == {
        "portMappings": [{"hostPort": 1, "containerPort": 2}],
        "ips": ["192.0.2.7/24"],
    }
    assert call.config["prevResult"]
    assert call.variables["ARGS"] == f"{POD_ARGS};IP=192.0.2.7/24"
    assert call.variables["NETNS"] == NETNS


def test_the_record_decides_and_not_what_the_configuration_says_by_now(attached: World) -> None:
    attached.keys["delegates"] = [{"name": "new", "type": "other"}]
    attached.delete(args="")
    assert attached.run.names() == ["DEL macvlan net1", "DEL bridge eth0"]


@pytest.mark.parametrize("netns", ["", "/run/netns/gone"], ids=["none", "a path that is gone"])
def test_the_namespace_need_not_be_there(attached: World, netns: str) -> None:
    attached.delete(netns=netns)
    assert attached.run.one("DEL bridge eth0").variables["NETNS"] == netns
    assert attached.left_behind() == []


def test_the_pod_of_the_arguments_does_not_matter(attached: World) -> None:
    """B6: without K8S_POD_UID, and with the pod gone, the original's daemon calls no plugin."""
    attached.delete(args="K8S_POD_NAME=web;junk;;")
    assert attached.left_behind() == []


def test_deleting_twice_is_no_error(attached: World) -> None:
    attached.delete()
    attached.run.calls.clear()
    attached.delete()
    assert attached.run.names() == ["DEL bridge eth0"]
    assert attached.left_behind() == []


FAILURES = {
    "an error object": (BUSY, 11, "[demo/web/u1:demo/a]: net1: busy; in use"),
    "an error without a code": (CNIError(0, "no"), 0, "[demo/web/u1:demo/a]: net1: no"),
    "a crash": (exits(-11), 999, "[demo/web/u1:demo/a]: net1: netplugin failed with no error message: signal: segm"),
}


@pytest.mark.parametrize(("answer", "code", "message"), FAILURES.values(), ids=list(FAILURES))
def test_a_failure_does_not_stop_the_others_and_is_told_in_the_end(
    attached: World, answer: CNIError | Outcome, code: int, message: str
) -> None:
    """B20: the code of the delegate survives."""
    attached.run.answer("macvlan", "DEL", answer)
    error = refusal(attached)
    assert (error.code, error.msg[: len(message) + 8]) == (code, f"errors: {message}")
    assert attached.run.names() == ["DEL macvlan net1", "DEL bridge eth0"]


def test_a_failed_deletion_can_be_tried_again_with_all_that_is_known(attached: World) -> None:
    """B11: the original drops its record, so that trying again does nothing."""
    attached.run.answer("macvlan", "DEL", BUSY, attached.unmake)
    refusal(attached)
    assert attached.left_behind() == ["c1", "results/a-c1-net1"]
    first = attached.run.one("DEL macvlan net1")
    attached.run.calls.clear()
    attached.delete()
    assert attached.run.names() == ["DEL macvlan net1", "DEL bridge eth0"]
    assert attached.run.one("DEL macvlan net1") == first
    assert attached.left_behind() == []


def test_several_failures_are_told_together(attached: World) -> None:
    attached.run.answer("macvlan", "DEL", BUSY)
    attached.run.answer("bridge", "DEL", CNIError(7, "bad"))
    error = refusal(attached)
    assert error.msg == "errors: [demo/web/u1:demo/a]: net1: busy; in use / [demo/web/u1:cluster]: eth0: bad"
    assert error.code == errors.INTERNAL


def test_several_failures_with_one_code_keep_it(attached: World) -> None:
    attached.run.answer("macvlan", "DEL", BUSY)
    attached.run.answer("bridge", "DEL", BUSY)
    assert refusal(attached).code == 11


def test_a_missing_ipam_plugin_fails_the_add_but_does_not_block_the_deletion(world: World) -> None:
    """Flow F9: the pod can be deleted, and the cluster network's address is released."""
    missing = CNIError(999, 'failed to find plugin "whereaboutsss" in path [/opt/cni/bin]')
    world.run.answer("macvlan", "ADD", missing)
    world.run.answer("macvlan", "DEL", missing)
    world.put_nad("a")
    world.put_pod("a")
    with pytest.raises(CNIError, match="whereaboutsss"):
        world.add()
    assert world.left_behind() == ["c1"]
    assert world.events()[-1] == ("Warning", "FailedToAddInterface", f"Add net1 from demo/a failed: {missing.msg}")
    world.delete()
    assert world.left_behind() == []
    assert world.node.interfaces[NETNS] == {"lo"}
    assert "whereaboutsss" in world.log()


def test_a_chain_whose_add_failed_at_a_missing_plugin_gives_back_what_the_ones_before_it_made(world: World) -> None:
    """DEL goes backwards, so it meets the missing plugin first; the address of the one before it must not leak."""
    missing = CNIError(999, 'failed to find plugin "tuning" in path [/opt/cni/bin]')
    world.run.answer("tuning", "ADD", missing)
    world.run.answer("tuning", "DEL", missing)
    world.put_nad("a", {"cniVersion": "1.0.0", "name": "a", "plugins": [{"type": "macvlan"}, {"type": "tuning"}]})
    world.put_pod("a")
    with pytest.raises(CNIError, match="tuning"):
        world.add()
    assert world.run.names("DEL") == ["DEL tuning net1", "DEL macvlan net1", "DEL bridge eth0"]
    assert world.node.interfaces[NETNS] == {"lo"}
    world.delete()
    assert world.left_behind() == []


def test_a_deletion_to_be_tried_again_keeps_what_was_never_completed(world: World) -> None:
    """Otherwise a system without room for one more process would have it leaked."""
    later = CNIError(11, "netplugin failed with no error message: fork/exec /opt/cni/bin/macvlan: too many open files")
    world.run.answer("tuning", "ADD", CNIError(999, "no"))
    world.run.answer("tuning", "DEL", CNIError(999, "no"))
    world.run.answer("macvlan", "DEL", later, later, world.unmake)
    world.put_nad("a", {"cniVersion": "1.0.0", "name": "a", "plugins": [{"type": "macvlan"}, {"type": "tuning"}]})
    world.put_pod("a")
    with pytest.raises(CNIError, match="tuning"):
        world.add()
    assert refusal(world).code == errors.TRY_AGAIN_LATER
    assert world.left_behind() == ["c1"]
    world.delete()
    assert world.left_behind() == []
    assert world.node.interfaces[NETNS] == {"lo"}


def test_a_chain_that_was_attached_halts_at_the_plugin_that_fails(attached: World) -> None:
    """As the spec says; the record stays, and the next DEL goes on where this one halted."""
    attached.put_nad("a", {"cniVersion": "1.0.0", "name": "a", "plugins": [{"type": "macvlan"}, {"type": "tuning"}]})
    attached.plugin("tuning")
    attached.delete()
    attached.cluster_failure = None
    attached.add()
    attached.run.calls.clear()
    attached.run.answer("tuning", "DEL", BUSY, None)
    refusal(attached)
    assert attached.run.names() == ["DEL tuning net1", "DEL bridge eth0"]
    attached.delete()
    assert attached.left_behind() == []


def test_half_written_files_of_a_call_that_was_killed_go_with_the_container(attached: World) -> None:
    for name in (".c1.tmp", "results/.a-c1-net1.tmp", "results/.b-c1-net2.tmp"):
        (attached.state / name).write_text("{")
    (attached.state / "results" / ".a-c2-net1.tmp").write_text("{")
    attached.delete()
    assert attached.left_behind() == ["results/.a-c2-net1.tmp"]


def test_device_information_goes_with_the_attachment_also_when_that_never_was(world: World, tmp_path: Path) -> None:
    info = tmp_path / "info"
    world.keys["runtimeConfig"] = {"CNIDeviceInfoFile": str(info)}
    world.run.answer("bridge", "ADD", CNIError(5, "no"))
    world.run.answer("bridge", "DEL", CNIError(5, "no"))
    with pytest.raises(CNIError):
        world.add(args="")
    info.write_text("{}")
    world.delete()
    assert not info.exists()
    assert deviceinfo.read(str(info)) is None


def test_a_damaged_cached_result_does_not_block_the_deletion(attached: World) -> None:
    (attached.state / "results" / "a-c1-net1").write_bytes(b'{"kind": "cniCa')
    attached.delete()
    assert "prevResult" not in attached.run.one("DEL macvlan net1").config
    assert attached.left_behind() == []


@pytest.mark.parametrize("data", [b"", b"[", b"{}", b"[null]"])
def test_a_torn_record_is_replaced_by_the_cached_results(attached: World, data: bytes) -> None:
    """B12: the original returns success, and cleans nothing."""
    attached.record().write_bytes(data)
    attached.delete()
    assert attached.run.names() == ["DEL macvlan net1", "DEL bridge eth0"]
    assert attached.run.one("DEL macvlan net1").config["runtimeConfig"]
    assert attached.left_behind() == []


@pytest.mark.parametrize("data", [b"", b"[]", b"null", b"[null]"])
def test_a_record_that_says_nothing_is_removed(world: World, data: bytes) -> None:
    """B12: `[]` and `null` crash the original, and a torn record stays for ever."""
    world.state.mkdir()
    world.record().write_bytes(data)
    world.delete()
    assert world.run.names() == ["DEL bridge eth0"]
    assert world.left_behind() == []


def test_a_record_of_the_original_is_carried_out(world: World) -> None:
    """B14, for a node that changed to this Multus under running pods."""
    for type in ("tuning", "sriov"):
        world.plugin(type)
    (world.state / "results").mkdir(parents=True)
    world.record().write_bytes((GOLDEN / "go-record.json").read_bytes())
    (world.state / "results" / "a-c1-net1").write_bytes((GOLDEN / "go-cached-result.json").read_bytes())
    world.delete()
    assert world.run.names() == ["DEL sriov storage", "DEL tuning net1", "DEL macvlan net1", "DEL bridge eth0"]
    assert world.run.one("DEL sriov storage").config["deviceID"] == "0000:03:02.3"
    call = world.run.one("DEL macvlan net1")
    assert call.config["runtimeConfig"] == {"ips": ["192.0.2.7/24"], "mac": "02:00:5e:00:53:01"}
    assert call.config["prevResult"]
    assert world.left_behind() == []


# Two calls at the same time, and interrupts.


def test_a_deletion_waits_for_another_call_for_its_container(attached: World) -> None:
    with locking.locked(attached.work(), "c1"):
        error = refusal(attached)
    assert error.msg == "another call for container c1 is still at work after 60 seconds"
    assert error.code == errors.TRY_AGAIN_LATER
    assert attached.run.names() == []


def test_an_interrupted_deletion_keeps_the_record(attached: World) -> None:
    attached.run.answer("bridge", "DEL", InterruptedCallError("ended by signal 15"))
    with pytest.raises(InterruptedCallError):
        attached.delete()
    assert attached.left_behind() == ["c1", "results/cluster-c1-eth0"]
    assert len(json.loads(attached.record().read_bytes())) == 2


def test_a_record_that_cannot_be_removed_is_an_error(attached: World) -> None:
    def put_a_directory_in_its_place(_call: object) -> None:
        attached.record().unlink()
        attached.record().mkdir()

    attached.run.answer("bridge", "DEL", put_a_directory_in_its_place)
    assert "cannot remove the record" in refusal(attached).msg


def test_a_cached_result_that_cannot_be_removed_fails_the_deletion_and_the_next_one_removes_it(
    attached: World, stubborn: Callable[[Path], AbstractContextManager[None]]
) -> None:
    """It would be there for ever: nobody asks for this container again."""
    with stubborn(attached.state / "results"):
        error = refusal(attached)
    assert "results: operation not permitted" in error.msg
    assert attached.run.names() == ["DEL macvlan net1", "DEL bridge eth0"]
    attached.delete()
    assert attached.left_behind() == []
