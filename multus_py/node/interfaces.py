"""All interfaces of a namespace with their addresses, and its routes: for those who look at a node, not for CNI calls.

What a CNI call needs to know of interfaces is in `netlink` and `netns`, its default routes in `routes`.
"""

from __future__ import annotations

import _struct

from multus_py.base import address, value
from multus_py.node import netlink, netns

TYPE_CHECKING = False
if TYPE_CHECKING:
    from multus_py.node.netlink import Attributes, Message, Socket

_DELETE_LINK = 17
_NEW_ADDRESS, _GET_ADDRESS = 20, 22
_NEW_ROUTE, _GET_ROUTE = 24, 26
_LINK_HEADER, _ADDRESS_HEADER, _ROUTE_HEADER = _struct.Struct("=BxHiII"), _struct.Struct("=4BI"), _struct.Struct("=8BI")
_UNSIGNED = _struct.Struct("=I")
_MAC, _MTU, _PARENT, _MASTER, _INFO, _PARENT_NSID = 1, 4, 5, 10, 18, 37
_KIND = 1
_UP = 0x01
_CARRIER = 33
_ADDRESS, _LOCAL = 1, 2
_DESTINATION, _OIF, _GATEWAY, _TABLE, _VIA = 1, 4, 5, 15, 18
_MAIN, _UNICAST, _CLONED = 254, 1, 0x200
_VERSIONS = {2: 4, 10: 6}
_EVERYWHERE = {4: "0.0.0.0", 6: "::"}  # noqa: S104 - no socket is bound to it


class Interface(value.Value):
    """A network interface as it is at one moment."""

    index: int
    name: str
    kind: str = ""
    """The driver, such as `veth` or `macvlan`; empty for hardware and `lo`."""
    mac: str = ""
    mtu: int = 0
    up: bool = False
    """Whether it is switched on."""
    carrier: bool = False
    """Whether there is something at the other end."""
    master: int = 0
    """The index of the bridge or bond that it is a port of; 0 for none."""
    parent: int = 0
    """The index of the interface that it hangs on: a macvlan's master, a veth's other end; 0 for none."""
    parent_is_elsewhere: bool = False
    """Whether that one is in another namespace."""
    addresses: tuple[str, ...] = ()
    """With their prefix length, as `192.0.2.1/24`; link-local ones too."""


class Route(value.Value):
    """A unicast route of the main table."""

    destination: str
    """A network as `198.51.100.0/24`; the default routes are `0.0.0.0/0` and `::/0`."""
    gateway: str = ""
    """Empty for a route to the link itself."""
    interface: str = ""


def interfaces(netns_path: str) -> tuple[Interface, ...]:
    """Return the interfaces of a namespace, in the kernel's order. Raises NodeError."""
    with netns.socket_in(netns_path) as socket:
        return _interfaces(socket)


def routes(netns_path: str) -> tuple[Route, ...]:
    """Return the unicast routes of a namespace's main table, the ways of a multipath route but one left out.

    Raises:
        NodeError: The namespace is not there, or the kernel does not tell.
    """
    with netns.socket_in(netns_path) as socket:
        names = {link.index: link.name for link in socket.links()}
        found = (_route(message, names) for message in socket.dump(_GET_ROUTE, _ROUTE_HEADER.pack(*bytes(9))))
        return tuple(route for route in found if route)


def remove(netns_path: str, index: int) -> None:
    """Remove an interface. Raises NodeError."""
    with netns.socket_in(netns_path) as socket:
        socket.request(_DELETE_LINK, _LINK_HEADER.pack(0, 0, index, 0, 0))


def _interfaces(socket: Socket) -> tuple[Interface, ...]:
    addresses: dict[int, list[str]] = {}
    links = socket.dump(netlink.GET_LINK, _LINK_HEADER.pack(0, 0, 0, 0, 0))
    for message in socket.dump(_GET_ADDRESS, _ADDRESS_HEADER.pack(0, 0, 0, 0, 0)):
        if message.kind == _NEW_ADDRESS:
            family, size, _, _, index = _ADDRESS_HEADER.unpack_from(message.payload)
            found = netlink.attributes(message.payload, _ADDRESS_HEADER.size)
            packed = found.get(_LOCAL) or found.get(_ADDRESS)  # of a point-to-point link, the second is the peer's
            if family in _VERSIONS and packed:
                addresses.setdefault(index, []).append(f"{address.unpack(packed)}/{size}")
    return tuple(_interface(message, addresses) for message in links if message.kind == netlink.NEW_LINK)


def _interface(message: Message, addresses: dict[int, list[str]]) -> Interface:
    _, _, index, flags, _ = _LINK_HEADER.unpack_from(message.payload)
    found = netlink.attributes(message.payload, _LINK_HEADER.size)
    kind = netlink.attributes(found.get(_INFO, b"")).get(_KIND, b"")
    return Interface(
        index=index,
        name=found.get(netlink.LINK_NAME, b"").rstrip(b"\0").decode(errors="replace"),
        kind=kind.rstrip(b"\0").decode(errors="replace"),
        mac=":".join(f"{byte:02x}" for byte in found.get(_MAC, b"")),
        mtu=_number(found, _MTU),
        up=bool(flags & _UP),
        carrier=found.get(_CARRIER, b"\0") != b"\0",
        master=_number(found, _MASTER),
        parent=_number(found, _PARENT),
        parent_is_elsewhere=_PARENT_NSID in found,
        addresses=tuple(addresses.get(index, ())),
    )


def _route(message: Message, names: dict[int, str]) -> Route | None:
    if message.kind != _NEW_ROUTE:
        return None
    family, size, _, _, table, _, _, kind, flags = _ROUTE_HEADER.unpack_from(message.payload)
    found = netlink.attributes(message.payload, _ROUTE_HEADER.size)
    table = _number(found, _TABLE) or table
    if family not in _VERSIONS or table != _MAIN or kind != _UNICAST or flags & _CLONED:
        return None
    destination, gateway = found.get(_DESTINATION), found.get(_GATEWAY) or found.get(_VIA, b"")[2:]
    return Route(
        destination=f"{address.unpack(destination) if destination else _EVERYWHERE[_VERSIONS[family]]}/{size}",
        gateway=address.unpack(gateway) if gateway else "",
        interface=names.get(_number(found, _OIF), ""),
    )


def _number(found: Attributes, kind: int) -> int:
    number: int = _UNSIGNED.unpack(found[kind])[0] if kind in found else 0
    return number
