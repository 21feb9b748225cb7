"""The machine as the inventory sees it: namespaces, what is in them, and processes. A port, and its real adapter.

Looking changes nothing; `remove_interface` alone does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from multus_py.node import interfaces as node_interfaces
from multus_py.node import netns
from multus_py.node.errors import NodeError

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

    from multus_py.node.interfaces import Interface, Route

OWN = "/proc/thread-self/ns/net"
"""The namespace of this process: the node's."""
_ESCAPED = re.compile(r"\\([0-7]{3})")


class Machine(Protocol):
    """The machine."""

    def is_namespace(self, path: str) -> bool:
        """Tell whether a network namespace is at that path."""

    def interfaces(self, path: str) -> tuple[Interface, ...]:
        """Return the interfaces of a namespace. Raises NodeError."""

    def routes(self, path: str) -> tuple[Route, ...]:
        """Return the unicast routes of a namespace's main table. Raises NodeError."""

    def addresses(self) -> frozenset[str]:
        """Return the addresses of all namespaces, without prefix lengths. Raises NodeError if they cannot be told."""

    def sees_others(self) -> bool:
        """Tell whether there is a network namespace to be seen besides our own."""

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

    def addresses(self) -> frozenset[str]:
        """Return the addresses of all namespaces that processes or mounts keep; one that ends meanwhile has none.

        Raises:
            NodeError: A namespace is there, and cannot be looked into.
        """
        found: set[str] = set()
        for path in self._namespaces():
            try:
                for interface in node_interfaces.interfaces(str(path)):
                    found.update(address.partition("/")[0] for address in interface.addresses)
            except NodeError:
                if _status(path):
                    raise
        return frozenset(found)

    def sees_others(self) -> bool:
        """Tell whether there is a network namespace to be seen besides our own; one that is kept secret is seen."""
        try:
            return len(self._namespaces()) > 1
        except NodeError:
            return True

    def cgroups(self) -> str:
        """Return the control groups of all processes that can be seen, as text."""
        return "".join(_text(path) for path in self.processes.glob("[0-9]*/cgroup"))

    def remove_interface(self, index: int) -> None:
        """Remove one of the node's own interfaces. Raises NodeError."""
        node_interfaces.remove(OWN, index)

    def _namespaces(self) -> tuple[Path, ...]:
        """Return one file for each namespace. Raises NodeError."""
        by_identity: dict[tuple[int, int], Path] = {}
        for path in (*self._mounted(), *self.processes.glob("[0-9]*/ns/net"), Path(OWN)):
            if status := _status(path):
                by_identity.setdefault((status.st_dev, status.st_ino), path)
        return tuple(by_identity.values())

    def _mounted(self) -> Iterator[Path]:
        """Yield the namespaces that have names, wherever runtimes put them. Raises NodeError."""
        try:
            lines = (self.processes / "self/mountinfo").read_text(errors="surrogateescape").splitlines()
        except OSError as error:
            raise NodeError(f"the mounts of this process cannot be read: {error}") from error
        for fields in map(str.split, lines):  # proc(5): 36 35 98:0 /root /mount/point rw,noatime ...
            if fields[3].startswith("net:["):
                yield Path(_ESCAPED.sub(lambda found: chr(int(found[1], 8)), fields[4]))


def _status(path: Path) -> os.stat_result | None:
    """Return what a namespace is known by, None when it is gone. Raises NodeError when that is kept secret."""
    try:
        return path.stat()
    except PermissionError as error:  # which the kernel says of a process that has just ended, too
        if path.parent.is_dir():
            raise NodeError(f"{path} cannot be looked into: {error.strerror}") from error
    except OSError:
        pass
    return None


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:  # the process has ended
        return ""
