"""Our netlink reading of interfaces, addresses and routes, held against pyroute2's."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from multus_py.inventory.machine import HostMachine
from multus_py.lab import netlink
from multus_py.lab.links import End, Veth
from multus_py.lab.netns import Namespace
from multus_py.node import interfaces
from multus_py.node.errors import NodeError

pytestmark = pytest.mark.root


@pytest.fixture
def namespaces() -> Iterator[tuple[Namespace, Namespace]]:
    """Two namespaces with a link of two families between them, a bridge, a macvlan, and routes."""
    name = f"ifs-{secrets.token_hex(4)}"
    with Namespace(f"{name}-a") as here, Namespace(f"{name}-b") as there:
        ends = (
            End(here, "eth1", ("192.0.2.1/24", "2001:db8::1/64")),
            End(there, "eth1", ("192.0.2.2/24", "2001:db8::77/64")),
        )
        with Veth(*ends):
            for command in (
                "link add br0 type bridge",
                "link add link eth1 name mv7 type macvlan mode bridge",
                "link add dum0 mtu 1234 type veth peer name dum1",
                "link set dum0 master br0",
                "route add 198.51.100.0/24 via 192.0.2.2",
                "route add default dev eth1",
                "-6 route add default via 2001:db8::2",
            ):
                here.run(["ip", *command.split()])
            yield here, there


def test_interfaces_are_those_that_pyroute2_reads(namespaces: tuple[Namespace, Namespace]) -> None:
    for namespace in namespaces:
        expected = [
            (each.index, each.name, each.kind, each.mac, each.mtu, each.up, each.addresses)
            for each in netlink.interfaces(namespace.path)
        ]
        found = [
            (each.index, each.name, each.kind, each.mac, each.mtu, each.up, each.addresses)
            for each in interfaces.interfaces(str(namespace.path))
        ]
        assert found == expected


def test_routes_are_those_that_pyroute2_reads(namespaces: tuple[Namespace, Namespace]) -> None:
    here, _ = namespaces
    expected = {(each.destination, each.gateway, each.interface) for each in netlink.routes(here.path)}
    found = {(each.destination, each.gateway, each.interface) for each in interfaces.routes(str(here.path))}
    assert found == expected
    assert ("0.0.0.0/0", "", "eth1") in found
    assert ("::/0", "2001:db8::2", "eth1") in found


def test_what_an_interface_hangs_on_is_told(namespaces: tuple[Namespace, Namespace]) -> None:
    found = {each.name: each for each in interfaces.interfaces(str(namespaces[0].path))}
    assert (found["eth1"].parent_is_elsewhere, found["eth1"].carrier) == (True, True)
    assert (found["mv7"].parent, found["mv7"].parent_is_elsewhere) == (found["eth1"].index, False)
    assert found["dum0"].master == found["br0"].index
    assert found["dum0"].carrier is False


def test_an_interface_is_removed(namespaces: tuple[Namespace, Namespace]) -> None:
    here, _ = namespaces
    index = next(each.index for each in here.interfaces() if each.name == "dum0")
    interfaces.remove(str(here.path), index)
    assert here.interface("dum0") is None
    with pytest.raises(NodeError):
        interfaces.remove(str(here.path), index)


def test_addresses_are_found_in_the_namespaces_of_mounts_and_of_processes(
    namespaces: tuple[Namespace, Namespace], tmp_path: Path
) -> None:
    here, there = namespaces
    assert {"192.0.2.1", "2001:db8::1", "127.0.0.1"} <= HostMachine().addresses()
    (tmp_path / "self").mkdir()
    (tmp_path / "self" / "mountinfo").write_text(f"1 2 0:4 net:[1] {here.path} rw - nsfs nsfs rw\n")
    machine = HostMachine(processes=tmp_path)
    assert "192.0.2.1" in machine.addresses()
    assert machine.sees_others()
    assert "2001:db8::77" not in machine.addresses()
    (tmp_path / "4242" / "ns").mkdir(parents=True)
    (tmp_path / "4242" / "ns" / "net").symlink_to(there.path)
    assert "2001:db8::77" in machine.addresses()
    (tmp_path / "4242" / "ns" / "net").unlink()
    (tmp_path / "4242" / "ns" / "net").symlink_to(there.path.with_name("gone"))
    assert "2001:db8::77" not in machine.addresses()


def test_who_sees_no_namespace_but_its_own_is_told_so(tmp_path: Path) -> None:
    (tmp_path / "self").mkdir()
    (tmp_path / "self" / "mountinfo").write_text("22 1 0:21 / /proc rw - proc proc rw\n")
    assert not HostMachine(processes=tmp_path).sees_others()


def test_a_namespace_that_keeps_its_addresses_secret_is_an_error_and_no_namespace_without_any(tmp_path: Path) -> None:
    (tmp_path / "self").mkdir()
    (tmp_path / "self" / "mountinfo").write_text(f"1 2 0:4 net:[1] {tmp_path} rw - nsfs nsfs rw\n")
    assert HostMachine(processes=tmp_path).sees_others()
    with pytest.raises(NodeError, match="not a network namespace"):
        HostMachine(processes=tmp_path).addresses()
    with pytest.raises(NodeError, match="mounts of this process cannot be read"):
        HostMachine(processes=tmp_path / "none").addresses()


def test_a_namespace_that_is_gone_is_an_error(namespaces: tuple[Namespace, Namespace]) -> None:
    with pytest.raises(NodeError, match="does not exist"):
        interfaces.interfaces(f"{namespaces[0].path}-gone")


def test_the_control_groups_of_processes_are_read() -> None:
    assert "0::" in HostMachine().cgroups() or ":/" in HostMachine().cgroups()
