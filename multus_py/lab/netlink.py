"""Interfaces, addresses and routes of a network namespace. The one door to `pyroute2`.

Every function works in the namespace whose file it is given, from a short-lived thread that enters it: nothing forks,
and the namespace of the calling thread never changes.
"""

from __future__ import annotations

import ctypes
import errno
import ipaddress
import os
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias, TypeVar

import pyroute2
import pyroute2.netns
from pyroute2.netlink.exceptions import NetlinkError

T = TypeVar("T")
Value: TypeAlias = "str | int | dict[str, Value]"

_CLONE_NEWNET = 0x40000000
_MAIN_TABLE = 254
_UNICAST = 1
_IFA_F_NODAD = 0x02  # a lab's addresses are known to be unique: use them at once
_IFF_UP = 0x01
_DEFAULT = {socket.AF_INET: "0.0.0.0/0", socket.AF_INET6: "::/0"}  # the kernel names no destination


class LinkError(Exception):
    """The kernel refused a change to an interface or a namespace."""


@dataclass(frozen=True)
class Interface:
    """A network interface as it is at one moment."""

    index: int
    name: str
    kind: str
    """The driver, such as `veth` or `macvlan`; empty for hardware and `lo`."""
    mac: str
    mtu: int
    up: bool
    addresses: tuple[str, ...]
    """With their prefix length, as `192.0.2.1/24`; link-local ones too."""


@dataclass(frozen=True)
class Route:
    """A unicast route of the main table."""

    destination: str
    """A network as `198.51.100.0/24`; the default routes are `0.0.0.0/0` and `::/0`."""
    gateway: str
    """Empty for a route to the link itself."""
    interface: str


def inside(namespace: Path, act: Callable[[], T]) -> T:
    """Return what `act` returns when it runs in a thread that is in the network namespace.

    Raises:
        OSError: When the namespace cannot be entered. Besides, what `act` raises.
    """

    def enter_and_act() -> T:
        pyroute2.netns.setns(str(namespace), flags=0)
        return act()

    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(enter_and_act).result()


def create_namespace(path: Path) -> None:
    """Make a network namespace, with `lo` up, and bind it to a file that does not exist yet.

    Raises:
        LinkError: When the file exists or the kernel refuses.
    """

    def create() -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.unshare(_CLONE_NEWNET) != 0:
            raise LinkError(f"cannot make a network namespace: {os.strerror(ctypes.get_errno())}")
        try:
            pyroute2.netns.attach(str(path), threading.get_native_id())
        except OSError as error:
            raise LinkError(f"cannot bind a network namespace to {path}: {error}") from error

    with ThreadPoolExecutor(max_workers=1) as thread:
        thread.submit(create).result()
    set_up(path, index=1)


def remove_namespace(path: Path) -> None:
    """Take a network namespace's file away; it ends when its last process has. Nothing to do is not an error."""
    if path.exists():
        pyroute2.netns.remove(str(path))


def interfaces(namespace: Path) -> tuple[Interface, ...]:
    """Return the interfaces of a namespace, by index."""

    def read() -> tuple[Interface, ...]:
        with pyroute2.IPRoute() as netlink:
            addresses: dict[int, list[str]] = {}
            for message in netlink.get_addr():
                # of a point-to-point link, IFA_ADDRESS is the peer's
                address = message.get_attr("IFA_LOCAL") or message.get_attr("IFA_ADDRESS")
                addresses.setdefault(message["index"], []).append(f"{address}/{message['prefixlen']}")
            return tuple(
                Interface(
                    index=link["index"],
                    name=link.get_attr("IFLA_IFNAME"),
                    kind=link.get_nested("IFLA_LINKINFO", "IFLA_INFO_KIND") or "",
                    mac=link.get_attr("IFLA_ADDRESS") or "",
                    mtu=link.get_attr("IFLA_MTU"),
                    up=bool(link["flags"] & _IFF_UP),
                    addresses=tuple(addresses.get(link["index"], ())),
                )
                for link in netlink.get_links()
            )

    return inside(namespace, read)


def routes(namespace: Path) -> tuple[Route, ...]:
    """Return the unicast routes of a namespace's main table, IPv4 first."""
    names = {interface.index: interface.name for interface in interfaces(namespace)}

    def read() -> tuple[Route, ...]:
        with pyroute2.IPRoute() as netlink:
            return tuple(
                Route(
                    destination=f"{route.get_attr('RTA_DST')}/{route['dst_len']}"
                    if route["dst_len"]
                    else _DEFAULT[route["family"]],
                    gateway=route.get_attr("RTA_GATEWAY") or "",
                    interface=names.get(route.get_attr("RTA_OIF"), ""),
                )
                for route in netlink.get_routes()
                if route.get_attr("RTA_TABLE") == _MAIN_TABLE and route["type"] == _UNICAST
            )

    return inside(namespace, read)


def add_link(namespace: Path, **attributes: Value) -> int:
    """Make an interface in a namespace and return its index; the attributes are those of pyroute2's `link("add")`.

    Raises:
        LinkError: When the kernel refuses.
    """

    def add() -> int:
        with pyroute2.IPRoute() as netlink, _translated(f"cannot make {attributes.get('ifname')} in {namespace.name}"):
            netlink.link("add", **attributes)
            index: int = netlink.link_lookup(ifname=attributes["ifname"])[0]
            return index

    return inside(namespace, add)


def add_address(namespace: Path, *, index: int, address: str) -> None:
    """Give an interface an address, such as `192.0.2.1/24`.

    Raises:
        LinkError: When the kernel refuses.
        ValueError: When it is no address with a prefix length.
    """
    parsed = ipaddress.ip_interface(address)
    flags = _IFA_F_NODAD if parsed.version == 6 else 0

    def add() -> None:
        with pyroute2.IPRoute() as netlink, _translated(f"cannot add {address} in {namespace.name}"):
            netlink.addr("add", index=index, address=str(parsed.ip), prefixlen=parsed.network.prefixlen, flags=flags)

    inside(namespace, add)


def set_up(namespace: Path, *, index: int) -> None:
    """Bring an interface up.

    Raises:
        LinkError: When the kernel refuses.
    """

    def up() -> None:
        with pyroute2.IPRoute() as netlink, _translated(f"cannot bring interface {index} up in {namespace.name}"):
            netlink.link("set", index=index, state="up")

    inside(namespace, up)


def delete_link(namespace: Path, *, index: int) -> None:
    """Remove an interface; one that is gone, even with its whole namespace, is not an error.

    Raises:
        LinkError: When the kernel refuses.
    """

    def delete() -> None:
        with pyroute2.IPRoute() as netlink, _translated(f"cannot remove interface {index} in {namespace.name}"):
            try:
                netlink.link("del", index=index)
            except NetlinkError as error:
                if error.code != errno.ENODEV:
                    raise

    if namespace.exists():
        inside(namespace, delete)


@contextmanager
def _translated(what: str) -> Iterator[None]:
    """Turn the library's error into ours, with the kernel's words."""
    try:
        yield
    except NetlinkError as error:
        raise LinkError(f"{what}: {error.args[1]}") from error
