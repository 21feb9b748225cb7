"""A cluster in memory. It satisfies the port, and behaves as the API server does: the contract suite runs on both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from multus_py.cluster import errors
from multus_py.cluster.objects import Nad, Pod
from multus_py.cluster.port import Event, PodDevices, Report

if TYPE_CHECKING:
    from multus_py.cluster.port import Cluster

T = TypeVar("T")

_CALLS = frozenset({"get_pod", "get_nads", "get_devices", "write_status", "post_events"})


def get_nad(cluster: Cluster, namespace: str, name: str) -> Nad:
    """Ask for one NAD. Raises ClusterError."""
    (found,) = cluster.get_nads([(namespace, name)])
    if isinstance(found, errors.ClusterError):
        raise found
    return found


class FakeCluster:
    """A cluster that a test fills with pods and NADs, and that writes down in `calls` what it is asked."""

    def __init__(self, *objects: Pod | Nad) -> None:
        self.calls: list[tuple[str, str, str]] = []
        """Each call with its object: ("get_pod", namespace, name)."""
        self.events: list[tuple[Pod, Event]] = []
        self.reports: list[Report] = []
        self.closed = False
        self._pods: dict[tuple[str, str], Pod] = {}
        self._nads: dict[tuple[str, str], Nad] = {}
        self._devices: dict[tuple[str, str], PodDevices] = {}
        self._failures: dict[str, errors.ClusterError] = {}
        self.put(*objects)

    def __repr__(self) -> str:
        return f"FakeCluster(pods={sorted(self._pods)}, nads={sorted(self._nads)}, calls={self.calls})"

    def put(self, *objects: Pod | Nad) -> None:
        """Create objects, or replace those of the same name."""
        for item in objects:
            key = (item.namespace, item.name)
            if isinstance(item, Pod):
                self._pods[key] = item
            else:
                self._nads[key] = item

    def give(self, namespace: str, name: str, devices: PodDevices) -> None:
        """Let a pod have these devices, in place of what it had."""
        self._devices[namespace, name] = devices

    def remove_pod(self, namespace: str, name: str) -> None:
        del self._pods[namespace, name]

    def pod(self, namespace: str, name: str) -> Pod:
        """Return a pod as it is now, without a trace in `calls`."""
        return self._pods[namespace, name]

    def fail(self, call: str, error: errors.ClusterError) -> None:
        """Let every call of this name fail from now on."""
        assert call in _CALLS, f"the cluster has no call {call}"
        self._failures[call] = error

    def get_pod(self, namespace: str, name: str, uid: str = "") -> Pod:
        self._called("get_pod", namespace, name)
        return self._find(self._pods, "pod", namespace, name)

    def get_nads(self, names: Sequence[tuple[str, str]]) -> list[Nad | errors.ClusterError]:
        return [self._nad(namespace, name) for namespace, name in names]

    def _nad(self, namespace: str, name: str) -> Nad | errors.ClusterError:
        try:
            self._called("get_nads", namespace, name)
            return self._find(self._nads, "network-attachment-definition", namespace, name)
        except errors.ClusterError as error:
            return error

    def get_devices(self, pod: Pod) -> PodDevices:
        self._called("get_devices", pod.namespace, pod.name)
        return self._devices.get((pod.namespace, pod.name), PodDevices())

    def write_status(self, pod: Pod, annotations: Mapping[str, str]) -> None:
        self._called("write_status", pod.namespace, pod.name)
        current = self._find(self._pods, "pod", pod.namespace, pod.name)
        if current.uid != pod.uid:
            raise errors.ConflictError(f'pod "{pod.name}" in namespace "{pod.namespace}" has another UID')
        self.put(current.replace(annotations={**current.annotations, **annotations}))

    def post_events(self, pod: Pod, events: Sequence[Event], report: Report | None = None) -> None:
        self._called("post_events", pod.namespace, pod.name)
        self.events += [(pod, event) for event in events]
        self.reports += [report] if report else []

    def close(self) -> None:
        self.closed = True

    def _called(self, call: str, namespace: str, name: str) -> None:
        assert not self.closed, f"{call} after close"
        self.calls.append((call, namespace, name))
        if any(part in {"", ".", ".."} or "/" in part or "%" in part for part in (namespace, name)):
            raise errors.ClusterError(
                f'cannot {call} "{name}" in namespace "{namespace}": no object can have such a name'
            )
        if call in self._failures:
            raise self._failures[call]

    def _find(self, objects: Mapping[tuple[str, str], T], kind: str, namespace: str, name: str) -> T:
        if (namespace, name) not in objects:
            raise errors.NotFoundError(f'{kind} "{name}" in namespace "{namespace}" not found')
        return objects[namespace, name]
