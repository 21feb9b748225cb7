"""The machine as the inventory sees it: namespaces, what is in them, and processes. A port, and its real adapter.

Looking changes nothing; `remove_interface` alone does.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from multus_py.node import interfaces as node_interfaces
from multus_py.node import netns
from multus_py.node.errors import NodeError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from multus_py.node.interfaces import Interface, Route

OWN = "/proc/thread-self/ns/net"
"""The namespace of this process: the node's."""


class Machine(Protocol):
    """The machine."""

    def is_namespace(self, path: str) -> bool:
        """Tell whether a network namespace is at that path."""

    def interfaces(self, path: str) -> tuple[Interface, ...]:
        """Return the interfaces of a namespace. Raises NodeError."""

    def routes(self, path: str) -> tuple[Route, ...]:
        """Return the unicast routes of a namespace's main table. Raises NodeError."""

    def addresses(self, files: Iterable[Path]) -> frozenset[str]:
        """Return the addresses, without prefix lengths, of all namespaces that processes or these files keep."""

    def cgroups(self) -> str:
        """Return the control groups of all processes that can be seen, as text."""

    def remove_interface(self, index: int) -> None:
        """Remove one of the node's own interfaces. Raises NodeError."""


@dataclass(frozen=True, kw_only=True)
class HostMachine:
    """The machine that we run on."""

    processes: Path = Path("/proc")

    def is_namespace(self, path: str) -> bool:
        """Tell whether a network namespace is at that path."""
        return netns.is_namespace(path)

    def interfaces(self, path: str) -> tuple[Interface, ...]:
        """Return the interfaces of a namespace. Raises NodeError."""
        return node_interfaces.interfaces(path)

    def routes(self, path: str) -> tuple[Route, ...]:
        """Return the unicast routes of a namespace's main table. Raises NodeError."""
        return node_interfaces.routes(path)

    def addresses(self, files: Iterable[Path]) -> frozenset[str]:
        """Return the addresses of all namespaces; one that ends meanwhile has none."""
        found: set[str] = set()
        for path in self._distinct([*files, *self.processes.glob("[0-9]*/ns/net"), Path(OWN)]):
            try:
                for interface in node_interfaces.interfaces(str(path)):
                    found.update(address.partition("/")[0] for address in interface.addresses)
            except NodeError:
                continue
        return frozenset(found)

    def cgroups(self) -> str:
        """Return the control groups of all processes that can be seen, as text."""
        return "".join(_text(path) for path in self.processes.glob("[0-9]*/cgroup"))

    def remove_interface(self, index: int) -> None:
        """Remove one of the node's own interfaces. Raises NodeError."""
        node_interfaces.remove(OWN, index)

    def _distinct(self, files: Iterable[Path]) -> tuple[Path, ...]:
        """Return one file for each namespace."""
        by_identity: dict[tuple[int, int], Path] = {}
        for path in files:
            try:
                status = path.stat()
            except OSError:  # gone, or another user's process
                continue
            by_identity.setdefault((status.st_dev, status.st_ino), path)
        return tuple(by_identity.values())


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:  # the process has ended
        return ""
