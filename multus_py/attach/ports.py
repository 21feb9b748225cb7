"""What a verb needs from the world outside, as one argument: cluster, node, processes, time, environment."""

from __future__ import annotations

from multus_py.base import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Protocol

    from multus_py.attach.settings import Settings
    from multus_py.base.clock import Clock
    from multus_py.base.log import Log
    from multus_py.base.process import Run
    from multus_py.cluster.objects import Pod
    from multus_py.cluster.port import Cluster
    from multus_py.node.routes import DefaultRoutes, RouteChange

    class Node(Protocol):
        """The machine that the pod runs on."""

        def first_interface(self, namespace: str, ifnames: Iterable[str]) -> str:
            """Return the first of several interfaces that a namespace has, "" when it has none. Raises NodeError."""

        def set_default_routes(self, namespace: str, wanted: DefaultRoutes) -> RouteChange:
            """Give the default route to one interface. Raises NodeError; nothing has changed then."""

        def allocated_devices(self, pod: Pod, uid: str, *, timeout: float) -> Mapping[str, tuple[str, ...]]:
            """Return the device ids that the kubelet gave to a pod, by resource, in the order of their use.

            Args:
                pod: The pod.
                uid: Its UID, as the kubelet knows it.
                timeout: Seconds that the kubelet may take to answer.

            Raises:
                NodeError: It cannot be told; UnavailableError when asking again later may help.
            """

    class OpenCluster(Protocol):
        """Make the adapter to the Kubernetes API that the settings ask for."""

        def __call__(self, settings: Settings, *, log: Log) -> Cluster | None:
            """Return None where there is no Kubernetes (no kubeconfig, not in a cluster). Raises ClusterError."""


class Ports(value.Value):
    """The ports, each with its real adapter or a test's fake."""

    open_cluster: OpenCluster
    node: Node
    environ: Mapping[bytes, bytes]
    """The environment that the runtime gave us, and that delegates get."""
    stderr: Callable[[bytes], None]
    """Where a delegate's messages go, and what is odd about the configuration. Raises nothing."""
    clock: Clock
    run: Run
