"""GC: take back what was recorded for containers that the runtime no longer has, and let plugins do the same.

The original ignores the runtime's list and declares everything valid, so it never collects, and it hides attachments
that are older than Multus from plugins, which may then tear down live pods (B16). Here the runtime's list decides, and
nothing is touched that was not recorded.
"""

from __future__ import annotations

from multus_py.attach import clusters, keeping, networks, perform, reporting, stale, work
from multus_py.attach import plan as planning
from multus_py.cni import errors, network

TYPE_CHECKING = False
if TYPE_CHECKING:
    from multus_py.attach.keeping import Kept
    from multus_py.attach.ports import Ports
    from multus_py.attach.work import Work
    from multus_py.cni.skel import Request


def collect(request: Request, *, ports: Ports) -> None:
    """Detach what is recorded for containers that are not in `cni.dev/valid-attachments`, then call GC on every plugin.

    Raises:
        CNIError: The list is missing, or some of it failed; the rest was done nevertheless.
    """
    with reporting.Reported(work.begin(request, ports=ports)) as call:
        valid = call.settings.valid_attachments
        if valid is None:
            raise errors.CNIError(errors.INVALID_CONFIG, "GC needs cni.dev/valid-attachments, the list of what to keep")
        kept = keeping.Kept(valid)
        failures = [*stale.detach(call, kept), *stale.sweep(call, kept)]
        _know_cluster_network(call, kept)
        failures += _collect_networks(call, kept)
        if failures:
            raise perform.combined(failures)


def _know_cluster_network(call: Work, kept: Kept) -> None:
    """Include the network that all pods have, also when no container of ours is recorded on it yet."""
    try:
        with clusters.Session(call) as cluster:
            kept.know(planning.cluster_network(call.settings, networks.Finder(call.settings, cluster)).network)
    except errors.CNIError as error:  # its recorded form, if there is one, is collected all the same
        call.log.error(f"GC: the cluster network cannot be found: {error}")


def _collect_networks(call: Work, kept: Kept) -> list[errors.CNIError]:
    """Call GC on every plugin of the known networks, if it is known what they must keep. Returns what failed."""
    failures: list[errors.CNIError] = []
    for name, found in kept.networks.items() if kept.complete else ():
        try:
            network.collect(found, kept.valid(name), call.executor)
        except errors.CNIError as error:
            failures.append(error)
    return failures
