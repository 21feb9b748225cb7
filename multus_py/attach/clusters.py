"""The way to the Kubernetes API for the length of one call."""

from __future__ import annotations

from multus_py.cluster import errors as cluster_errors
from multus_py.cni import errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from multus_py.attach.work import Work
    from multus_py.cluster.port import Cluster


def code(error: cluster_errors.ClusterError) -> int:
    """Return the spec's code for a failure of the cluster: whether the runtime may hope that it passes."""
    return errors.TRY_AGAIN_LATER if isinstance(error, cluster_errors.UnavailableError) else errors.INTERNAL


class Session:
    """A context that gives the cluster, None where there is no Kubernetes, and closes it in the end."""

    def __init__(self, work: Work) -> None:
        """Name the call; nothing is opened yet."""
        self._work = work
        self._cluster: Cluster | None = None

    def __enter__(self) -> Cluster | None:
        """Return the cluster.

        Raises:
            CNIError: What the settings say of it is wrong.
        """
        try:
            self._cluster = self._work.ports.open_cluster(self._work.settings, log=self._work.log)
        except cluster_errors.ClusterError as error:
            raise errors.CNIError(errors.INVALID_CONFIG, f"no way to the Kubernetes API: {error}") from error
        return self._cluster

    def __exit__(self, *_exception: object) -> None:
        """Let go of it."""
        if self._cluster is not None:
            self._cluster.close()
