"""The adapter that asks the daemon, and completes the call directly when that is of no help.

The first question that the daemon leaves open is its last one in this call: it, and all that come later, go to the API
server. That is nothing to bother the pod's owner with; it is counted, and stands in a verbose log.
"""

from __future__ import annotations

from multus_py.cluster.daemon import NoAnswerError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import TypeVar

    from multus_py.base.log import Log
    from multus_py.cluster.errors import ClusterError
    from multus_py.cluster.objects import Nad, Pod
    from multus_py.cluster.port import Cluster, Event, PodDevices, Report

    T = TypeVar("T")


class Fallback:
    """The daemon and the API server, as the port that Multus asks (`multus_py.cluster.port.Cluster`)."""

    def __init__(
        self, daemon: Cluster, open_direct: Callable[[], Cluster], *, log: Log, count: Callable[[], None]
    ) -> None:
        """Ask the daemon.

        Args:
            daemon: Who is asked first. Raises NoAnswerError besides what the port allows.
            open_direct: Makes the way to the API server, when it is needed. Raises ClusterError.
            log: Where it is noted that it was needed.
            count: Counts that it was needed. Raises nothing.
        """
        self._daemon: Cluster | None = daemon
        self._open_direct = open_direct
        self._log = log
        self._count = count
        self._direct: Cluster | None = None

    def __repr__(self) -> str:
        """Show whom we ask."""
        return f"Fallback({self._daemon or self._direct})"

    def get_pod(self, namespace: str, name: str, uid: str = "") -> Pod:
        """Return a pod. Raises ClusterError; NotFoundError when there is none (any more)."""
        return self._ask(lambda cluster: cluster.get_pod(namespace, name, uid))

    def get_nads(self, names: Sequence[tuple[str, str]]) -> list[Nad | ClusterError]:
        """Return network attachment definitions, or for each that cannot be had the reason."""
        return self._ask(lambda cluster: cluster.get_nads(names))

    def get_devices(self, pod: Pod) -> PodDevices:
        """Return the pod's devices. Raises ClusterError."""
        return self._ask(lambda cluster: cluster.get_devices(pod))

    def write_status(self, pod: Pod, annotations: Mapping[str, str]) -> None:
        """Set annotations of this very pod. Raises ClusterError."""
        self._ask(lambda cluster: cluster.write_status(pod, annotations))

    def post_events(self, pod: Pod, happened: Sequence[Event], report: Report | None = None) -> None:
        """Tell what happened. Raises ClusterError."""
        self._ask(lambda cluster: cluster.post_events(pod, happened, report))

    def close(self) -> None:
        """Let go of both."""
        for cluster in (self._daemon, self._direct):
            if cluster is not None:
                cluster.close()

    def _ask(self, question: Callable[[Cluster], T]) -> T:
        if self._daemon is not None:
            try:
                return question(self._daemon)
            except NoAnswerError as error:
                self._log.verbose(f"{self._daemon} is of no help: {error}; asking the API server")
            self._daemon.close()
            self._daemon = None
            self._count()
        if self._direct is None:
            self._direct = self._open_direct()
        return question(self._direct)
