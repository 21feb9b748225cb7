"""Links between real network namespaces, as a user of the lab lays them."""

from __future__ import annotations

import subprocess
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from multus_py.lab import netlink
from multus_py.lab.apiserver import APIServer
from multus_py.lab.links import End, Underlay, Veth, Vxlan
from multus_py.lab.netlink import LinkError, Route
from multus_py.lab.netns import Namespace

pytestmark = pytest.mark.root


@pytest.fixture
def left() -> Iterator[Namespace]:
    with Namespace(f"left-{uuid.uuid4().hex[:8]}") as namespace:
        yield namespace


@pytest.fixture
def right() -> Iterator[Namespace]:
    with Namespace(f"right-{uuid.uuid4().hex[:8]}") as namespace:
        yield namespace


def names(namespace: Namespace) -> list[str]:
    return [interface.name for interface in namespace.interfaces()]


def ping(namespace: Namespace, address: str) -> None:
    namespace.run(["ping", "-c", "1", "-W", "5", address])


def test_a_new_namespace_has_loopback_up_and_nothing_else(left: Namespace) -> None:
    (lo,) = left.interfaces()
    assert (lo.name, lo.up, lo.mtu) == ("lo", True, 65536)
    assert "127.0.0.1/8" in lo.addresses
    assert left.routes() == ()


def test_a_namespace_is_made_once_and_removed_as_often_as_one_likes(left: Namespace) -> None:
    with pytest.raises(LinkError, match="File exists"):
        left.create()
    assert names(left) == ["lo"]
    left.remove()
    left.remove()
    assert not left.path.exists()


def test_a_program_runs_inside(left: Namespace) -> None:
    inside = left.run(["readlink", "/proc/self/ns/net"]).stdout
    outside = subprocess.run(["readlink", "/proc/self/ns/net"], capture_output=True, text=True, check=True).stdout
    assert inside != outside


def test_a_veth_joins_two_namespaces_with_what_its_ends_ask_for(left: Namespace, right: Namespace) -> None:
    end_a = End(left, "eth1", ("192.0.2.1/24", "2001:db8::1/64"), mac="02:00:00:00:00:01", mtu=1400)
    end_b = End(right, "uplink", ("192.0.2.2/24", "2001:db8::2/64"), mtu=1400)
    with Veth(end_a, end_b):
        a, b = left.interface("eth1"), right.interface("uplink")
        assert a is not None
        assert b is not None
        assert (a.kind, a.mac, a.mtu, a.up) == ("veth", "02:00:00:00:00:01", 1400, True)
        assert {"192.0.2.1/24", "2001:db8::1/64"} <= set(a.addresses)
        assert (b.mtu, b.up) == (1400, True)
        assert Route("192.0.2.0/24", "", "eth1") in left.routes()
        assert Route("2001:db8::/64", "", "eth1") in left.routes()
        for address in ("192.0.2.2", "2001:db8::2"):
            ping(left, address)
        ping(right, "192.0.2.1")
    assert names(left) == names(right) == ["lo"]


def test_both_ends_may_be_in_one_namespace(left: Namespace) -> None:
    with Veth(End(left, "a"), End(left, "b")):
        assert sorted(names(left)) == ["a", "b", "lo"]
    assert names(left) == ["lo"]


def test_default_routes_are_told_with_their_gateway(left: Namespace, right: Namespace) -> None:
    end = End(left, "eth1", ("192.0.2.1/24", "2001:db8::1/64"))
    with Veth(end, End(right, "eth1", ("192.0.2.2/24",))):
        left.run(["ip", "route", "add", "default", "via", "192.0.2.2"])
        left.run(["ip", "-6", "route", "add", "default", "via", "2001:db8::2"])
        left.run(["ip", "route", "add", "blackhole", "203.0.113.0/24"])
        routes = left.routes()
        assert Route("0.0.0.0/0", "192.0.2.2", "eth1") in routes
        assert Route("::/0", "2001:db8::2", "eth1") in routes
        assert all(route.destination != "203.0.113.0/24" for route in routes)


@pytest.mark.parametrize(
    ("local", "remote", "prefix"),
    [("192.0.2.1", "192.0.2.2", 24), ("2001:db8::1", "2001:db8::2", 64)],
    ids=["over IPv4", "over IPv6"],
)
def test_a_vxlan_joins_two_hosts_over_their_underlay(
    left: Namespace, right: Namespace, local: str, remote: str, prefix: int
) -> None:
    cable = Veth(End(left, "eth1", (f"{local}/{prefix}",)), End(right, "eth1", (f"{remote}/{prefix}",)))
    here = Vxlan(
        End(left, "net1", ("198.51.100.1/24",)), underlay=Underlay("eth1", local), remote=remote, vni=7, port=4790
    )
    there = Vxlan(
        End(right, "net1", ("198.51.100.2/24",)), underlay=Underlay("eth1", remote), remote=local, vni=7, port=4790
    )
    with cable, here, there:
        tunnel = left.interface("net1")
        assert tunnel is not None
        assert tunnel.kind == "vxlan"
        ping(left, "198.51.100.2")
        ping(right, "198.51.100.1")
    assert names(left) == names(right) == ["lo"]


def test_a_name_that_is_taken_at_the_far_end_leaves_nothing_behind(left: Namespace, right: Namespace) -> None:
    with Veth(End(left, "eth1"), End(right, "eth1")):
        link = Veth(End(left, "eth2"), End(right, "eth1"))
        with pytest.raises(LinkError, match=f"cannot make eth2 in {left.name}: File exists"):
            link.create()
        link.remove()
        assert names(left) == names(right) == ["lo", "eth1"]


@pytest.mark.parametrize(
    ("addresses", "error"),
    [(("192.0.2.2/24", "192.0.2.2/24"), LinkError), (("192.0.2.0/33",), ValueError)],
    ids=["an address twice", "no address at all"],
)
def test_a_failure_half_way_removes_what_was_made(
    left: Namespace, right: Namespace, addresses: tuple[str, ...], error: type[Exception]
) -> None:
    with pytest.raises(error):
        Veth(End(left, "eth1", ("192.0.2.1/24",)), End(right, "eth1", addresses)).create()
    assert names(left) == names(right) == ["lo"]


def test_a_vxlan_needs_its_underlay(left: Namespace) -> None:
    tunnel = Vxlan(End(left, "net1"), underlay=Underlay("eth1", "192.0.2.1"), remote="192.0.2.2", vni=7)
    with pytest.raises(LinkError, match=f"there is no interface eth1 in {left.name}"):
        tunnel.create()
    assert names(left) == ["lo"]


def test_a_link_is_made_once_and_removed_as_often_as_one_likes(left: Namespace, right: Namespace) -> None:
    link = Veth(End(left, "eth1"), End(right, "eth1"))
    link.remove()
    link.create()
    with pytest.raises(LinkError, match="exists already"):
        link.create()
    link.remove()
    link.remove()
    assert names(left) == ["lo"]
    link.create()
    left.remove()
    link.remove()


def test_a_link_into_a_namespace_that_does_not_exist_is_refused(left: Namespace) -> None:
    nowhere = Namespace("nowhere")
    with pytest.raises(OSError, match="nowhere"):
        Veth(End(left, "eth1"), End(nowhere, "eth1")).create()
    with pytest.raises(OSError, match="nowhere"):
        Veth(End(nowhere, "eth1"), End(left, "eth1")).create()
    assert names(left) == ["lo"]


def test_looking_inside_does_not_move_the_process(left: Namespace) -> None:
    before = Path("/proc/thread-self/ns/net").readlink()
    inside = netlink.inside(left.path, lambda: Path("/proc/thread-self/ns/net").readlink())
    assert inside != before
    assert Path("/proc/thread-self/ns/net").readlink() == before


def test_an_api_server_can_serve_the_nodes_from_inside_a_namespace(
    left: Namespace, right: Namespace, tmp_path: Path
) -> None:
    listening = left.listen("0.0.0.0", 6443)
    cable = Veth(End(left, "eth1", ("192.0.2.1/24",)), End(right, "eth1", ("192.0.2.2/24",)))
    authority = tmp_path / "ca.crt"
    with cable, APIServer(listen=listening, names=["192.0.2.1"]) as server:
        authority.write_bytes(server.authority.pem)
        client = (
            "import ssl, sys, urllib.request as r; "
            "print(r.urlopen(sys.argv[1], context=ssl.create_default_context(cafile=sys.argv[2])).read().decode())"
        )
        done = right.run(["python3", "-c", client, "https://192.0.2.1:6443/healthz", str(authority)])
        assert done.stdout == "ok\n"


def test_nothing_keeps_running(left: Namespace, right: Namespace) -> None:
    before = threading.active_count()
    with Veth(End(left, "eth1"), End(right, "eth1")), APIServer(listen=left.listen("127.0.0.1")):
        assert threading.active_count() > before
    assert threading.active_count() == before
