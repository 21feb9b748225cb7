"""The pod of a call, as the API server knows it now (multus-behaviour 3.8)."""

from __future__ import annotations

from multus_py.attach import clusters
from multus_py.cluster import errors as cluster_errors
from multus_py.cni import errors
from multus_py.cni.result import Address, Interface, Result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from multus_py.attach.work import PodArgs, Work
    from multus_py.cluster.objects import Pod
    from multus_py.cluster.port import Cluster
    from multus_py.cni.skel import Request


class PodGoneError(Exception):
    """The pod was deleted while the runtime was setting it up. That is nobody's fault, and no error of the call."""


def fetch(work: Work, cluster: Cluster | None) -> Pod | None:
    """Return the pod that the runtime names, None when there is no Kubernetes or the runtime names none.

    Raises:
        PodGoneError: There is no such pod any more.
        CNIError: It cannot be read, or it is another pod of the same name.
    """
    wanted = work.pod_args
    if cluster is None or not wanted.name:
        return None
    try:
        pod = cluster.get_pod(wanted.namespace, wanted.name, wanted.uid)
    except cluster_errors.NotFoundError as error:
        raise PodGoneError(str(wanted)) from error
    except cluster_errors.ClusterError as error:
        raise errors.CNIError(clusters.code(error), f"[{wanted}]: cannot read the pod: {error}") from error
    _check_uid(wanted, pod)
    return pod


def no_result(request: Request) -> Result:
    """Return a result for a pod that is gone: runtimes refuse one without an address (multus-behaviour 3.9)."""
    return Result(
        version=request.version,
        interfaces=(Interface(name=request.call.ifname, sandbox=request.call.netns),),
        addresses=(Address(address="0.0.0.0/0", gateway="0.0.0.0"),),  # noqa: S104 - no socket is bound to it
    )


def _check_uid(wanted: PodArgs, pod: Pod) -> None:
    """Refuse a namesake: a StatefulSet's pod that was re-created, say. A static pod's own UID is not in the API."""
    if wanted.uid and wanted.uid != pod.uid and not pod.is_static:
        problem = f'[{wanted}]: expected pod UID "{wanted.uid}" but got "{pod.uid}" from Kube API'
        raise errors.CNIError(errors.INTERNAL, problem)
