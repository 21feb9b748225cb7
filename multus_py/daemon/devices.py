"""The devices of a pod, asked of whoever knows them: the API server for its claims, the kubelet for device plugins.

Nothing is remembered: devices are given to a pod once, and a call asks once. What is kept is the way to the API server
and, in memory, the library that asks the kubelet: to load it takes a call of the plugin longer than the question. The
daemon loads it when it is needed first, so a node without such devices never pays for it:

    resident memory of the daemon, 250 pods and 500 networks        36 MB
    and after the first question to the kubelet                     54 MB

`python -m tests.bench.memory` measures both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from multus_py.node.errors import NodeError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from multus_py.base.clock import Clock
    from multus_py.cluster.objects import Pod
    from multus_py.cluster.port import PodDevices
    from multus_py.daemon.resolving import Lender

_SOCKET = "kubelet.sock"
_LEAST_PATIENCE = 0.1


class DevicePlugins(Protocol):
    """Who knows the devices that the kubelet has allocated; Kubelet is the real one."""

    def allocated(self, pod: Pod, *, timeout: float) -> Mapping[str, tuple[str, ...]]:
        """Return the ids of a pod's devices by resource. Raises NodeError."""


class Kubelet:
    """The kubelet of this node."""

    def __init__(self, directory: Path) -> None:
        """Ask over the socket in this directory."""
        self._socket = directory / _SOCKET

    def allocated(self, pod: Pod, *, timeout: float) -> Mapping[str, tuple[str, ...]]:
        """Return the ids of a pod's devices by resource. Raises NodeError."""
        if not self._socket.exists():  # it would be waited for
            raise NodeError(f"{self._socket}: there is no kubelet")
        from multus_py.node import podresources

        return podresources.allocated(pod.namespace, pod.name, pod.uid, socket=str(self._socket), timeout=timeout)


class Devices:
    """Answers the question for a pod's devices."""

    def __init__(self, connections: Lender, *, kubelet: DevicePlugins | None, clock: Clock) -> None:
        """Ask these.

        Args:
            connections: Ways to the API server.
            kubelet: The kubelet, None when it cannot be asked from here.
            clock: Measures what a question leaves of the time.
        """
        self._connections = connections
        self._kubelet = kubelet
        self._clock = clock

    def of(self, pod: Pod, *, patience: float) -> PodDevices:
        """Return what a pod has got. A kubelet that cannot be asked is left to the plugin.

        Args:
            pod: The pod, of which the caller need not know more than the names and the UID.
            patience: Seconds after which nobody waits for the answer any more.

        Raises:
            ClusterError: Its claims cannot be resolved.
        """
        began = self._clock.monotonic()
        with self._connections.borrowed() as cluster:
            found = cluster.get_devices(pod)
        left = patience - (self._clock.monotonic() - began)
        timeout = left / 2  # without its answer, too, ours has to arrive in time
        if self._kubelet is None or timeout < _LEAST_PATIENCE:
            return found
        try:
            return found.replace(kubelet=self._kubelet.allocated(pod, timeout=timeout))
        except NodeError:
            return found
