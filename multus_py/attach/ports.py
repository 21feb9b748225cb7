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
    from multus_py.cluster.port import Cluster, Report
    from multus_py.node.routes import DefaultRoutes, RouteChange

    class Node(Protocol):
        """The machine that the pod runs on."""

        def first_interface(self, namespace: str, ifnames: Iterable[str]) -> str:
            """Return the first of several interfaces that a namespace has, "" when it has none. Raises NodeError."""

        def set_default_routes(self, namespace: str, wanted: DefaultRoutes) -> RouteChange:
            """Give the default route to one interface. Raises NodeError; nothing has changed then."""

        def allocated_devices(self, pod_uid: str) -> Mapping[str, tuple[str, ...]]:
            """Return the device ids that the kubelet gave to a pod, by resource. Raises NodeError."""

    class OpenCluster(Protocol):
        """Make the adapter to the Kubernetes API that the settings ask for."""

        def __call__(self, settings: Settings, *, log: Log) -> Cluster | None:
            """Return None where there is no Kubernetes (no kubeconfig, not in a cluster). Raises ClusterError."""

    class Listener(Protocol):
        """Who wants to know how calls go that ask nothing of the cluster."""

        def prepare(self) -> None:
            """Do what takes time, while there is nothing else to do. Raises nothing."""

        def tell(self, namespace: str, pod: str, uid: str, report: Report) -> None:
            """Hear how a call about a pod went. It waits for nobody, and raises nothing."""


class Ports(value.Value):
    """The ports, each with its real adapter or a test's fake."""

    open_cluster: OpenCluster
    find_listener: Callable[[Settings], Listener | None]
    """Returns None where nobody listens. Raises nothing."""
    node: Node
    environ: Mapping[bytes, bytes]
    """The environment that the runtime gave us, and that delegates get."""
    stderr: Callable[[bytes], None]
    """Where a delegate's messages go, and what is odd about the configuration. Raises nothing."""
    clock: Clock
    run: Run
