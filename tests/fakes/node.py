"""A node without a kernel: which interfaces its namespaces have, what becomes of routes, and the devices of pods."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from multus_py.cluster.objects import Pod
from multus_py.node import errors
from multus_py.node.routes import DefaultRoutes, RouteChange


class FakeNode:
    """Satisfies `multus_py.attach.ports.Node`; whatever a test has not arranged fails it, or is a NodeError."""

    def __init__(self, *namespaces: str) -> None:
        self.calls: list[tuple[str, ...]] = []
        """Each call: its name and what it is about."""
        self.interfaces: dict[str, set[str]] = {path: {"lo"} for path in namespaces}
        """The interfaces of each namespace; a test, or a fake plugin, changes them."""
        self.devices: dict[str, Mapping[str, tuple[str, ...]]] = {}
        """What the kubelet allocated, by the pod's UID."""
        self.devices_failure: errors.NodeError | None = None
        self._changes: dict[str, RouteChange | errors.NodeError] = {}

    def __repr__(self) -> str:
        return f"FakeNode(interfaces={self.interfaces}, calls={self.calls})"

    def will_reroute(
        self,
        holder: str,
        *,
        removed: Iterable[tuple[str, int]] = (),
        added: Iterable[str] = (),
        failure: errors.NodeError | None = None,
    ) -> None:
        """Arrange what comes of it when this interface is to hold the default routes."""
        self._changes[holder] = failure or RouteChange(removed=tuple(removed), added=tuple(added))

    def first_interface(self, namespace: str, ifnames: Iterable[str]) -> str:
        names = tuple(ifnames)
        self.calls.append(("first_interface", namespace, *names))
        if namespace not in self.interfaces:
            raise errors.NodeError(f"network namespace {namespace} does not exist (any more)")
        return next((name for name in names if name in self.interfaces[namespace]), "")

    def set_default_routes(self, namespace: str, wanted: DefaultRoutes) -> RouteChange:
        self.calls.append(("set_default_routes", namespace, wanted.holder, *wanted.gateways))
        assert wanted.holder in self._changes, f"nobody arranged default routes on {wanted.holder}"
        change = self._changes[wanted.holder]
        if isinstance(change, errors.NodeError):
            raise change
        return change

    def allocated_devices(self, pod: Pod, uid: str, *, timeout: float) -> Mapping[str, tuple[str, ...]]:
        self.calls.append(("allocated_devices", pod.namespace, pod.name, uid, str(timeout)))
        if self.devices_failure is not None:
            raise self.devices_failure
        return self.devices.get(uid, {})
