"""STATUS: could a pod be given its networks now? Answered at once; the original may take 45 seconds."""

from __future__ import annotations

from multus_py.attach import clusters, networks, readiness, work
from multus_py.attach import plan as planning
from multus_py.cni import errors, network

TYPE_CHECKING = False
if TYPE_CHECKING:
    from multus_py.attach.ports import Ports
    from multus_py.attach.work import Work
    from multus_py.cni.conf import Network
    from multus_py.cni.skel import Request

_API_TIMEOUT = 2.0


def status(request: Request, *, ports: Ports) -> None:
    """Answer whether ADD would have what it needs: the readiness file, the cluster network, its plugins.

    Raises:
        CNIError: Code 50, or the cluster network's own: it is not ready, and why.
    """
    call = work.begin(request, ports=ports)
    if not readiness.is_ready(call):
        raise errors.CNIError(errors.PLUGIN_NOT_AVAILABLE, readiness.problem(call))
    try:
        cluster_network = _cluster_network(call)
        for plugin in cluster_network.plugins:
            call.executor.find(plugin.type)
    except errors.CNIError as error:
        raise errors.CNIError(errors.PLUGIN_NOT_AVAILABLE, error.msg, error.details) from error
    network.status(cluster_network, call.executor)


def _cluster_network(call: Work) -> Network:
    """Return the network that every pod needs; if it is a NAD, the API server has two seconds to show it."""
    hurried = call.settings.replace(api_timeout=min(_API_TIMEOUT, call.settings.api_timeout))
    with clusters.Session(call.replace(settings=hurried)) as cluster:
        return planning.cluster_network(call.settings, networks.Finder(call.settings, cluster)).network
