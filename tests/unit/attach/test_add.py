"""ADD: what is attached, recorded and published, and that a failure leaves nothing."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pytest

from multus_py.base.process import Outcome
from multus_py.cluster import errors as cluster_errors
from multus_py.cluster.objects import Pod
from multus_py.cluster.port import Event, Report
from multus_py.cni import errors
from multus_py.cni.errors import CNIError
from multus_py.entry import InterruptedCallError
from multus_py.node import errors as node_errors
from tests.fakes.cluster import FakeCluster, get_nad
from tests.fakes.processes import Hang, PluginCall
from tests.unit.attach.world import DEFAULT_NETWORK, NETNS, POD_ARGS, World, exits

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONObject

FULL_DISK = CNIError(5, "disk is full", "no inode")


@pytest.fixture
def two(world: World) -> World:
    """Return a world whose pod wants two networks, on net1 and net2, of the plugins macvlan and ipvlan."""
    world.plugin("ipvlan")
    world.put_nad("a")
    world.put_nad("b", {"cniVersion": "1.0.0", "type": "ipvlan"})
    world.put_pod("a,b")
    return world


def refusal(world: World, **changes: str) -> CNIError:
    with pytest.raises(CNIError) as caught:
        world.add(**changes)
    return caught.value


# What is done, and in which order.


def test_the_networks_are_attached_in_order_and_the_runtime_gets_the_first_result(two: World) -> None:
    printed = two.add()
    assert two.run.names() == ["ADD bridge eth0", "ADD macvlan net1", "ADD ipvlan net2"]
    assert printed == {
        "cniVersion": "1.0.0",
        "interfaces": [{"name": "eth0", "mac": "0a:58:0a:01:02:03", "sandbox": NETNS}],
        "ips": [{"address": "10.1.0.2/16", "gateway": "10.1.0.1", "interface": 0}],
    }
    assert two.node.interfaces[NETNS] == {"lo", "eth0", "net1", "net2"}
    assert two.left_behind() == [
        "c1",
        "results/a-c1-net1",
        "results/b-c1-net2",
        "results/cluster-c1-eth0",
    ]


def test_delegates_are_called_as_the_spec_says(two: World) -> None:
    two.add()
    call = two.run.one("ADD macvlan net1")
    assert dict(call.variables) == {
        "COMMAND": "ADD",
        "CONTAINERID": "c1",
        "NETNS": NETNS,
        "IFNAME": "net1",
        "ARGS": POD_ARGS,
        "PATH": f"{two.bin}:/opt/cni/bin",
    }
    assert call.config == {"cniVersion": "1.0.0", "name": "a", "type": "macvlan"}
    assert call.environ == {b"PATH": b"/bin"}


def test_the_record_is_there_before_the_first_plugin_runs(two: World) -> None:
    seen: list[object] = []

    def look(call: PluginCall) -> JSONObject:
        seen.append(json.loads(two.record().read_bytes()))
        return two.make(call)

    two.run.answer("bridge", "ADD", look)
    two.add()
    [record] = seen
    assert isinstance(record, list)
    assert [entry["ifnameRequest"] for entry in record] == ["eth0", "net1", "net2"]


def test_what_is_written_is_for_root_alone_whatever_the_umask(two: World) -> None:
    before = os.umask(0)
    try:
        two.add()
    finally:
        os.umask(before)
    modes = {path.is_dir(): set[int]() for path in two.state.rglob("*")}
    for path in (two.state, *two.state.rglob("*")):
        modes[path.is_dir()].add(stat.S_IMODE(path.stat().st_mode))
    assert modes == {True: {0o700}, False: {0o600}}


@pytest.mark.parametrize("wanted", ["0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"])
@pytest.mark.parametrize("delegate", ["0.2.0", "0.4.0", "1.1.0"])
def test_the_result_is_in_the_version_that_the_runtime_asked_for(world: World, wanted: str, delegate: str) -> None:
    world.keys |= {
        "cniVersion": wanted,
        "delegates": [{"cniVersion": delegate, "name": "cluster", "type": "bridge"}],
    }
    address: JSONObject = {"ips": [{"address": "10.1.0.2/16", "version": "4"}]}
    if delegate == "0.2.0":
        address = {"ip4": {"ip": "10.1.0.2/16"}}
    world.run.answer("bridge", "ADD", {"cniVersion": delegate, **address})
    world.put_pod()
    printed = world.add()
    assert printed["cniVersion"] == wanted
    assert "10.1.0.2/16" in json.dumps(printed)


def test_a_result_that_the_runtimes_version_cannot_say_is_a_failure_that_is_undone(two: World) -> None:
    two.keys["cniVersion"] = "0.2.0"
    two.run.answer("bridge", "ADD", two.make)  # no addresses
    error = refusal(two)
    assert error.msg.startswith("cannot convert: no valid IP addresses")
    assert two.left_behind() == []
    assert two.run.names("DEL") == ["DEL ipvlan net2", "DEL macvlan net1", "DEL bridge eth0"]
    assert two.annotation() == ""


def test_without_kubernetes_the_configured_networks_are_attached(world: World) -> None:
    world.cluster = None
    world.add(args="")
    assert world.run.names() == ["ADD bridge eth0"]
    assert world.run.one("ADD bridge eth0").variables["ARGS"] == "IgnoreUnknown=true"


def test_a_call_that_names_no_pod_asks_the_cluster_nothing(world: World) -> None:
    world.add(args="IgnoreUnknown=1")
    assert world.cluster
    assert world.cluster.calls == []
    assert world.cluster.closed


def test_the_cluster_is_asked_no_more_than_necessary(two: World) -> None:
    two.add()
    assert two.cluster
    assert two.cluster.calls == [
        ("get_pod", "demo", "web"),
        ("get_nads", "demo", "a"),
        ("get_nads", "demo", "b"),
        ("write_status", "demo", "web"),
        ("post_events", "demo", "web"),
    ]
    assert two.cluster.closed


def test_a_pod_that_is_gone_gets_a_result_that_runtimes_accept_and_nothing_else(world: World) -> None:
    assert world.add() == {
        "cniVersion": "1.0.0",
        "interfaces": [{"name": "eth0", "sandbox": NETNS}],
        "ips": [{"address": "0.0.0.0/0", "gateway": "0.0.0.0"}],
    }
    assert world.run.names() == []
    assert not world.state.exists()


def test_a_broken_kubeconfig_is_an_error_before_anything_is_done(world: World) -> None:
    world.cluster_failure = cluster_errors.ConfigError("/kubeconfig: no such file")
    error = refusal(world)
    assert error.msg == "no way to the Kubernetes API: /kubeconfig: no such file"
    assert error.code == errors.INVALID_CONFIG
    assert world.run.names() == []


def test_the_default_network_is_waited_for(world: World) -> None:
    world.keys["readinessindicatorfile"] = str(world.root / "ready")
    assert refusal(world).code == errors.TRY_AGAIN_LATER
    assert sum(world.clock.sleeps) == 45


# Failures and roll-back.

FAILURES: dict[str, tuple[CNIError | Outcome | Hang | bytes, int, str]] = {
    "an error object": (FULL_DISK, 5, "disk is full"),
    "the plugin's own code": (CNIError(131, "quota"), 131, "quota"),
    "only stderr": (exits(1, stderr="boom\n"), 999, 'netplugin failed: "boom\\n": exit status 1'),
    "nothing": (exits(3), 999, "netplugin failed with no error message: exit status 3"),
    "a signal": (exits(-9), 999, "netplugin failed with no error message: signal: killed"),
    "garbage": (exits(1, stdout="oops"), 999, "netplugin failed but error parsing its diagnostic message "),
    "a result that is no result": (b"oops", errors.DECODING_FAILURE, "failed to unmarshal raw result: "),
    "a hang": (Hang(), 999, 'netplugin failed: plugin "ipvlan" did not finish within 5 seconds and was killed'),
}


@pytest.mark.parametrize("mode", ["one by one", "together"])
@pytest.mark.parametrize(("answer", "code", "message"), FAILURES.values(), ids=list(FAILURES))
def test_an_add_that_fails_undoes_itself_in_reverse_and_says_what_failed(
    two: World, answer: CNIError | Outcome | Hang | bytes, code: int, message: str, mode: str
) -> None:
    two.keys |= {"delegateTimeout": 5, "parallelAttachments": mode == "together"}
    two.run.answer("ipvlan", "ADD", answer)
    error = refusal(two)
    assert error.msg.startswith(f'[demo/web/u1:b]: error adding container to network "b": {message}')
    assert error.code == code
    assert two.run.names("DEL") == ["DEL ipvlan net2", "DEL macvlan net1", "DEL bridge eth0"]
    assert two.node.interfaces[NETNS] == {"lo"}
    assert two.left_behind() == []
    assert two.annotation() == ""


def test_the_details_of_a_delegates_error_survive(two: World) -> None:
    two.run.answer("bridge", "ADD", FULL_DISK)
    error = refusal(two)
    assert (error.code, error.details) == (5, "no inode")
    assert two.run.names() == ["ADD bridge eth0", "DEL bridge eth0"]


MASTERS: dict[str, tuple[JSONObject, set[str] | None, str]] = {
    "missing": (
        {"master": "fast0"},
        {"lo"},
        'Link not found: the node has no interface "fast0", the master of network "demo/fast"',
    ),
    "there": ({"master": "fast0"}, {"lo", "fast0"}, "Link not found"),
    "in the pod": ({"master": "eth0", "linkInContainer": True}, {"lo"}, "Link not found"),
    "none": ({}, {"lo"}, "Link not found"),
    "unknown": ({"master": "fast0"}, None, "Link not found"),
}


@pytest.mark.parametrize(("keys", "interfaces", "message"), MASTERS.values(), ids=list(MASTERS))
def test_a_master_interface_that_the_node_lacks_is_named(
    world: World, keys: JSONObject, interfaces: set[str] | None, message: str
) -> None:
    if interfaces is not None:
        world.node.interfaces["/proc/thread-self/ns/net"] = interfaces
    world.plugin("bridge")
    world.put_nad("fast", {"cniVersion": "1.0.0", "type": "macvlan", **keys})
    world.put_pod("fast")
    world.run.answer("macvlan", "ADD", CNIError(errors.INTERNAL, "Link not found"))
    world.run.answer("macvlan", "DEL", None)
    with pytest.raises(CNIError) as caught:
        world.add()
    assert caught.value.msg.endswith(f": {message}")


def test_networks_after_the_one_that_failed_are_neither_tried_nor_undone(two: World) -> None:
    two.run.answer("macvlan", "ADD", FULL_DISK)
    refusal(two)
    assert two.run.names() == [
        "ADD bridge eth0",
        "ADD macvlan net1",
        "DEL macvlan net1",
        "DEL bridge eth0",
    ]


def test_undoing_passes_what_the_add_passed(two: World) -> None:
    two.run.answer("ipvlan", "ADD", FULL_DISK)
    refusal(two)
    added, removed = two.run.one("ADD bridge eth0"), two.run.one("DEL bridge eth0")
    assert removed.variables == {**added.variables, "COMMAND": "DEL"}
    previous: JSONObject = {
        "cniVersion": "1.0.0",
        "interfaces": [{"name": "eth0", "mac": "0a:58:0a:01:02:03", "sandbox": NETNS}],
        "ips": [{"address": "10.1.0.2/16", "gateway": "10.1.0.1", "interface": 0}],
    }
    assert removed.config == {**added.config, "prevResult": previous}


def test_what_cannot_be_undone_stays_recorded_and_the_first_error_is_told(two: World) -> None:
    two.run.answer("ipvlan", "ADD", FULL_DISK)
    two.run.answer("macvlan", "DEL", CNIError(11, "busy"))
    assert "disk is full" in refusal(two).msg
    assert two.run.names("DEL") == ["DEL ipvlan net2", "DEL macvlan net1", "DEL bridge eth0"]
    assert two.left_behind() == ["c1", "results/a-c1-net1"]
    assert "DEL: [demo/web/u1:demo/a]: net1: busy" in two.log()


def test_a_record_that_cannot_be_removed_does_not_hide_the_error(two: World) -> None:
    def put_a_directory_in_its_place(_call: object) -> CNIError:
        two.record().unlink()
        two.record().mkdir()
        return FULL_DISK

    two.run.answer("ipvlan", "ADD", put_a_directory_in_its_place)
    assert "disk is full" in refusal(two).msg
    assert "ADD: everything was undone, but cannot remove the record" in two.log()


def test_a_missing_plugin_undoes_what_was_there_and_is_told(two: World) -> None:
    """Flow F9, for the plugin itself."""
    two.run.uninstall("ipvlan")
    error = refusal(two)
    assert error.msg.endswith(f'failed to find plugin "ipvlan" in path [{two.bin} /opt/cni/bin]')
    assert two.run.names("DEL") == ["DEL macvlan net1", "DEL bridge eth0"]
    assert two.left_behind() == ["c1"], "the DEL of ipvlan is still owed"


@pytest.mark.parametrize("where", ["bridge", "macvlan", "ipvlan"])
@pytest.mark.parametrize("mode", ["one by one", "together"])
def test_an_interrupted_add_undoes_itself(two: World, where: str, mode: str) -> None:
    two.keys["parallelAttachments"] = mode == "together"
    two.run.answer(where, "ADD", InterruptedCallError("ended by signal 15"))
    with pytest.raises(InterruptedCallError):
        two.add()
    assert two.left_behind() == []
    assert two.node.interfaces[NETNS] == {"lo"}
    assert two.run.names("DEL")[-1] == "DEL bridge eth0"


def test_an_add_interrupted_while_the_cluster_is_told_undoes_itself(two: World) -> None:
    assert two.cluster
    two.cluster = _Interrupted(two.cluster.pod("demo", "web"), get_nad(two.cluster, "demo", "a"))
    two.put_nad("b")
    with pytest.raises(InterruptedCallError):
        two.add()
    assert two.left_behind() == []


class _Interrupted(FakeCluster):
    """A cluster that is being told of an event when the signal comes."""

    def post_events(self, pod: Pod, events: Sequence[Event], report: Report | None = None) -> None:
        raise InterruptedCallError("ended by signal 15")


STATUS_FAILURES = {
    "another pod": (cluster_errors.ConflictError("another UID"), errors.INTERNAL),
    "no answer": (cluster_errors.UnavailableError("timed out"), errors.TRY_AGAIN_LATER),
}


@pytest.mark.parametrize(("failure", "code"), STATUS_FAILURES.values(), ids=list(STATUS_FAILURES))
def test_a_status_that_cannot_be_written_undoes_everything(
    two: World, failure: cluster_errors.ClusterError, code: int
) -> None:
    """B5: the original returns without rolling back."""
    assert two.cluster
    two.cluster.fail("write_status", failure)
    error = refusal(two)
    assert error.msg == f"[demo/web/u1]: cannot write the network status: {failure}"
    assert error.code == code
    assert two.left_behind() == []
    assert two.run.names("DEL") == ["DEL ipvlan net2", "DEL macvlan net1", "DEL bridge eth0"]


def test_a_pod_that_goes_away_before_its_status_is_written_is_no_error(two: World) -> None:
    assert two.cluster
    two.cluster.fail("write_status", cluster_errors.NotFoundError("gone"))
    two.add()
    assert "left" not in two.log()
    assert two.record().exists()


def test_routes_that_cannot_be_set_undo_everything(two: World) -> None:
    """B5: the original returns without rolling back."""
    two.put_pod([{"name": "a", "default-route": ["192.0.2.1"]}])
    two.node.will_reroute("net1", failure=node_errors.NodeError("unreachable"))
    error = refusal(two)
    assert error.msg == "[demo/web/u1]: cannot set the default route to net1: unreachable"
    assert two.left_behind() == []
    assert two.run.names("DEL") == ["DEL macvlan net1", "DEL bridge eth0"]


def test_a_record_that_cannot_be_written_is_an_error_before_anything_is_done(two: World) -> None:
    two.record().mkdir(parents=True)
    error = refusal(two)
    assert error.msg == f"cannot write the record {two.record()}: Is a directory"
    assert error.code == errors.IO_FAILURE
    assert two.run.names() == []


def test_a_bad_annotation_is_an_error_before_anything_is_done(two: World) -> None:
    two.put_pod("[null]")
    refusal(two)
    assert two.run.names() == []
    assert not two.state.exists()


# A container that is attached already.


def test_a_second_add_for_a_live_container_fails_and_does_not_touch_the_first(two: World) -> None:
    two.add()
    before = {path: path.read_bytes() for path in two.state.rglob("*") if path.is_file()}
    error = refusal(two)
    assert error.msg == (
        '[demo/web/u1:cluster]: error adding container to network "cluster": DelegateAdd: cannot set "bridge" '
        'interface name to "eth0": validateIfName: interface name eth0 already exists'
    )
    assert two.run.names("DEL") == []
    assert {path: path.read_bytes() for path in two.state.rglob("*") if path.is_file()} == before


def test_a_second_add_for_another_interface_keeps_the_record_of_the_first(world: World) -> None:
    world.put_pod()
    world.add()
    world.add(ifname="eth1")
    world.check()
    assert world.run.names("CHECK") == ["CHECK bridge eth1", "CHECK bridge eth0"]
    world.delete()
    assert world.run.names("DEL") == ["DEL bridge eth0", "DEL bridge eth1"]
    assert world.left_behind() == []


def test_a_second_add_that_fails_gives_the_record_of_the_first_back(world: World) -> None:
    world.put_pod()
    world.add()
    before = world.record().read_bytes()
    world.run.answer("bridge", "ADD", FULL_DISK)
    refusal(world, ifname="eth1")
    assert world.run.names("DEL") == ["DEL bridge eth1"]
    assert world.record().read_bytes() == before


def test_an_add_after_one_that_could_not_be_undone_replaces_its_record(two: World) -> None:
    two.run.answer("ipvlan", "ADD", FULL_DISK, two.make)
    two.run.answer("macvlan", "DEL", CNIError(11, "busy"), two.unmake)
    refusal(two)
    two.node.interfaces[NETNS] = {"lo"}
    two.add()
    assert len(json.loads(two.record().read_bytes())) == 3
    two.delete()
    assert two.left_behind() == []


def test_a_namespace_that_is_gone_is_an_error_before_anything_is_done(two: World) -> None:
    error = refusal(two, netns="/run/netns/gone")
    assert error.msg == "[demo/web/u1]: network namespace /run/netns/gone does not exist (any more)"
    assert error.code == errors.INVALID_NETNS
    assert two.run.names() == []


# Together.


def test_with_parallel_attachments_the_cluster_network_is_still_first(two: World) -> None:
    two.keys["parallelAttachments"] = True
    two.add()
    assert two.run.names()[0] == "ADD bridge eth0"
    assert sorted(two.run.names()[1:]) == ["ADD ipvlan net2", "ADD macvlan net1"]
    assert [entry["name"] for entry in two.status_entries()] == ["cluster", "demo/a", "demo/b"]


# The default network that a pod chooses.


def test_a_default_network_of_its_own_is_the_result_of_the_pod(two: World) -> None:
    two.put_nad("own", namespace="kube-system")
    two.put_pod(**{DEFAULT_NETWORK: "own"})
    assert "192.0.2.7/24" in json.dumps(two.add())
    assert two.run.names() == ["ADD macvlan eth0"]


def test_what_a_delegate_says_on_stderr_is_passed_on(world: World) -> None:
    world.run.answer("bridge", "ADD", exits(0, stdout="{}", stderr="deprecated\n"))
    world.add(args="")
    assert world.stderr == [b"deprecated\n"]
