"""Default routes as the kernel describes them: read from netlink messages, and written so that it takes them back.

Only unicast routes to 0.0.0.0/0 and ::/0 of the main table are of interest; what is done with them is in `routes`.
"""

from __future__ import annotations

import _struct

from multus_py.base import address, value
from multus_py.node import netlink

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from multus_py.node.netlink import Attributes, Message, Socket

NEW_ROUTE, DELETE_ROUTE, GET_ROUTE = 24, 25, 26
FAMILIES = {4: 2, 6: 10}
"""The IP versions and their address families."""

_HEADER, _LEG, _UNSIGNED = _struct.Struct("=8BI"), _struct.Struct("=HBBi"), _struct.Struct("=I")
_VERSIONS = {number: version for version, number in FAMILIES.items()}
_MAIN, _BOOT, _UNIVERSE, _UNICAST = 254, 3, 0, 1
_CLONED = 0x200
_SETTABLE = 0x06  # of a route's flags the kernel takes back only these: pervasive, onlink
_OIF, _GATEWAY, _PRIORITY, _MULTIPATH, _CACHE, _TABLE, _VIA, _EXPIRES, _NEXTHOP = 4, 5, 6, 9, 12, 15, 18, 23, 30
_EXPANDED = (_OIF, _GATEWAY, _MULTIPATH, _VIA)  # shown, but not taken, beside a nexthop object
_EXPIRY = _struct.Struct("=8xi")  # in rta_cacheinfo
_HERTZ = 100  # USER_HZ


class Leg(value.Value):
    """One of the ways of a route."""

    index: int
    """The interface it leads to."""
    gateway: str = ""
    """Empty when it leads straight to the interface."""
    raw: bytes = b""
    """How the kernel describes it among several."""


class Route(value.Value):
    """A default route: one way, or several (multipath)."""

    version: int
    """4 or 6."""
    header: tuple[int, ...]
    attributes: Attributes
    legs: tuple[Leg, ...]

    @property
    def metric(self) -> int:
        """Its priority: less is better."""
        return _unsigned(self.attributes, _PRIORITY, 0)

    def is_on(self, index: int) -> bool:
        """Tell whether one of its ways leads to that interface."""
        return any(leg.index == index for leg in self.legs)

    def payload(self) -> bytes:
        """Return what removes it, or makes it anew."""
        kept = dict(self.attributes)
        if _NEXTHOP in kept:
            kept = {kind: data for kind, data in kept.items() if kind not in _EXPANDED}
        elif _MULTIPATH in kept:
            kept[_MULTIPATH] = b"".join(leg.raw for leg in self.legs)
        expiry = _EXPIRY.unpack_from(kept.pop(_CACHE))[0] if _CACHE in kept else 0
        if expiry > 0:  # a router's advertisement is good for a time only
            kept[_EXPIRES] = netlink.INTEGER.pack(-(-expiry // _HERTZ))
        header = _HEADER.pack(*self.header[:-1], self.header[-1] & _SETTABLE)
        return header + b"".join(netlink.attribute(kind, data) for kind, data in kept.items())

    def only(self, index: int) -> Route:
        """Return the same route with the legs on one interface only."""
        kept = {kind: data for kind, data in self.attributes.items() if kind != _NEXTHOP}
        return self.replace(attributes=kept, legs=tuple(leg for leg in self.legs if leg.index == index))

    def describe(self, names: Mapping[int, str]) -> str:
        """Say in words which route this is."""
        ways = [
            f"{'via ' + leg.gateway + ' ' if leg.gateway else ''}dev {names.get(leg.index, leg.index)}"
            for leg in self.legs
        ]
        return f"IPv{self.version} default route {', '.join(ways)}"


def through(gateway: str, index: int) -> Route:
    """Return the route through a gateway on an interface, to be added."""
    version = address.family(gateway)
    header = (FAMILIES[version], 0, 0, 0, _MAIN, _BOOT, _UNIVERSE, _UNICAST, 0)
    way: Attributes = {_GATEWAY: address.pack(gateway), _OIF: netlink.INTEGER.pack(index)}
    return Route(version=version, header=header, attributes=way, legs=(Leg(index=index, gateway=gateway),))


def list_all(socket: Socket) -> tuple[Route, ...]:
    """List the default routes of both families, in the order of the kernel. Raises NodeError."""
    asked = [socket.dump(GET_ROUTE, _HEADER.pack(family, *bytes(8))) for family in FAMILIES.values()]
    found = [read(message) for messages in asked for message in messages if message.kind == NEW_ROUTE]
    return tuple(route for route in found if route)


def read(message: Message) -> Route | None:
    """Read one route; None when it is not a default route that this module is about."""
    header = _HEADER.unpack_from(message.payload)
    family, destination_size, source_size, _, table, _, _, kind, flags = header
    found = netlink.attributes(message.payload, _HEADER.size)
    ours = family in _VERSIONS and _unsigned(found, _TABLE, table) == _MAIN and kind == _UNICAST
    if not ours or destination_size or source_size or flags & _CLONED:
        return None
    if _MULTIPATH in found:
        legs = _legs(found[_MULTIPATH])
    else:
        legs = (Leg(index=_unsigned(found, _OIF, 0), gateway=_gateway(found)),)
    return Route(version=_VERSIONS[family], header=header, attributes=found, legs=legs)


def _legs(data: bytes) -> tuple[Leg, ...]:
    """Read the legs of a multipath route (struct rtnexthop, each with attributes)."""
    legs, offset = [], 0
    while offset + _LEG.size <= len(data):
        size, flags, weight, index = _LEG.unpack_from(data, offset)
        if not _LEG.size <= size <= len(data) - offset:
            break
        rest = data[offset + _LEG.size : offset + size]
        raw = _LEG.pack(size, flags & _SETTABLE, weight, index) + rest + bytes(-size % 4)
        legs.append(Leg(index=index, gateway=_gateway(netlink.attributes(rest)), raw=raw))
        offset += -(-size // 4) * 4
    return tuple(legs)


def _gateway(found: Attributes) -> str:
    packed = found.get(_GATEWAY) or found.get(_VIA, b"")[2:]  # via: an IPv6 gateway of an IPv4 route, after its family
    return address.unpack(packed) if packed else ""


def _unsigned(found: Attributes, kind: int, default: int) -> int:
    number: int = _UNSIGNED.unpack(found[kind])[0] if kind in found else default
    return number
