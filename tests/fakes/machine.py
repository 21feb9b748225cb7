"""A machine without a kernel: its namespaces and what is in them, its processes' control groups."""

from __future__ import annotations

from multus_py.inventory.machine import OWN
from multus_py.node.errors import NodeError
from multus_py.node.interfaces import Interface, Route


class FakeMachine:
    """Satisfies `multus_py.inventory.machine.Machine`; namespaces that a test has not made are not there."""

    def __init__(self) -> None:
        self.namespaces: dict[str, list[Interface]] = {OWN: [Interface(index=1, name="lo", up=True)]}
        self.routing: dict[str, list[Route]] = {}
        self.groups = ""
        self.removed: list[int] = []
        self.secret = ""
        """Why one of its namespaces cannot be looked into."""

    def is_namespace(self, path: str) -> bool:
        return path in self.namespaces

    def interfaces(self, path: str) -> tuple[Interface, ...]:
        if path not in self.namespaces:
            raise NodeError(f"network namespace {path} does not exist (any more)")
        return tuple(self.namespaces[path])

    def routes(self, path: str) -> tuple[Route, ...]:
        return tuple(self.routing.get(path, ()))

    def addresses(self) -> frozenset[str]:
        if self.secret:
            raise NodeError(self.secret)
        everywhere = (each for interfaces in self.namespaces.values() for each in interfaces)
        return frozenset(address.partition("/")[0] for each in everywhere for address in each.addresses)

    def sees_others(self) -> bool:
        return len(self.namespaces) > 1

    def cgroups(self) -> str:
        return self.groups

    def remove_interface(self, index: int) -> None:
        self.removed.append(index)
