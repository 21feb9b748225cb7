"""CHECK: is everything that the record names still as ADD left it? The original checks next to nothing (B18)."""

from __future__ import annotations

from multus_py.attach import locking, record, reporting, work
from multus_py.cni import errors, network
from multus_py.node import errors as node_errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from multus_py.attach.attachment import Attachment
    from multus_py.attach.ports import Ports
    from multus_py.attach.work import Work
    from multus_py.cni.skel import Request

_FIRST_WITH_CHECK = "0.4.0"


def check(request: Request, *, ports: Ports) -> None:
    """Check every recorded attachment of a container, in the order of ADD.

    Raises:
        CNIError: The first thing that is wrong; code 3 when nothing is recorded of the container.
    """
    reported = reporting.Reported(work.begin(request, ports=ports))
    container_id = request.call.container_id
    with reported as call, locking.locked(call, container_id) as call:
        attachments = record.load(call, container_id)
        reported.about(attachments)
        if not attachments:
            raise errors.CNIError(errors.UNKNOWN_CONTAINER, f"nothing is recorded of container {container_id}")
        for attachment in attachments:
            try:
                _check(call, attachment)
            except errors.CNIError as error:
                context = f"[{call.subject}:{attachment.name}]: {attachment.ifname}: "
                raise errors.CNIError(error.code, context + error.msg, error.details) from error


def _check(call: Work, attachment: Attachment) -> None:
    """Ask the plugins; those of networks before CNI 0.4.0 know no CHECK, so there the interface must do, if any."""
    runtime = call.runtime(attachment)
    if attachment.network.at_least(_FIRST_WITH_CHECK):
        network.check(attachment.network, runtime, call.executor)
        return
    if record.without_interface(call, call.request.call.container_id, attachment):
        return
    try:
        there = call.ports.node.first_interface(runtime.netns, [attachment.ifname])
    except node_errors.NodeError as error:
        raise errors.CNIError(errors.INVALID_NETNS, str(error)) from error
    if not there:
        raise errors.CNIError(errors.INTERNAL, "the interface is not in the pod's network namespace")
