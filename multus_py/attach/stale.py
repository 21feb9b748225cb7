"""What GC takes back: everything that is left of containers that the runtime no longer has, each under its own lock.

A container that another call is at work on is left to that call: it is not stale, or about to be gone.
"""

from __future__ import annotations

from multus_py.attach import locking, perform, record
from multus_py.cni import errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from multus_py.attach.keeping import Kept
    from multus_py.attach.work import Work


def detach(call: Work, kept: Kept) -> list[errors.CNIError]:
    """Detach the containers that are not valid; note the networks of all, and the attachments of the others.

    Returns:
        What failed; the rest was done nevertheless.

    Raises:
        CNIError: The state directory cannot be read.
    """
    failures: list[errors.CNIError] = []
    for container_id in record.containers(call):
        if container_id not in kept.containers:
            failures += _alone(call, container_id, lambda held, name: _detach(held, name, kept))
            continue
        for attachment in record.load(call, container_id):
            kept.know(attachment.network, (container_id, attachment.ifname))
    return failures


def sweep(call: Work, kept: Kept) -> list[errors.CNIError]:
    """Remove what calls have left that were killed before they had recorded anything.

    Returns:
        What failed.

    Raises:
        CNIError: The state directory cannot be read.
    """
    failures: list[errors.CNIError] = []
    for container_id in record.litter(call):
        if container_id not in kept.containers:
            failures += _alone(call, container_id, _sweep)
    return failures


def _alone(
    call: Work, container_id: str, act: Callable[[Work, str], Sequence[errors.CNIError]]
) -> Sequence[errors.CNIError]:
    """Act on a container under its lock; what goes wrong there keeps nobody from the others."""
    try:
        held = locking.locked_at_once(call, container_id)
        if held is None:
            call.log.verbose(f"GC: container {container_id} is in use by another call, it is left alone")
            return ()
        with held as noting:
            return act(noting, container_id)
    except errors.CNIError as error:
        return (error,)


def _detach(call: Work, container_id: str, kept: Kept) -> Sequence[errors.CNIError]:
    attachments = record.load(call, container_id)
    if not attachments:  # whatever that file is, it is no record of ours
        call.log.verbose(f"GC: nothing can be read of container {container_id}, it is left alone")
        return ()
    for attachment in attachments:
        kept.know(attachment.network)
    blocking = perform.release(call, attachments, container_id=container_id, netns=None)
    call.log.verbose(f"GC: container {container_id} is not valid any more, detached {len(attachments)} networks")
    return blocking


def _sweep(call: Work, container_id: str) -> Sequence[errors.CNIError]:
    record.sweep(call, container_id)
    return ()
