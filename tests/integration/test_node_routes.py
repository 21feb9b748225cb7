"""Default routes, changed in real namespaces; iproute2 is the witness."""

from __future__ import annotations

import socket
import struct
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, NamedTuple

import pytest

from multus_py.node import netns, routes
from multus_py.node.errors import NodeError
from multus_py.node.routes import DefaultRoute, DefaultRoutes
from tests.integration.node_namespaces import Netns, pod

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.root


@pytest.fixture(name="both")
def _both() -> Iterator[tuple[Netns, Netns]]:
    with pod() as both:
        yield both


@pytest.fixture(name="inside")
def _inside(both: tuple[Netns, Netns]) -> Netns:
    return both[0]


def _set(inside: Netns, holder: str, *gateways: str) -> routes.RouteChange:
    return routes.set_default_routes(inside.path, DefaultRoutes(holder=holder, gateways=gateways))


class Case(NamedTuple):
    """Routes that are there before, what is wanted, and what is there afterwards."""

    before: list[str]
    gateways: list[str]
    v4: list[str]
    v6: list[str]
    removed: set[tuple[str, int]]


V4_ETH0, V4_NET1 = "default via 192.0.2.1 dev eth0", "default via 198.51.100.1 dev net1"
V6_ETH0 = "-6 route add default via 2001:db8:1::1 dev eth0"
V6_LEFT = "default via 2001:db8:1::1 dev eth0 metric 1024 pref medium"
V6_NET1 = "default via 2001:db8:2::1 dev net1 metric 1024 pref medium"

CASES = {
    "an IPv4 gateway replaces the one of eth0": Case(
        [f"route add {V4_ETH0}"], ["198.51.100.1"], [V4_NET1], [], {("eth0", 4)}
    ),
    "an IPv6 gateway replaces the one of eth0": Case([V6_ETH0], ["2001:db8:2::1"], [], [V6_NET1], {("eth0", 6)}),
    "both families at once": Case(
        [f"route add {V4_ETH0}", V6_ETH0],
        ["198.51.100.1", "2001:db8:2::1"],
        [V4_NET1],
        [V6_NET1],
        {("eth0", 4), ("eth0", 6)},
    ),
    "the other family is not touched": Case(
        [f"route add {V4_ETH0}", V6_ETH0], ["198.51.100.1"], [V4_NET1], [V6_LEFT], {("eth0", 4)}
    ),
    "there was no default route": Case([], ["198.51.100.1"], [V4_NET1], [], set()),
    "routes of all metrics go": Case(
        [f"route add {V4_ETH0}", f"route add {V4_ETH0} metric 50", "route add default dev eth0 metric 70"],
        ["198.51.100.1"],
        [V4_NET1],
        [],
        {("eth0", 4)},
    ),
    "the holder's old one goes": Case(
        ["route add default via 198.51.100.9 dev net1"], ["198.51.100.1"], [V4_NET1], [], {("net1", 4)}
    ),
    "the very same route stays": Case([f"route add {V4_NET1}"], ["198.51.100.1"], [V4_NET1], [], {("net1", 4)}),
    "a route to a gateway outside the subnet (onlink)": Case(
        ["route add default via 203.0.113.1 dev eth0 onlink"], ["198.51.100.1"], [V4_NET1], [], {("eth0", 4)}
    ),
    "an IPv4 route through an IPv6 gateway": Case(
        ["-4 route add default via inet6 2001:db8:1::1 dev eth0"], ["198.51.100.1"], [V4_NET1], [], {("eth0", 4)}
    ),
    "a multipath route": Case(
        ["route add default nexthop via 192.0.2.1 dev eth0 nexthop via 198.51.100.9 dev net1 weight 3"],
        ["198.51.100.1"],
        [V4_NET1],
        [],
        {("eth0", 4), ("net1", 4)},
    ),
    "an IPv6 multipath route": Case(
        ["-6 route add default nexthop via 2001:db8:1::1 dev eth0 nexthop via 2001:db8:2::9 dev net1"],
        ["2001:db8:2::1"],
        [],
        [V6_NET1],
        {("eth0", 6), ("net1", 6)},
    ),
    "a route by a nexthop object": Case(
        ["nexthop add id 7 via 192.0.2.1 dev eth0", "route add default nhid 7"],
        ["198.51.100.1"],
        [V4_NET1],
        [],
        {("eth0", 4)},
    ),
    "with and without a gateway on one interface": Case(
        [
            "route add default dev eth0",
            f"route append {V4_ETH0}",
            "-6 route add default dev eth0",
            V6_ETH0.replace("add", "append"),
        ],
        ["198.51.100.1", "2001:db8:2::1"],
        [V4_NET1],
        [V6_NET1],
        {("eth0", 4), ("eth0", 6)},
    ),
    "an empty list keeps the holder's": Case(
        [f"route add {V4_ETH0}", f"route add {V4_NET1} metric 9"], [], [f"{V4_NET1} metric 9"], [], {("eth0", 4)}
    ),
    "an empty list changes only families that the holder has": Case(
        [f"route add {V4_ETH0}", f"route add {V4_NET1} metric 9", V6_ETH0],
        [],
        [f"{V4_NET1} metric 9"],
        [V6_LEFT],
        {("eth0", 4)},
    ),
    "an empty list, in IPv6": Case(
        [V6_ETH0 + " metric 9", "-6 route add default via 2001:db8:2::1 dev net1"], [], [], [V6_NET1], {("eth0", 6)}
    ),
    "an empty list, and nobody else has one": Case([f"route add {V4_NET1}"], [], [V4_NET1], [], set()),
    "an empty list keeps the holder's part of a multipath route": Case(
        ["route add default nexthop via 192.0.2.1 dev eth0 nexthop via 198.51.100.1 dev net1 weight 3"],
        [],
        [V4_NET1],
        [],
        {("eth0", 4)},
    ),
    "an empty list keeps the holder's part of an IPv6 multipath route": Case(
        ["-6 route add default nexthop via 2001:db8:1::1 dev eth0 nexthop via 2001:db8:2::1 dev net1"],
        [],
        [],
        [V6_NET1],
        {("eth0", 6)},
    ),
    "an empty list keeps the holder's part of a group of nexthop objects": Case(
        [
            "nexthop add id 7 via 192.0.2.1 dev eth0",
            "nexthop add id 8 via 198.51.100.1 dev net1",
            "nexthop add id 9 group 7/8",
            "route add default nhid 9",
        ],
        [],
        [V4_NET1],
        [],
        {("eth0", 4)},
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_the_holder_has_the_only_default_route(inside: Netns, case: Case) -> None:
    for command in case.before:
        inside.ip(command)
    change = _set(inside, "net1", *case.gateways)
    assert inside.defaults(4) == case.v4
    assert inside.defaults(6) == case.v6
    assert set(change.removed) == case.removed
    assert list(change.added) == case.gateways


OTHERS = [
    "route add 203.0.113.0/25 via 192.0.2.1 dev eth0",
    "route add 0.0.0.0/1 via 192.0.2.1 dev eth0",
    "route add default via 192.0.2.1 dev eth0 table 100",
    "route add blackhole default metric 4000",
    "-6 route add 2001:db8:9::/48 via 2001:db8:1::1 dev eth0",
    "-6 route add default via 2001:db8:1::1 dev eth0 table 100",
    "-6 route add unreachable default metric 4000",
    "-6 route add default from 2001:db8:7::/64 via 2001:db8:1::1 dev eth0",
]


def test_all_other_routes_stay(inside: Netns) -> None:
    for command in OTHERS:
        inside.ip(command)
    listings = ("-4 route show table all", "-6 route show table all")
    before = [inside.routes(what) for what in listings]
    inside.ip(f"route add {V4_ETH0}")
    inside.ip(V6_ETH0)
    _set(inside, "net1", "198.51.100.1", "2001:db8:2::1")
    after = [[line for line in inside.routes(what) if line not in {V4_NET1, V6_NET1}] for what in listings]
    assert after == before


def test_routes_of_the_holder_are_listed(inside: Netns) -> None:
    inside.ip("route add default metric 5 nexthop via 192.0.2.1 dev eth0 nexthop dev net1")
    inside.ip("-6 route add default dev net1 metric 4294967295")
    assert routes.list_default_routes(inside.path) == (
        DefaultRoute(interface="eth0", family=4, gateway="192.0.2.1", metric=5),
        DefaultRoute(interface="net1", family=4, metric=5),
        DefaultRoute(interface="net1", family=6, metric=0xFFFFFFFF),
    )


UNDONE = [
    f"route add {V4_ETH0} src 192.0.2.10 mtu 1400",
    "route append default via 192.0.2.2 dev eth0",
    "route append default via 192.0.2.3 dev eth0",
    "route add default via 203.0.113.1 dev eth0 metric 5 onlink",
    "route add default dev net1 metric 6 scope link proto static",
    "route add default metric 7 nexthop via 192.0.2.1 dev eth0 weight 2 nexthop via 203.0.113.1 dev net1 onlink",
    "-4 route add default metric 8 via inet6 2001:db8:1::1 dev eth0",
    "-6 route add default via 2001:db8:1::1 dev eth0 pref high mtu 1400",
    "-6 route add default metric 7 nexthop via 2001:db8:1::2 dev eth0 nexthop via 2001:db8:2::2 dev net1 weight 2",
    "-6 route add default via 2001:db8:1::3 dev eth0 metric 9 expires 600",
    "nexthop add id 7 via 192.0.2.1 dev eth0",
    "route add default nhid 7 metric 9",
]
UNREACHABLE = {
    "an IPv4 gateway": (
        ["203.0.113.77"],
        "IPv4 default route via 203.0.113.77 dev net1 cannot be added: .*unreachable",
    ),
    "an IPv6 gateway": (
        ["2001:db8:77::1"],
        "IPv6 default route via 2001:db8:77::1 dev net1 cannot be added: .*route to host",
    ),
    "only the second one": (["198.51.100.1", "2001:db8:77::1"], "via 2001:db8:77::1 dev net1"),
    "a broadcast address": (["198.51.100.255"], "via 198.51.100.255 dev net1 cannot be added: .*invalid"),
}


@pytest.mark.parametrize(("gateways", "message"), UNREACHABLE.values(), ids=list(UNREACHABLE))
def test_after_a_failure_everything_is_as_before_and_in_order(inside: Netns, gateways: list[str], message: str) -> None:
    for command in UNDONE:
        inside.ip(command)
    before = inside.defaults(4), inside.defaults(6)
    with pytest.raises(NodeError, match=message):
        _set(inside, "net1", *gateways)
    assert (inside.defaults(4), inside.defaults(6)) == before
    settings = inside.run("sysctl", "-n", "net.ipv6.conf.eth0.accept_ra_defrtr", "net.ipv6.conf.net1.accept_ra_defrtr")
    assert settings.split() == ["1", "1"]


def test_what_cannot_be_put_back_is_said(inside: Netns) -> None:
    # The gateway is reachable through a route that is gone by the time the default route is to be put back.
    inside.ip("route add 203.0.113.1/32 dev eth0")
    inside.ip("route add default via 203.0.113.1 dev eth0")
    inside.ip("route del 203.0.113.1/32 dev eth0")
    with pytest.raises(
        NodeError, match=r"via 203.0.113.77 .*; and IPv4 default route via 203.0.113.1 dev eth0 cannot be put back"
    ):
        _set(inside, "net1", "203.0.113.77")


def test_a_holder_without_a_default_route_of_its_own_cannot_keep_it(inside: Netns) -> None:
    inside.ip(f"route add {V4_ETH0}")
    with pytest.raises(NodeError, match="net1 shall keep its default route, but has none"):
        _set(inside, "net1")
    assert inside.defaults(4) == [V4_ETH0]


def test_a_holder_that_is_not_there_is_an_error(inside: Netns) -> None:
    with pytest.raises(NodeError, match="no interface net7"):
        _set(inside, "net7", "198.51.100.1")


def test_a_namespace_that_is_not_there_is_an_error() -> None:
    with pytest.raises(NodeError, match="network namespace /run/netns/mpy-none does not exist"):
        routes.set_default_routes("/run/netns/mpy-none", DefaultRoutes(holder="net1"))


def test_our_own_routes_are_not_touched(inside: Netns) -> None:
    before = routes.list_default_routes("/proc/self/ns/net")
    inside.ip(f"route add {V4_ETH0}")
    _set(inside, "net1", "198.51.100.1")
    assert routes.list_default_routes("/proc/self/ns/net") == before
    assert netns.same("/proc/self/ns/net")


def _advertise(world: Netns, interface: str) -> None:
    """Send one router advertisement from the other end: a default router for half an hour."""

    def send() -> None:
        with netns.Namespace(world.path) as there, netns.Inside(there):
            index = socket.if_nametoindex(interface)
            with socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6) as raw:
                raw.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
                raw.sendto(struct.pack("!BBHBBHII", 134, 0, 0, 64, 0, 1800, 0, 0), ("ff02::1", 0, 0, index))

    thread = threading.Thread(target=send)  # the test's own thread stays where it is
    thread.start()
    thread.join()


def _heard(inside: Netns) -> int:
    """Return how many router advertisements the pod has got so far."""
    counters = dict(line.split() for line in inside.run("cat", "/proc/net/snmp6").splitlines())
    return int(counters["Icmp6InRouterAdvertisements"])


def _advertised(inside: Netns, world: Netns, interface: str) -> list[str]:
    """Advertise a router to the pod; return its default routes after it has heard of it."""
    before = _heard(inside)
    _advertise(world, interface)
    for _ in range(500):
        if _heard(inside) > before:
            break
        time.sleep(0.01)
    return inside.defaults(6)


def test_an_advertised_route_goes_and_the_next_advertisement_does_not_bring_it_back(both: tuple[Netns, Netns]) -> None:
    inside, world = both
    [advertised] = _advertised(inside, world, "peer1")
    assert "dev eth0 proto ra" in advertised
    change = _set(inside, "net1", "2001:db8:2::1")
    assert change.removed == (("eth0", 6),)
    assert _advertised(inside, world, "peer1") == [V6_NET1]


def test_an_empty_list_keeps_the_route_that_was_advertised_to_the_holder(both: tuple[Netns, Netns]) -> None:
    inside, world = both
    [advertised] = _advertised(inside, world, "peer2")
    inside.ip(V6_ETH0 + " metric 9")
    _set(inside, "net1")
    assert inside.defaults(6) == [advertised]
    assert inside.run("sysctl", "-n", "net.ipv6.conf.net1.accept_ra_defrtr").strip() == "1"


def test_an_advertised_route_is_put_back_after_a_failure(both: tuple[Netns, Netns]) -> None:
    inside, world = both
    [before] = _advertised(inside, world, "peer1")
    with pytest.raises(NodeError, match="2001:db8:77::1"):
        _set(inside, "net1", "2001:db8:77::1")
    assert inside.defaults(6) == [before]


def test_a_pod_without_ipv6_gets_its_ipv4_route(inside: Netns) -> None:
    inside.run("sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1")
    inside.ip(f"route add {V4_ETH0}")
    _set(inside, "net1", "198.51.100.1")
    assert inside.defaults(4) == [V4_NET1]
    with pytest.raises(NodeError, match="2001:db8:2::1"):
        _set(inside, "net1", "2001:db8:2::1")


def test_an_interface_too_small_for_ipv6_is_no_obstacle(inside: Netns) -> None:
    inside.ip("link set eth0 mtu 1000")
    _set(inside, "net1", "2001:db8:2::1")
    assert inside.defaults(6) == [V6_NET1]


def test_the_same_change_can_be_made_again(inside: Netns) -> None:
    inside.ip(V6_ETH0)
    _set(inside, "net1", "2001:db8:2::1")
    assert _set(inside, "net1", "2001:db8:2::1").removed == (("net1", 6),)
    assert inside.defaults(6) == [V6_NET1]


def test_settings_that_may_not_be_changed_are_an_error_and_nothing_has_changed(inside: Netns) -> None:
    inside.ip(V6_ETH0)
    script = f"""
import sys; sys.path[:0] = {sys.path!r}
from multus_py.node import errors, routes
try:
    routes.set_default_routes({inside.path!r}, routes.DefaultRoutes(holder="net1", gateways=("2001:db8:2::1",)))
except errors.NodeError as error:
    print(error)
"""
    mounts = "mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys"
    command = ["unshare", "-m", "sh", "-c", f'{mounts} && exec "$@"', "sh", sys.executable, "-c", script]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert "cannot tell eth0 whether to learn IPv6 default routes: " in said
    assert "Read-only file system" in said
    assert inside.defaults(6) == [V6_LEFT]
