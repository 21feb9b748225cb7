"""Direct links between network namespaces, as the tool koko makes them: `Veth` on one host, `Vxlan` between two.

left = End(Namespace("node1"), "eth1", addresses=("192.0.2.1/24",))
right = End(Namespace("node2"), "eth1", addresses=("192.0.2.2/24",))
with Veth(left, right):
    ...
"""

from __future__ import annotations

import ipaddress
from abc import ABC, abstractmethod
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from multus_py.lab import netlink
from multus_py.lab.netlink import LinkError, Value
from multus_py.lab.netns import Namespace

VXLAN_PORT = 4789


@dataclass(frozen=True)
class End:
    """One end of a link: where it is, what it is called, and what it gets."""

    namespace: Namespace
    name: str
    addresses: tuple[str, ...] = ()
    """With prefix lengths: `192.0.2.1/24`, `2001:db8::1/64`."""
    mac: str = ""
    """Empty for a random one."""
    mtu: int = 0
    """Zero for the driver's own."""

    @property
    def attributes(self) -> dict[str, Value]:
        """Return what the kernel is told when it makes this end."""
        attributes: dict[str, Value] = {"ifname": self.name}
        if self.mac:
            attributes["address"] = self.mac
        if self.mtu:
            attributes["mtu"] = self.mtu
        return attributes


@dataclass(frozen=True)
class Underlay:
    """One end of a tunnel: the interface and the address that its packets leave from."""

    interface: str
    address: str


class Link(ABC):
    """What both kinds of link have in common: made completely or not at all, and removed as often as one likes."""

    def __init__(self, *ends: End) -> None:
        """Remember the ends."""
        self._ends = ends
        self._made: list[tuple[Namespace, int]] = []

    def create(self) -> None:
        """Make the link: both ends named from the start, with their addresses, and up.

        Raises:
            LinkError: When something refuses; what was made by then is removed again.
            OSError: When a namespace cannot be entered; likewise.
            ValueError: When an address is none; likewise.
        """
        if self._made:
            raise LinkError(f"the link {' - '.join(end.name for end in self._ends)} exists already")
        try:
            self._connect()
            for end, (_, index) in zip(self._ends, self._made, strict=True):
                for address in end.addresses:
                    netlink.add_address(end.namespace.path, index=index, address=address)
                netlink.set_up(end.namespace.path, index=index)
        except BaseException:
            self.remove()
            raise

    def remove(self) -> None:
        """Remove what `create` made; nothing that others made under the same name. Nothing to do is not an error."""
        while self._made:
            namespace, index = self._made[-1]
            netlink.delete_link(namespace.path, index=index)
            self._made.pop()

    def __enter__(self) -> Self:
        """Make the link."""
        self.create()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove the link."""
        self.remove()

    @abstractmethod
    def _connect(self) -> None:
        """Make the interfaces, in the order of the ends, noting each as it is made."""

    def _note(self, end: End, index: int) -> None:
        self._made.append((end.namespace, index))


class Veth(Link):
    """A cable between two namespaces of one host."""

    def __init__(self, end_a: End, end_b: End) -> None:
        """Plan a cable between two ends."""
        super().__init__(end_a, end_b)
        self._a, self._b = end_a, end_b

    def _connect(self) -> None:
        peer: dict[str, Value] = {**self._b.attributes, "net_ns_fd": str(self._b.namespace.path)}
        self._note(self._a, netlink.add_link(self._a.namespace.path, kind="veth", peer=peer, **self._a.attributes))
        self._note(self._b, _index(self._b))


class Vxlan(Link):
    """One end of a tunnel to another host. The other host makes the other end, with the addresses swapped."""

    def __init__(self, end: End, *, underlay: Underlay, remote: str, vni: int, port: int = VXLAN_PORT) -> None:
        """Plan one end of a tunnel.

        Args:
            end: The interface to make.
            underlay: The interface and the address in the same namespace that the tunnel runs over.
            remote: The other host's address on the underlay.
            vni: The tunnel's number, the same on both hosts.
            port: The UDP port, the same on both hosts.
        """
        super().__init__(end)
        self._end, self._underlay, self._remote, self._vni, self._port = end, underlay, remote, vni, port

    def _connect(self) -> None:
        family = "6" if ipaddress.ip_address(self._remote).version == 6 else ""
        tunnel: dict[str, Value] = {
            "vxlan_id": self._vni,
            "vxlan_link": _index(End(self._end.namespace, self._underlay.interface)),
            f"vxlan_local{family}": self._underlay.address,
            f"vxlan_group{family}": self._remote,
            "vxlan_port": self._port,
        }
        self._note(
            self._end, netlink.add_link(self._end.namespace.path, kind="vxlan", **tunnel, **self._end.attributes)
        )


def _index(end: End) -> int:
    interface = end.namespace.interface(end.name)
    if interface is None:
        raise LinkError(f"there is no interface {end.name} in {end.namespace.name}")
    return interface.index
