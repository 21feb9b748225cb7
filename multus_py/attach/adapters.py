"""The real adapters behind the ports: the one place where the plugin path is put together.

What an adapter needs is imported when it is used: DEL and CHECK use none of them.
"""

from __future__ import annotations

from multus_py.attach.ports import Ports
from multus_py.base import clock, files, process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from multus_py.attach.settings import Settings
    from multus_py.base.log import Log
    from multus_py.cluster.port import Cluster
    from multus_py.node.routes import DefaultRoutes, RouteChange

_STDERR = 2


def real_ports(environ: Mapping[bytes, bytes]) -> Ports:
    """Return the ports of a call that a runtime made; `environ` is what it gave us."""
    clean = process.clean_environment(environ)
    return Ports(
        open_cluster=DirectCluster(clean),
        node=HostNode(),
        environ=clean,
        stderr=_tell,
        clock=clock.SystemClock(),
        run=process.run,
    )


def _tell(data: bytes) -> None:
    try:
        files.write_fd(_STDERR, data)
    except OSError:
        pass  # nobody listens


class DirectCluster:
    """The way to the API server without a daemon."""

    def __init__(self, environ: Mapping[bytes, bytes]) -> None:
        """Name the environment, which tells whether we run in a pod."""
        self._environ = environ

    def __call__(self, settings: Settings, *, log: Log) -> Cluster | None:
        """Return the direct adapter for the kubeconfig that the settings name, or for the pod that we run in.

        Without either there is no Kubernetes (None). Nothing is connected yet.

        Raises:
            ClusterError: The kubeconfig cannot be used.
        """
        from multus_py.cluster import kubeconfig

        access = kubeconfig.load(settings.kubeconfig) if settings.kubeconfig else kubeconfig.in_cluster(self._environ)
        if access is None:
            return None
        from multus_py.cluster import direct  # brings TLS, 3 ms; DEL and CHECK never come here

        return direct.Direct(
            access, clock=clock.SystemClock(), log=log, timeout=settings.api_timeout, environ=self._environ
        )


class HostNode:
    """The machine that we run on."""

    def first_interface(self, namespace: str, ifnames: Iterable[str]) -> str:
        """Return the first of several interfaces that a namespace has, "" when it has none. Raises NodeError."""
        from multus_py.node import netns

        return netns.first_existing(namespace, ifnames)

    def set_default_routes(self, namespace: str, wanted: DefaultRoutes) -> RouteChange:
        """Give the default route to one interface. Raises NodeError; nothing has changed then."""
        from multus_py.node import routes

        return routes.set_default_routes(namespace, wanted)

    def allocated_devices(self, pod_uid: str) -> Mapping[str, tuple[str, ...]]:
        """Return the device ids that the kubelet gave to a pod, by resource. Raises NodeError."""
        from multus_py.node import checkpoint

        return checkpoint.allocated(pod_uid)
