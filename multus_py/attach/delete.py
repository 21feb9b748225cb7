"""DEL: take back what the record says was attached. It needs no API server, no kubeconfig, no namespace.

It is idempotent, goes on past failures, and keeps the record until every delegate has succeeded (multus-behaviour 3.3
has what the original does, and 9.2 what its users suffer from).
"""

from __future__ import annotations

from multus_py.attach import locking, perform, record, reporting, work

TYPE_CHECKING = False
if TYPE_CHECKING:
    from multus_py.attach.ports import Ports
    from multus_py.cni.skel import Request


def delete(request: Request, *, ports: Ports) -> None:
    """Detach the pod from the networks that were recorded for its container.

    Raises:
        CNIError: A delegate failed, or the state cannot be read or written. The runtime will try again.
    """
    reported = reporting.Reported(work.begin(request, ports=ports))
    container_id = request.call.container_id
    with reported as call, locking.locked(call, container_id) as call:
        attachments = record.load(call, container_id)
        reported.about(attachments)
        if not attachments:
            from multus_py.attach import unrecorded  # with plan, and what that needs, 2 ms: few DELs come here

            unrecorded.detach(call)
        failures = perform.release(call, attachments, container_id=container_id, netns=request.call.netns)
        if failures:
            raise perform.combined(failures)
