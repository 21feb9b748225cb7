"""Default routes from netlink messages, and back; pyroute2 writes and reads the other end."""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING

import pytest
from pyroute2.netlink.rtnl.rtmsg import rtmsg

from multus_py.node import defaultroute, netlink
from multus_py.node.defaultroute import Leg

if TYPE_CHECKING:
    from multus_py.node.defaultroute import Route

V4, V6 = socket.AF_INET, socket.AF_INET6
NAMES = {2: "eth0", 3: "net1"}
BASE = {"family": V4, "table": 254, "proto": 3, "type": 1}
GATEWAY = [("RTA_TABLE", 254), ("RTA_GATEWAY", "192.0.2.1"), ("RTA_OIF", 2)]


def _message(attributes: list[tuple[str, object]], **header: int) -> netlink.Message:
    message = rtmsg()
    for key, item in (BASE | header).items():
        message[key] = item
    message["attrs"] = attributes
    message["header"]["type"] = defaultroute.NEW_ROUTE
    message.encode()
    [decoded] = netlink.decode(bytes(message.data))
    return decoded


def _read(attributes: list[tuple[str, object]], **header: int) -> Route:
    found = defaultroute.read(_message(attributes, **header))
    assert found is not None
    return found


def _understood(route: Route) -> tuple[dict[str, object], dict[str, object]]:
    """Return what pyroute2 makes of what we would send."""
    message = rtmsg(netlink.encode(netlink.Message(kind=defaultroute.NEW_ROUTE, payload=route.payload())))
    message.decode()
    return {key: message[key] for key in ("family", "dst_len", "table", "proto", "type", "flags")}, dict(
        message["attrs"]
    )


def test_a_route_through_a_gateway_is_read() -> None:
    route = _read([*GATEWAY, ("RTA_PRIORITY", 0xFFFFFFFF)])
    assert (route.version, route.metric, route.legs) == (4, 0xFFFFFFFF, (Leg(index=2, gateway="192.0.2.1"),))
    assert route.is_on(2)
    assert not route.is_on(3)
    assert route.describe(NAMES) == "IPv4 default route via 192.0.2.1 dev eth0"


def test_a_route_without_a_gateway_is_read() -> None:
    route = _read([("RTA_OIF", 7)], family=V6)
    assert (route.version, route.metric, route.legs) == (6, 0, (Leg(index=7),))
    assert route.describe(NAMES) == "IPv6 default route dev 7"


def test_an_ipv4_route_through_an_ipv6_gateway_is_read() -> None:
    route = _read([("RTA_OIF", 2), ("RTA_VIA", {"family": V6, "addr": "2001:db8::1"})])
    assert route.legs == (Leg(index=2, gateway="2001:db8::1"),)


NOT_OURS: dict[str, tuple[list[tuple[str, object]], dict[str, int]]] = {
    "a destination": ([*GATEWAY, ("RTA_DST", "203.0.113.0")], {"dst_len": 24}),
    "half of all destinations": (GATEWAY, {"dst_len": 1}),
    "only for some sources": ([("RTA_OIF", 2), ("RTA_SRC", "2001:db8::")], {"family": V6, "src_len": 32}),
    "another table": ([("RTA_TABLE", 1000), *GATEWAY[1:]], {"table": 252}),
    "a small table without its attribute": (GATEWAY[1:], {"table": 100}),
    "unreachable": (GATEWAY, {"type": 7}),
    "a cache entry": (GATEWAY, {"flags": 0x200}),
    "another family": ([], {"family": socket.AF_UNIX}),
}


@pytest.mark.parametrize(("attributes", "header"), NOT_OURS.values(), ids=list(NOT_OURS))
def test_other_routes_are_none_of_ours(attributes: list[tuple[str, object]], header: dict[str, int]) -> None:
    assert defaultroute.read(_message(attributes, **header)) is None


def test_what_is_sent_back_is_what_was_read() -> None:
    attributes = [*GATEWAY, ("RTA_PRIORITY", 5), ("RTA_PREFSRC", "192.0.2.10")]
    header, sent = _understood(_read(attributes, proto=4))
    assert header == {"family": V4, "dst_len": 0, "table": 254, "proto": 4, "type": 1, "flags": 0}
    assert sent == dict(attributes)


def test_of_the_flags_only_those_go_back_that_the_kernel_takes() -> None:
    onlink, dead, linkdown, offload = 4, 1, 16, 0x4000
    header, _ = _understood(_read(GATEWAY, flags=onlink | dead | linkdown | offload))
    assert header["flags"] == onlink


def test_an_advertised_route_goes_back_with_the_time_that_it_had_left() -> None:
    route = _read([("RTA_OIF", 2), ("RTA_GATEWAY", "fe80::1")], family=V6, proto=9)
    cache = struct.pack("=IIiIIIII", 0, 0, 179_950, 0, 0, 0, 0, 0)  # hundredths of a second
    sent = netlink.attributes(route.replace(attributes={**route.attributes, 12: cache}).payload(), 12)
    assert 12 not in sent
    assert sent[23] == struct.pack("=i", 1800)


def test_a_route_that_lasts_goes_back_without_a_time() -> None:
    route = _read([("RTA_OIF", 2)], family=V6)
    sent = netlink.attributes(route.replace(attributes={**route.attributes, 12: bytes(32)}).payload(), 12)
    assert set(sent) == {4}


def test_a_nexthop_object_goes_back_alone() -> None:
    route = _read(GATEWAY)
    nexthop = struct.pack("=I", 7)
    sent = netlink.attributes(route.replace(attributes={**route.attributes, 30: nexthop}).payload(), 12)
    assert sent == {15: struct.pack("=I", 254), 30: nexthop}


def _multipath() -> Route:
    legs = [
        {"hops": 1, "oif": 2, "flags": 17, "attrs": [("RTA_GATEWAY", "192.0.2.1")]},
        {"hops": 0, "oif": 3, "flags": 4, "attrs": [("RTA_GATEWAY", "198.51.100.1")]},
    ]
    return _read([("RTA_MULTIPATH", legs)])


def test_the_legs_of_a_multipath_route_are_read() -> None:
    route = _multipath()
    assert [(leg.index, leg.gateway) for leg in route.legs] == [(2, "192.0.2.1"), (3, "198.51.100.1")]
    assert route.is_on(2)
    assert route.is_on(3)
    assert route.describe(NAMES) == "IPv4 default route via 192.0.2.1 dev eth0, via 198.51.100.1 dev net1"


def _sent_legs(route: Route) -> list[tuple[int, int, int]]:
    data, found = netlink.attributes(route.payload(), 12)[9], []
    while data:
        size, flags, hops, index = struct.unpack_from("=HBBi", data)
        found.append((index, flags, hops))
        data = data[size:]
    return found


def test_the_legs_go_back_with_their_weights_and_without_what_the_kernel_noted() -> None:
    assert _sent_legs(_multipath()) == [(2, 0, 1), (3, 4, 0)]


def test_a_multipath_route_can_be_cut_down_to_one_interface() -> None:
    kept = _multipath().only(3)
    assert _sent_legs(kept) == [(3, 4, 0)]
    assert not kept.is_on(2)


def test_a_group_of_nexthop_objects_is_cut_down_to_plain_legs() -> None:
    route = _multipath()
    kept = route.replace(attributes={**route.attributes, 30: struct.pack("=I", 9)}).only(2)
    assert set(netlink.attributes(kept.payload(), 12)) == {9}
    assert _sent_legs(kept) == [(2, 0, 1)]


@pytest.mark.parametrize("torn", [struct.pack("=HBBi", 4, 0, 0, 2), struct.pack("=HBBi", 16, 0, 0, 2), b"\x08"])
def test_torn_legs_end_the_reading(torn: bytes) -> None:
    leg = struct.pack("=HBBi", 8, 0, 0, 3)
    payload = struct.pack("=8BI", V4, 0, 0, 0, 254, 3, 0, 1, 0) + netlink.attribute(9, leg + torn)
    route = defaultroute.read(netlink.Message(kind=24, payload=payload))
    assert route is not None
    assert [found.index for found in route.legs] == [3]


@pytest.mark.parametrize(("gateway", "family"), [("192.0.2.1", V4), ("2001:db8::1", V6)])
def test_a_new_route_is_what_pyroute2_would_write(gateway: str, family: int) -> None:
    header, sent = _understood(defaultroute.through(gateway, 3))
    assert header == {"family": family, "dst_len": 0, "table": 254, "proto": 3, "type": 1, "flags": 0}
    assert sent == {"RTA_GATEWAY": gateway, "RTA_OIF": 3}


def test_our_own_default_routes_can_be_listed() -> None:
    with netlink.Socket() as own:
        for route in defaultroute.list_all(own):
            assert route.describe({})
