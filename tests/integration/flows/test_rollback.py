"""An ADD that fails, or is ended from outside, undoes itself: no interface, address, record or process is left."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from multus_py.lab import manifests
from multus_py.lab.faults import Answer, Fault
from multus_py.lab.objects import JSON, Object
from multus_py.lab.runtime import Call, PluginError
from tests.integration.flows import networks
from tests.integration.flows.world import Pod, World

pytestmark = pytest.mark.root

parallel_or_not = pytest.mark.parametrize("parallel", [False, True], ids=["one by one", "together"])


def running(path: Path) -> list[str]:
    """Return the processes that run a program."""
    done = subprocess.run(["pgrep", "-f", str(path)], check=False, capture_output=True, text=True)
    return done.stdout.split()


def in_a_slow_plugin(world: World, *, parallel: bool) -> tuple[Pod, Call]:
    """Start an ADD, and wait until its second network's plugin, which takes its time, runs."""
    world.configured(parallelAttachments=parallel)
    world.network("data", networks.storage(world.node))
    world.network("slow", world.recorder("slow", {"ADD": {"sleep": 600}}))
    pod = world.pod("pod1", "data,slow")
    call = world.runtime.start("ADD", pod.sandbox)
    world.wait_for("slow", "ADD")
    return pod, call


@parallel_or_not
def test_when_the_second_network_fails_the_first_is_detached(world: World, *, parallel: bool) -> None:
    world.configured(parallelAttachments=parallel)
    error: Object = {"cniVersion": "1.1.0", "code": 107, "msg": "no room", "details": "all taken"}
    world.network("data", networks.storage(world.node))
    world.network("full", world.recorder("full", {"ADD": {"error": error}}))
    pod = world.pod("pod1", "data,full")
    with pytest.raises(PluginError, match=r'default/pod1/.*:full\]: error adding .* "full": .*no room') as caught:
        world.add(pod)
    assert (caught.value.code, caught.value.details) == (107, "all taken")
    assert world.left() == []
    assert [entry["command"] for entry in world.recorded("full")] == ["ADD", "DEL"]
    [event] = world.events(pod, count=1)
    assert event.startswith("Warning FailedToAddInterface: Add net2 from default/full failed: ")
    assert "no room" in event
    assert world.annotation(pod, manifests.STATUS) == ""


def test_networks_after_the_one_that_failed_are_not_tried(world: World) -> None:
    error: Object = {"cniVersion": "1.1.0", "code": 107, "msg": "no room"}
    world.network("full", world.recorder("full", {"ADD": {"error": error}}))
    world.network("next", world.recorder("next"))
    pod = world.pod("pod1", "full,next")
    with pytest.raises(PluginError, match="no room"):
        world.add(pod)
    assert world.recorded("next") == []


def test_a_range_without_a_free_address_undoes_everything(world: World) -> None:
    ipam = world.node.host_local("203.0.113.0/24", rangeStart="203.0.113.10", rangeEnd="203.0.113.10")
    world.network("tiny", networks.macvlan(ipam))
    first, second = world.start("pod1", "tiny"), world.pod("pod2", "tiny")
    with pytest.raises(PluginError, match="no IP addresses available in range set"):
        world.add(second)
    second.sandbox.namespace.remove()  # where macvlan leaves net1 when its IPAM plugin fails
    assert not [what for what in world.left() if second.sandbox.container_id in what]
    assert first.names == ["eth0", "net1"]
    world.delete(first)
    assert world.left() == []


def test_a_status_that_cannot_be_written_undoes_everything(world: World) -> None:
    world.network("data", networks.storage(world.node))
    world.api.inject(Fault(Answer(403), method="PATCH", times=None))
    pod = world.pod("pod1", "data")
    with pytest.raises(PluginError, match=r'cannot write the network status: .*patch.*"?pods/status'):
        world.add(pod)
    assert world.left() == []


def test_a_second_add_is_refused_and_the_first_one_stays(world: World) -> None:
    world.network("data", networks.storage(world.node))
    pod = world.start("pod1", "data")
    before = [(interface.name, interface.mac, interface.addresses) for interface in pod.sandbox.namespace.interfaces()]
    with pytest.raises(PluginError, match="interface name eth0 already exists"):
        world.runtime.start("ADD", pod.sandbox).result()
    after = [(interface.name, interface.mac, interface.addresses) for interface in pod.sandbox.namespace.interfaces()]
    assert after == before
    world.runtime.check(pod.sandbox)


@parallel_or_not
def test_a_call_that_is_ended_undoes_what_it_did(world: World, *, parallel: bool) -> None:
    _, call = in_a_slow_plugin(world, parallel=parallel)
    call.interrupt()
    with pytest.raises(PluginError, match="ended by signal 15"):
        call.result()
    assert world.left() == []
    assert running(world.node.plugins / "slow") == []


@parallel_or_not
def test_what_a_killed_call_left_running_ends_before_del_cleans_up(world: World, *, parallel: bool) -> None:
    """A runtime that gives up on an ADD kills Multus, and not its delegates: these would go on behind DEL's back."""
    pod, call = in_a_slow_plugin(world, parallel=parallel)
    call.kill()
    assert running(world.node.plugins / "slow") != []
    world.runtime.delete(pod.sandbox)
    assert running(world.node.plugins / "slow") == []
    assert world.left() == []


def test_networks_are_attached_together_and_keep_their_order(world: World) -> None:
    world.configured(parallelAttachments=True)
    names = [f"slow{number}" for number in range(3)]
    for name in names:
        world.network(name, world.recorder(name, {"ADD": {"sleep": 1}}))
    pod = world.start("pod1", ",".join(names))
    begun = [entry["time"] for name in names for entry in world.recorded(name, "ADD")]
    times = [moment for moment in begun if isinstance(moment, float)]
    assert max(times) - min(times) < 1
    assert [entry["name"] for entry in world.status(pod)] == ["cluster", *(f"default/{name}" for name in names)]


@pytest.mark.parametrize("second", ["DEL", "CHECK"])
def test_two_calls_for_one_container_wait_for_each_other(world: World, second: str) -> None:
    world.network("slow", world.recorder("slow", {"ADD": {"sleep": 0.7}}))
    pod = world.pod("pod1", "slow")
    calls: list[Call] = [world.runtime.start("ADD", pod.sandbox)]
    world.wait_for("slow", "ADD")
    calls.append(world.runtime.start(second, pod.sandbox, extra={"prevResult": {"cniVersion": "1.0.0"}}))
    results: list[JSON] = [call.result() for call in calls]
    assert results[1] == {}
    [adding, following] = world.recorded("slow")
    assert isinstance(adding["time"], float)
    assert isinstance(following["time"], float)
    assert following["command"] == second
    assert following["time"] - adding["time"] >= 0.7


def test_a_lock_of_a_call_that_was_killed_is_no_obstacle(world: World) -> None:
    world.network("data", networks.storage(world.node))
    world.network("slow", world.recorder("slow", {"ADD": [{"sleep": 1}, {}]}))
    pod = world.pod("pod1", "data,slow")
    call = world.runtime.start("ADD", pod.sandbox)
    world.wait_for("slow", "ADD")
    call.process.kill()
    with pytest.raises(PluginError):
        call.result()
    world.delete(pod)
    assert world.left() == []


def test_a_network_of_type_multus_does_not_start_the_pods_networks_over_and_over(world: World) -> None:
    """The inner call plans the same pod, whose network wants the interface that the inner call is to make."""
    inner = world.node.multus_config(world.cluster_network, cniDir=str(world.node.state.with_name("inner")))
    world.network("again", {**inner, "name": "again"})
    pod = world.pod("pod1", "again")
    with pytest.raises(PluginError, match="cluster and default/again both want interface name net1"):
        world.add(pod)
    assert world.left() == []
