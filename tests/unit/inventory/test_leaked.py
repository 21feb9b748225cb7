"""What counts as leaked, and what never does."""

from __future__ import annotations

import fcntl
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from multus_py.attach import record
from multus_py.base import files
from multus_py.cni import cache, conf
from multus_py.inventory.leaked import leaked
from multus_py.inventory.machine import OWN
from multus_py.inventory.model import Kind
from multus_py.node import deviceinfo
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


def without_netns(given: NodeWorld, *, age: float = 3600) -> None:
    """Leave of a container what the Go Multus leaves while its ADD is at work, and when its cached result is lost."""
    given.as_go_writes()
    given.write(given.record(), given.record().read_text(), age=age)
    for path in given.results():
        path.unlink()


def note(given: NodeWorld, name: str) -> Path:
    """Let the runtime note an attachment."""
    return given.write(given.runtime_results / name)


def noted_for_others(given: NodeWorld) -> None:
    without_netns(given)
    note(given, f"podman-{OTHER}-eth0")


def begun_by_go(given: NodeWorld) -> None:
    without_netns(given, age=10)
    note(given, f"multus-{OTHER}-eth0")


SPARED: dict[str, Callable[[NodeWorld], object]] = {
    "a process is in its control group": lambda given: setattr(given.machine, "groups", f"0::/cri-{ID}.scope\n"),
    "its veth leads into a namespace": veth,
    "the directory of namespaces is not there": lambda given: rename_namespace(given, "/nonexistent/netns/pod"),
    "only a process number names the namespace": lambda given: rename_namespace(given, "/proc/4194304/ns/net"),
    "nothing names the namespace": without_netns,
    "the namespace's file is there, but what is mounted on it is not to be seen from here": lambda given: given.write(
        Path(given.sandbox)
    ),
    "the runtime notes attachments to other networks only": noted_for_others,
    "the runtime has noted it, and no other pod is to be seen": lambda given: note(given, f"multus-{ID}-eth0"),
    "neither the runtime's notes nor another pod are to be seen": lambda given: given.runtime_results.rmdir(),
    "an ADD of the Go Multus, which has no lock, may be at work": begun_by_go,
}


@pytest.mark.parametrize("reason", SPARED)
def test_in_doubt_a_container_is_there(given: NodeWorld, reason: str) -> None:
    given.start()
    given.end()
    SPARED[reason](given)
    assert kinds(given) == []


def test_a_runtime_that_has_lost_its_state_notes_what_is_gone_for_ever(given: NodeWorld) -> None:
    given.start()
    given.end()
    note(given, f"multus-{ID}-eth0")
    use(given, "192.0.2.200/24")
    assert kinds(given) == ["container"]


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
    noted = note(given, f"multus-{ID}-eth0")
    assert kinds(given) == []
    noted.rename(given.runtime_results / f"multus-{OTHER}-eth0")
    assert kinds(given) == ["container"]


def test_an_address_of_nobody_is_a_leak(given: NodeWorld) -> None:
    path = given.reserve("192.0.2.9", OTHER)
    (leak,) = given.leaks()
    assert (leak.kind, leak.subject) == (Kind.ADDRESS, "address 192.0.2.9 of network cluster")
    assert (leak.path, leak.holds) == (str(path), ("192.0.2.9",))


def test_an_address_in_use_is_known_however_it_is_spelled(given: NodeWorld) -> None:
    """host-local names its files as Go writes addresses; the C library has `::10.0.0.1` for this one."""
    given.reserve("::a00:1", OTHER)
    assert kinds(given) == ["address"]
    use(given, "::10.0.0.1/120")
    assert kinds(given) == []


def use(given: NodeWorld, address: str) -> None:
    given.machine.namespaces["/run/netns/other"] = [Interface(index=2, name="eth0", addresses=(address,))]


KEPT: dict[str, Callable[[NodeWorld], object]] = {
    "an interface has it": lambda given: use(given, "192.0.2.9/24"),
    "a process is in its container's group": lambda given: setattr(given.machine, "groups", f"1:/{OTHER}\n"),
    "the runtime has noted its container": lambda given: note(given, f"n-{OTHER}-eth0"),
    "the runtime's notes are not to be seen": lambda given: given.runtime_results.rmdir(),
    "which addresses are in use cannot be told": lambda given: setattr(given.machine, "secret", "it is locked"),
    "it is young": lambda given: given.reserve("192.0.2.9", OTHER, age=10),
    "its owner is no container of a runtime's": lambda given: given.reserve("192.0.2.9", "by-hand"),
}


@pytest.mark.parametrize("reason", KEPT)
def test_in_doubt_an_address_is_somebodys(given: NodeWorld, reason: str) -> None:
    given.reserve("192.0.2.9", OTHER)
    KEPT[reason](given)
    assert kinds(given) == []


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("the runtime's notes are not to be seen", "only containers that are recorded are judged"),
        ("which addresses are in use cannot be told", "no address is judged, .*: it is locked"),
    ],
)
def test_what_cannot_be_judged_is_said(given: NodeWorld, reason: str, said: str) -> None:
    given.reserve("192.0.2.9", OTHER)
    KEPT[reason](given)
    texts: list[str] = []
    leaked(given.node(), say=texts.append)
    (text,) = texts
    assert re.match(said, text)


@pytest.mark.parametrize("type", ["whereabouts", "static", "dhcp"])
def test_addresses_of_another_plugin_are_its_own_whatever_their_files_look_like(given: NodeWorld, type: str) -> None:
    given.ipam["type"] = type
    given.reserve("192.0.2.9", OTHER)
    assert kinds(given) == []


def test_networks_that_share_a_name_or_a_directory_have_each_address_once(given: NodeWorld) -> None:
    elsewhere = {**given.ipam, "dataDir": str(given.world.root / "elsewhere")}
    given.reserve("192.0.2.9", OTHER)
    given.write(given.world.root / "elsewhere/cluster/192.0.2.10", OTHER)
    configs = [{**given.bridge("cluster"), "ipam": ipam} for ipam in (given.ipam, elsewhere)]
    found = leaked(given.node(), networks=[conf.parse(json.dumps(config).encode()) for config in configs])
    assert [leak.holds for leak in found] == [("192.0.2.9",), ("192.0.2.10",)]


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
        ("temporary", "state", f".{OTHER}.tmp"),
        ("temporary", "state", f"results/.cluster-{OTHER}-eth0.tmp"),
        ("temporary", "devices", f".demo-nic-{OTHER}_net1.tmp"),
        ("record", "state", OTHER),
    ],
)
def test_a_file_of_nobody_is_a_leak_once_it_is_old(given: NodeWorld, kind: str, where: str, name: str) -> None:
    folder = {"state": given.world.state, "devices": given.devices}[where]
    given.write(folder / name, "[{", age=10)
    assert kinds(given) == []
    given.write(folder / name, "[{")
    assert kinds(given) == [kind]


def test_what_the_plugin_leaves_when_it_is_killed_is_known_by_its_name(given: NodeWorld) -> None:
    state = str(given.world.state)
    for path in (record.path(state, OTHER), cache.path(state, "cluster", OTHER, "eth0")):
        given.write(Path(files.unfinished(path)))
    given.write(given.devices / Path(files.unfinished(deviceinfo.attachment_path("demo/nic", OTHER, "net1"))).name)
    assert kinds(given) == ["temporary"] * 3


@pytest.mark.parametrize("name", ["notes.txt", "results/notes.txt", "0123", ".hidden", f".{OTHER}.old.tmp"])
def test_a_file_that_is_not_named_like_ours_is_not_ours(given: NodeWorld, name: str) -> None:
    given.write(given.world.state / name, "[{")
    assert kinds(given) == []
