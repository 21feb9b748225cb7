"""The devices that the pod has got, handed out to its attachments one by one (multus-behaviour 5.1).

One map for the whole call: two networks on the same resource get two devices, whoever asked for them (B22). In it are
the devices that the kubelet allocated through device plugins, then those of the pod's resource claims.
"""

from __future__ import annotations

from multus_py.attach import clusters
from multus_py.base import value
from multus_py.cluster import errors as cluster_errors
from multus_py.cni import errors
from multus_py.node import errors as node_errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from multus_py.attach.networks import Found
    from multus_py.attach.work import Work
    from multus_py.cluster.objects import Pod
    from multus_py.cluster.port import Cluster
    from multus_py.multinet.selection import Selection


class Device(value.Value):
    """A device for one attachment."""

    id: str
    allocated: bool
    """Whether the pod has got it; else it named it in its annotation."""


class Devices:
    """The pod's devices, asked for when the first network needs one."""

    def __init__(self, work: Work, cluster: Cluster | None, pod: Pod | None) -> None:
        """Hand out this pod's devices; without a pod there are none."""
        self._work = work
        self._cluster = cluster
        self._pod = pod
        self._left: dict[str, list[str]] | None = None
        self._passed_over: tuple[str, ...] = ()

    def take(self, found: Found, wanted: Selection | None) -> Device | None:
        """Return the device for a network, None when it needs none.

        Raises:
            CNIError: The network needs a device of a resource of which the pod has none left, or what the pod has got
                cannot be told.
        """
        requested = wanted.device_id if wanted else ""
        if found.resource and self._cluster is not None and self._pod is not None:
            left = self._of(found, self._cluster, self._pod)
            if left:
                return Device(id=left.pop(0), allocated=True)
            if not requested:
                self._miss(found, self._pod)
        return Device(id=requested, allocated=False) if requested else None

    def _of(self, found: Found, cluster: Cluster, pod: Pod) -> list[str]:
        """Return what is left of a network's resource. Raises CNIError."""
        if self._left is None:
            problem = f"{_need(found)}, but the devices of pod {pod.namespace}/{pod.name} cannot be told: "
            try:
                known = cluster.get_devices(pod)
                self._left = _merged(self._kubelets(pod) if known.kubelet is None else known.kubelet, known.claimed)
            except cluster_errors.ClusterError as error:
                raise errors.CNIError(clusters.code(error), f"{problem}{error}") from error
            except node_errors.NodeError as error:
                raise errors.CNIError(_code(error), f"{problem}{error}") from error
            self._passed_over = known.passed_over
        return self._left.get(found.resource, [])

    def _kubelets(self, pod: Pod) -> Mapping[str, tuple[str, ...]]:
        """Return what the kubelet allocated. Raises NodeError."""
        # The kubelet knows a static pod by the UID that the runtime has, and not by that of its mirror in the API.
        uid = self._work.pod_args.uid or pod.uid
        return self._work.ports.node.allocated_devices(pod, uid, timeout=self._work.settings.api_timeout)

    def _miss(self, found: Found, pod: Pod) -> None:
        """Put up with a device that is not there, if the settings say so. Raises CNIError if not."""
        problem = (
            f"{_need(found)}, but pod {pod.namespace}/{pod.name} has none left: its containers must request one for "
            "each such network"
        )
        reasons = "; ".join(("", *self._passed_over))
        if not self._work.settings.ignore_missing_device:
            raise errors.CNIError(errors.INVALID_CONFIG, problem + reasons)
        self._work.log.warning(f"{problem}{reasons}; it goes without, as missingDevice says")


def _merged(*sources: Mapping[str, tuple[str, ...]]) -> dict[str, list[str]]:
    """Return one map of several, what comes first in front; a device that is in two of them counts once."""
    resources = {resource for source in sources for resource in source}
    return {
        resource: list(dict.fromkeys(id for source in sources for id in source.get(resource, ())))
        for resource in resources
    }


def _need(found: Found) -> str:
    return f"network {found.name} needs a device of resource {found.resource}"


def _code(error: node_errors.NodeError) -> int:
    """Return the spec's code for a failure of the node: whether the runtime may hope that it passes."""
    return errors.TRY_AGAIN_LATER if isinstance(error, node_errors.UnavailableError) else errors.INTERNAL
