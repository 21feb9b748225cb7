"""A cluster that stands in for the real one in a rehearsal: NADs from files first, devices under made-up names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NoReturn

from multus_py.cluster import errors
from multus_py.cluster.port import PodDevices

if TYPE_CHECKING:
    from multus_py.cluster.errors import ClusterError
    from multus_py.cluster.objects import Nad, Pod
    from multus_py.cluster.port import Cluster, Event, Report

_DEVICES = 32
"""Of each resource: more than a pod has interfaces."""


class Understudy:
    """Satisfies the port; nothing is ever written."""

    def __init__(self, nads: Iterable[Nad], real: Cluster | None) -> None:
        """Know these NADs, and ask the real cluster, if there is one, for others."""
        self._nads = {(nad.namespace, nad.name): nad for nad in nads}
        self._real = real

    def get_nads(self, names: Sequence[tuple[str, str]]) -> list[Nad | ClusterError]:
        """Look NADs up."""
        missing = [name for name in names if name not in self._nads]
        found: dict[tuple[str, str], Nad | ClusterError] = dict(self._nads)
        if self._real is not None and missing:
            found |= zip(missing, self._real.get_nads(missing), strict=True)
        for name in missing:
            found.setdefault(name, errors.NotFoundError(f"{'/'.join(name)} is in none of the files"))
        self._nads |= {name: item for name, item in found.items() if not isinstance(item, errors.ClusterError)}
        return [found[name] for name in names]

    def get_devices(self, pod: Pod) -> PodDevices:
        """Return made-up devices of every resource that a NAD names."""
        del pod
        resources = {nad.resource_name for nad in self._nads.values() if nad.resource_name}
        return PodDevices(
            kubelet={
                resource: tuple(f"DEVICE-{number}-OF-{resource}" for number in range(1, _DEVICES + 1))
                for resource in resources
            }
        )

    def get_pod(self, namespace: str, name: str, uid: str = "") -> NoReturn:
        """Refuse: a rehearsal has its pod from a file."""
        del uid
        raise errors.ClusterError(f"a rehearsal does not ask for pod {namespace}/{name}")

    def write_status(self, pod: Pod, annotations: Mapping[str, str]) -> None:
        """Refuse."""
        del annotations
        raise errors.ClusterError(f"a rehearsal writes no status of {pod.namespace}/{pod.name}")

    def post_events(self, pod: Pod, events: Sequence[Event], report: Report | None = None) -> None:
        """Drop them."""

    def close(self) -> None:
        """Let go of the real cluster."""
        if self._real is not None:
            self._real.close()
