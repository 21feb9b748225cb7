"""GC: take back what was recorded for containers that the runtime no longer has, and let plugins do the same.

The original ignores the runtime's list and declares everything valid, so it never collects, and it hides attachments
that are older than Multus from plugins, which may then tear down live pods (B16). Here the runtime's list decides, and
nothing is touched that was not recorded.
"""

from __future__ import annotations

from multus_py.attach import clusters, locking, networks, perform, record, work
from multus_py.attach import plan as planning
from multus_py.cni import errors, network

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from multus_py.attach.ports import Ports
    from multus_py.attach.work import Work
    from multus_py.cni.conf import Network
    from multus_py.cni.skel import Request


class _Kept:
    """The networks that are known on this node, and for each the attachments that are valid."""

    def __init__(self, valid: tuple[tuple[str, str], ...]) -> None:
        """Start with the runtime's list, which holds for every network: it knows of pods that we do not."""
        self._valid = valid
        self.networks: dict[str, Network] = {}
        self.complete = True
        """Whether all valid attachments are known. If not, no plugin may be told to keep the known ones only."""
        self._recorded: dict[str, list[tuple[str, str]]] = {}

    def know(self, found: Network, *attachments: tuple[str, str]) -> None:
        """Note a network, and valid attachments to it."""
        self.networks.setdefault(found.name, found)
        self._recorded.setdefault(found.name, []).extend(attachments)

    def valid(self, name: str) -> tuple[tuple[str, str], ...]:
        """Return the (container ID, interface name) pairs that a network's plugins must keep."""
        return tuple(dict.fromkeys([*self._valid, *self._recorded[name]]))


def collect(request: Request, *, ports: Ports) -> None:
    """Detach what is recorded for containers that are not in `cni.dev/valid-attachments`, then call GC on every plugin.

    Raises:
        CNIError: The list is missing, or some of it failed; the rest was done nevertheless.
    """
    with work.Reported(work.begin(request, ports=ports)) as call:
        _collect(call)


def _collect(call: Work) -> None:
    valid = call.settings.valid_attachments
    if valid is None:
        raise errors.CNIError(errors.INVALID_CONFIG, "GC needs cni.dev/valid-attachments, the list of what to keep")
    kept = _Kept(valid)
    valid_ids = {container_id for container_id, _ in valid}
    failures = _detach_stale(call, valid_ids, kept)
    failures += _sweep(call, valid_ids)
    _know_cluster_network(call, kept)
    for name, found in kept.networks.items() if kept.complete else ():
        try:
            network.collect(found, kept.valid(name), call.executor)
        except errors.CNIError as error:
            failures.append(error)
    if failures:
        raise perform.combined(failures)


def _detach_stale(call: Work, valid_ids: set[str], kept: _Kept) -> list[errors.CNIError]:
    """Detach the containers that are not valid; note the networks of all, and the attachments of the others."""
    failures: list[errors.CNIError] = []
    for container_id in record.containers(call):
        if container_id not in valid_ids:
            failures += _locked(call, container_id, lambda held, each: _detach(held, each, kept))
            continue
        try:
            for attachment in record.load(call, container_id):
                kept.know(attachment.network, (container_id, attachment.ifname))
        except errors.CNIError as error:
            kept.complete = False
            failures.append(error)
    return failures


def _sweep(call: Work, valid_ids: set[str]) -> list[errors.CNIError]:
    """Remove what calls have left that were killed before they had recorded anything."""
    failures: list[errors.CNIError] = []
    for container_id in record.litter(call):
        if container_id not in valid_ids:
            failures += _locked(call, container_id, _tidy)
    return failures


def _locked(call: Work, container_id: str, act: Callable[[Work, str], list[errors.CNIError]]) -> list[errors.CNIError]:
    """Do something about a container under its lock; return what went wrong, which concerns no other container."""
    try:
        held = locking.locked_at_once(call, container_id)
        if held is None:  # an ADD or DEL is at work on it: then it is not stale, or about to be gone
            call.log.verbose(f"GC: container {container_id} is in use by another call, it is left alone")
            return []
        with held as noting:
            return act(noting, container_id)
    except errors.CNIError as error:
        return [error]


def _detach(call: Work, container_id: str, kept: _Kept) -> list[errors.CNIError]:
    attachments = record.load(call, container_id)
    if not attachments:  # whatever that file is, it is no record of ours
        call.log.verbose(f"GC: nothing can be read of container {container_id}, it is left alone")
        return []
    for attachment in attachments:
        kept.know(attachment.network)
    blocking = perform.release(call, attachments, container_id=container_id, netns=None)
    call.log.verbose(f"GC: container {container_id} is not valid any more, detached {len(attachments)} networks")
    return blocking


def _tidy(call: Work, container_id: str) -> list[errors.CNIError]:
    record.sweep(call, container_id)
    return []


def _know_cluster_network(call: Work, kept: _Kept) -> None:
    """Include the network that all pods have, also when no container of ours is recorded on it yet."""
    try:
        with clusters.Session(call) as cluster:
            kept.know(planning.cluster_network(call.settings, networks.Finder(call.settings, cluster)).network)
    except errors.CNIError as error:  # its recorded form, if there is one, is collected all the same
        call.log.error(f"GC: the cluster network cannot be found: {error}")
