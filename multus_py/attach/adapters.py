"""The real adapters behind the ports: the one place where the plugin path is put together.

What an adapter needs is imported when it is used: DEL and CHECK use none of them.
"""

from __future__ import annotations

import posix

from multus_py.attach.ports import Ports
from multus_py.base import clock, files, process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from multus_py.attach.settings import Settings
    from multus_py.base.log import Log
    from multus_py.cluster.kubeconfig import Access
    from multus_py.cluster.objects import Pod
    from multus_py.cluster.port import Cluster
    from multus_py.node.routes import DefaultRoutes, RouteChange

_STDERR = 2


def real_ports(environ: Mapping[bytes, bytes]) -> Ports:
    """Return the ports of a call that a runtime made; `environ` is what it gave us."""
    clean = process.clean_environment(environ)
    return Ports(
        open_cluster=DaemonCluster(DirectCluster(clean)),
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


def _exists(path: str) -> bool:
    try:
        return files.exists(path)
    except OSError:
        return False


def _add_one(path: str) -> None:
    """Make the daemon's count of calls that did without it one larger. It is a file of its; nobody else makes one."""
    try:
        fd = posix.open(path, posix.O_WRONLY | posix.O_APPEND | posix.O_CLOEXEC)
    except OSError:
        return
    try:
        posix.write(fd, b".")
    except OSError:
        pass
    finally:
        posix.close(fd)


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
        if settings.kubeconfig:
            return self.named(settings, log=log)
        from multus_py.cluster import kubeconfig

        access = kubeconfig.in_cluster(self._environ)
        return None if access is None else self._direct(access, settings, log)

    def named(self, settings: Settings, *, log: Log) -> Cluster:
        """Return the direct adapter for the kubeconfig that the settings name. Raises ClusterError."""
        from multus_py.cluster import kubeconfig

        return self._direct(kubeconfig.load(settings.kubeconfig), settings, log)

    def _direct(self, access: Access, settings: Settings, log: Log) -> Cluster:
        from multus_py.cluster import direct  # brings TLS, 3 ms; DEL and CHECK never come here

        return direct.Direct(
            access, clock=clock.SystemClock(), log=log, timeout=settings.api_timeout, environ=self._environ
        )


class DaemonCluster:
    """The way through the daemon, where there is one."""

    def __init__(self, direct: DirectCluster) -> None:
        """Name the way without it."""
        self._without = direct

    def __call__(self, settings: Settings, *, log: Log) -> Cluster | None:
        """Return an adapter that asks the daemon first; where there is none, or no Kubernetes, the direct one.

        Raises:
            ClusterError: There is none, and the direct one cannot be used.
        """
        if not (settings.daemon_dir and settings.kubeconfig):
            return self._without(settings, log=log)
        from multus_py.cluster import port

        path, count = f"{settings.daemon_dir}/{port.SOCKET}", f"{settings.daemon_dir}/{port.FALLBACKS}"
        if not _exists(path):
            _add_one(count)
            return self._without(settings, log=log)
        from multus_py.cluster import daemon, fallback  # 0.6 ms, for nodes with a daemon only; the direct way takes 4

        return fallback.Fallback(
            daemon.Daemon(
                path,
                clock=clock.SystemClock(),
                timeout=settings.daemon_timeout,
                multus_namespace=settings.multus_namespace,
                nads=settings.referenced_nads,
            ),
            lambda: self._without.named(settings, log=log),
            log=log,
            count=lambda: _add_one(count),
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

    def allocated_devices(self, pod: Pod, uid: str, *, timeout: float) -> Mapping[str, tuple[str, ...]]:
        """Return the device ids that the kubelet gave to a pod, by resource. Raises NodeError."""
        from multus_py.node import kubelet

        return kubelet.allocated(pod.namespace, pod.name, uid, containers=pod.containers, timeout=timeout)
