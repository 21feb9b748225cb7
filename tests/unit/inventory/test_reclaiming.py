"""Each sort of leak is taken back in its way; what has changed since it was found is left alone."""

from __future__ import annotations

import fcntl
from collections.abc import Callable

import pytest

from multus_py.cni.errors import CNIError
from multus_py.inventory.machine import OWN
from multus_py.inventory.model import Kind, Leak
from multus_py.inventory.reclaiming import Outcome, reclaim
from multus_py.node.interfaces import Interface
from tests.fakes.processes import PluginCall
from tests.unit.inventory.nodes import ID, OTHER, NodeWorld


def take(given: NodeWorld) -> Outcome:
    (leak,) = given.leaks()
    return reclaim(given.node(), leak)


def kinds(given: NodeWorld) -> list[Kind]:
    return [leak.kind for leak in given.leaks()]


def deletions(given: NodeWorld) -> list[PluginCall]:
    return [call for call in given.world.run.calls if call.command == "DEL"]


@pytest.fixture
def gone(given: NodeWorld) -> NodeWorld:
    given.start()
    given.end()
    return given


def test_a_container_is_detached_by_its_plugins_own_del(gone: NodeWorld) -> None:
    outcome = take(gone)
    assert (outcome.done, outcome.said) == (True, "ran DEL of 1 network")
    (call,) = deletions(gone)
    assert (call.variables["CONTAINERID"], call.variables["NETNS"], call.ifname) == (ID, "", "eth0")
    assert gone.world.left_behind() == []
    assert gone.leaks() == []


def test_half_written_files_go_with_the_container(gone: NodeWorld) -> None:
    leak = next(leak for leak in gone.leaks() if leak.kind is Kind.CONTAINER)
    for name in (f".{ID}.tmp", f"results/.cluster-{ID}-eth0.tmp"):
        (gone.world.state / name).write_text("")
    assert reclaim(gone.node(), leak).done
    assert gone.world.left_behind() == []


def test_what_a_plugin_refuses_stays_recorded(gone: NodeWorld) -> None:
    gone.world.run.answer("bridge", "DEL", CNIError(11, "come back later"))
    outcome = take(gone)
    assert not outcome.done
    assert "come back later" in outcome.said
    assert gone.record().is_file()


def test_a_container_that_is_back_is_left_alone(gone: NodeWorld) -> None:
    (leak,) = gone.leaks()
    gone.machine.namespaces[gone.sandbox] = [gone.interface()]
    outcome = reclaim(gone.node(), leak)
    assert (outcome.done, deletions(gone)) == (False, [])
    assert outcome.said == f"left alone: its network namespace {gone.sandbox} is there"


def test_a_container_that_a_del_has_taken_back_meanwhile_is_done(gone: NodeWorld) -> None:
    (leak,) = gone.leaks()
    gone.world.delete(container_id=ID, netns=gone.sandbox)
    outcome = reclaim(gone.node(), leak)
    assert (outcome.done, outcome.said) == (True, "somebody else has taken it back meanwhile")


def test_a_container_that_a_call_is_at_work_for_is_left_alone(gone: NodeWorld) -> None:
    (leak,) = gone.leaks()
    with (gone.world.state / f".{ID}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        outcome = reclaim(gone.node(), leak)
    assert (outcome.done, outcome.said) == (False, "left alone: a call is at work for its container")


@pytest.mark.parametrize(("kind", "removed"), [("veth", [7]), ("dummy", [])])
def test_a_veth_of_which_both_ends_are_on_the_node_is_removed(gone: NodeWorld, kind: str, removed: list[int]) -> None:
    gone.machine.namespaces[OWN] = [Interface(index=7, name="veth0", kind=kind, mac="02:00:00:00:00:01")]
    assert take(gone).done
    assert gone.machine.removed == removed


def test_an_address_is_given_back(given: NodeWorld) -> None:
    path = given.reserve("192.0.2.9", OTHER)
    assert take(given).done
    assert not path.exists()


def test_an_address_that_another_container_has_by_now_stays(given: NodeWorld) -> None:
    path = given.reserve("192.0.2.9", OTHER)
    (leak,) = given.leaks()
    given.reserve("192.0.2.9", "c" * 64)
    outcome = reclaim(given.node(), leak)
    assert (outcome.done, outcome.said) == (False, "left alone: another container has the address now")
    assert path.exists()


def use_address(given: NodeWorld) -> None:
    given.machine.namespaces["/run/netns/other"] = [Interface(index=2, name="eth0", addresses=("192.0.2.9/24",))]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (use_address, "an interface has it now"),
        (lambda given: setattr(given.machine, "groups", f"0::/cri-{OTHER}.scope\n"), "its container is there now"),
        (lambda given: given.write(given.runtime_results / f"other-{OTHER}-eth0"), "its container is there now"),
        (lambda given: setattr(given.machine, "secret", "it is locked"), "it is locked"),
    ],
    ids=["an interface", "a process", "a note of the runtime's", "nobody can tell"],
)
def test_an_address_that_somebody_speaks_for_by_now_stays(
    given: NodeWorld, change: Callable[[NodeWorld], object], said: str
) -> None:
    """Between what was shown and the answer of a person there may be hours."""
    path = given.reserve("192.0.2.9", OTHER)
    (leak,) = given.leaks()
    change(given)
    outcome = reclaim(given.node(), leak)
    assert (outcome.done, outcome.said.removeprefix("left alone: ")) == (False, said)
    assert path.exists()


@pytest.mark.parametrize("name", [f"results/cluster-{ID}-net1", f".{ID}.tmp", f".{ID}.lock"])
def test_a_file_is_removed_and_doing_it_again_is_no_error(given: NodeWorld, name: str) -> None:
    path = given.write(given.world.state / name, "{")
    (leak,) = given.leaks()
    assert [reclaim(given.node(), leak).done for _ in range(2)] == [True, True]
    assert not path.exists()


def test_a_file_of_a_container_that_is_recorded_by_now_stays(given: NodeWorld) -> None:
    path = given.write(given.devices / f"demo-nic-{ID}_net1", "{}")
    (leak,) = given.leaks()
    given.start()
    assert reclaim(given.node(), leak).said == "left alone: its container is recorded now"
    assert path.exists()


def test_a_record_that_can_be_read_by_now_stays(given: NodeWorld) -> None:
    given.write(given.record(), "[{")
    (leak,) = given.leaks()
    given.record().unlink()
    given.start()
    assert reclaim(given.node(), leak).said == "left alone: its container is recorded now"


def test_a_file_that_a_call_is_writing_stays(given: NodeWorld) -> None:
    path = given.write(given.world.state / f".{ID}.tmp", "[{")
    (leak,) = given.leaks()
    with given.write(given.world.state / f".{ID}.lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert kinds(given) == []
        assert reclaim(given.node(), leak).said == "left alone: a call is at work for its container"
    assert path.exists()


def test_what_the_machine_refuses_is_said(given: NodeWorld) -> None:
    folder = given.world.state / f".{ID}.tmp"
    folder.mkdir(parents=True)
    leak = Leak(kind=Kind.TEMPORARY, subject="temporary file", reason="", container_id=ID, path=str(folder))
    outcome = reclaim(given.node(), leak)
    assert not outcome.done
    assert str(folder) in outcome.said
