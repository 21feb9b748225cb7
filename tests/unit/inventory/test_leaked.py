"""What counts as leaked, and what never does."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Callable

import pytest

from multus_py.cni import conf
from multus_py.inventory.leaked import leaked
from multus_py.inventory.machine import OWN
from multus_py.inventory.model import Kind
from multus_py.node.interfaces import Interface
from tests.unit.inventory.nodes import ID, OTHER, NodeWorld


def kinds(given: NodeWorld) -> list[str]:
    return [leak.kind.value for leak in given.leaks()]


def test_a_living_container_with_all_that_is_its_own_is_no_leak(given: NodeWorld) -> None:
    given.start()
    given.reserve("192.0.2.7", ID)
    given.write(given.devices / f"demo-nic-{ID}_net1", "{}")
    assert kinds(given) == []


def test_a_container_whose_namespace_is_gone_is_one_leak_with_all_that_it_holds(given: NodeWorld) -> None:
    given.start()
    given.reserve("192.0.2.7", ID)
    given.end()
    (leak,) = given.leaks()
    assert (leak.kind, leak.subject, leak.container_id) == (Kind.CONTAINER, "demo/web", ID)
    assert leak.reason == f"its network namespace {given.sandbox} is gone"
    assert leak.holds == ("192.0.2.7/24",)


def veth(given: NodeWorld, *, mac: str = "02:00:00:00:00:01", elsewhere: bool = True) -> None:
    given.machine.namespaces[OWN] = [Interface(index=7, name="veth0", mac=mac, parent_is_elsewhere=elsewhere)]


def rename_namespace(given: NodeWorld, path: str) -> None:
    """Let records and results name another file for the namespace."""
    for file in (given.record(), *given.results()):
        file.write_text(file.read_text().replace(given.sandbox, path))


def without_netns(given: NodeWorld) -> None:
    """Leave of a container what the Go Multus leaves when its cached result is lost."""
    given.as_go_writes()
    for path in given.results():
        path.unlink()


SPARED: dict[str, Callable[[NodeWorld], object]] = {
    "a process is in its control group": lambda given: setattr(given.machine, "groups", f"0::/cri-{ID}.scope\n"),
    "its veth leads into a namespace": veth,
    "the directory of namespaces is not there": lambda given: rename_namespace(given, "/nonexistent/netns/pod"),
    "only a process number names the namespace": lambda given: rename_namespace(given, "/proc/4194304/ns/net"),
    "nothing names the namespace": without_netns,
}


@pytest.mark.parametrize("reason", SPARED)
def test_in_doubt_a_container_is_there(given: NodeWorld, reason: str) -> None:
    given.start()
    given.end()
    SPARED[reason](given)
    assert kinds(given) == []


def test_a_container_that_a_call_is_at_work_for_is_no_leak(given: NodeWorld) -> None:
    given.start()
    given.end()
    with given.write(given.world.state / f".{ID}.lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert kinds(given) == []
    assert kinds(given) == ["container", "lock"]


@pytest.mark.parametrize(
    "change",
    [lambda given: veth(given, mac="02:00:00:00:00:99"), lambda given: veth(given, elsewhere=False)],
    ids=["another one of that name", "both ends are here"],
)
def test_an_interface_that_leads_nowhere_speaks_for_nobody(
    given: NodeWorld, change: Callable[[NodeWorld], object]
) -> None:
    given.start()
    given.end()
    change(given)
    assert kinds(given) == ["container"]


def test_without_a_namespace_the_runtimes_own_notes_decide(given: NodeWorld) -> None:
    given.start()
    without_netns(given)
    note = given.write(given.runtime_results / f"multus-cni-network-{ID}-eth0")
    assert kinds(given) == []
    note.rename(given.runtime_results / f"multus-cni-network-{OTHER}-eth0")
    assert kinds(given) == ["container"]


def test_an_address_of_nobody_is_a_leak(given: NodeWorld) -> None:
    path = given.reserve("192.0.2.9", OTHER)
    (leak,) = given.leaks()
    assert (leak.kind, leak.subject) == (Kind.ADDRESS, "address 192.0.2.9 of network cluster")
    assert (leak.paths, leak.holds) == ((str(path),), ("192.0.2.9",))


def use(given: NodeWorld, address: str) -> None:
    given.machine.namespaces["/run/netns/other"] = [Interface(index=2, name="eth0", addresses=(address,))]


KEPT: dict[str, Callable[[NodeWorld], object]] = {
    "an interface has it": lambda given: use(given, "192.0.2.9/24"),
    "a process is in its container's group": lambda given: setattr(given.machine, "groups", f"1:/{OTHER}\n"),
    "the runtime has noted its container": lambda given: given.write(given.runtime_results / f"n-{OTHER}-eth0"),
    "it is young": lambda given: given.reserve("192.0.2.9", OTHER, age=10),
    "its owner is no container of a runtime's": lambda given: given.reserve("192.0.2.9", "by-hand"),
}


@pytest.mark.parametrize("reason", KEPT)
def test_in_doubt_an_address_is_somebodys(given: NodeWorld, reason: str) -> None:
    given.reserve("192.0.2.9", OTHER)
    KEPT[reason](given)
    assert kinds(given) == []


def test_a_store_of_a_network_that_multus_does_not_know_is_anothers(given: NodeWorld) -> None:
    given.reserve("192.0.2.9", OTHER, network="podman")
    assert kinds(given) == []
    config = {**given.bridge("podman")}
    known = conf.parse(json.dumps(config).encode())
    assert [leak.subject for leak in leaked(given.node(), networks=[known])] == ["address 192.0.2.9 of network podman"]


def test_a_cluster_network_that_is_a_file_is_multus_own(given: NodeWorld) -> None:
    given.world.keys["clusterNetwork"] = given.world.write("10-main.conf", given.bridge("main"))
    given.reserve("192.0.2.9", OTHER, network="main")
    assert kinds(given) == ["address"]


def test_host_locals_own_notes_are_no_addresses(given: NodeWorld) -> None:
    for name in ("lock", "last_reserved_ip.0"):
        given.write(given.addresses / "cluster" / name, OTHER)
    assert kinds(given) == []


@pytest.mark.parametrize(
    ("kind", "where", "name"),
    [
        ("result", "state", f"results/cluster-{OTHER}-eth0"),
        ("device-info", "devices", f"demo-nic-{OTHER}_net1"),
        ("lock", "state", f".{OTHER}.lock"),
        ("temporary", "state", f".{OTHER}.123.tmp"),
        ("temporary", "state", f"results/.cluster-{OTHER}-eth0.123.tmp"),
        ("record", "state", OTHER),
    ],
)
def test_a_file_of_nobody_is_a_leak_once_it_is_old(given: NodeWorld, kind: str, where: str, name: str) -> None:
    folder = {"state": given.world.state, "devices": given.devices}[where]
    given.write(folder / name, "[{", age=10)
    assert kinds(given) == []
    given.write(folder / name, "[{")
    assert kinds(given) == [kind]


@pytest.mark.parametrize("name", ["notes.txt", "results/notes.txt", "0123", ".hidden"])
def test_a_file_that_is_not_named_like_ours_is_not_ours(given: NodeWorld, name: str) -> None:
    given.write(given.world.state / name, "[{")
    assert kinds(given) == []
