"""The interfaces of the node's own network namespace, with what matters for a master: is it up, how large its frames."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from multus_py.doctor.check import BlockedError
from multus_py.node import netlink
from multus_py.node.errors import NodeError

_HEADER = struct.Struct("=BxHiII")  # struct ifinfomsg: family, type, index, flags, change (rtnetlink(7))
_NUMBER = struct.Struct("=I")
_MTU = 4
_UP, _LOWER_UP = 0x1, 0x10000


@dataclass(frozen=True, kw_only=True)
class Link:
    """An interface."""

    name: str
    index: int
    mtu: int
    up: bool
    """Whether somebody has set it up."""
    carrier: bool
    """Whether the other end is there."""


def read() -> dict[str, Link]:
    """Return the interfaces by name. Raises BlockedError."""
    try:
        with netlink.Socket() as kernel:
            messages = kernel.dump(netlink.GET_LINK, _HEADER.pack(0, 0, 0, 0, 0))
    except NodeError as error:
        raise BlockedError("master-present", f"the kernel does not tell the node's interfaces: {error}") from error
    found = [_link(message) for message in messages if message.kind == netlink.NEW_LINK]
    return {link.name: link for link in found}


def _link(message: netlink.Message) -> Link:
    _, _, index, flags, _ = _HEADER.unpack_from(message.payload)
    attributes = netlink.attributes(message.payload, _HEADER.size)
    return Link(
        name=netlink.link_of(message).name,
        index=index,
        mtu=_NUMBER.unpack(attributes[_MTU])[0] if _MTU in attributes else 0,
        up=bool(flags & _UP),
        carrier=bool(flags & _LOWER_UP),
    )
