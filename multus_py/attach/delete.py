"""DEL: take back what the record says was attached. It needs no API server, no kubeconfig, no namespace.

It is idempotent, goes on past failures, and keeps the record until every delegate has succeeded (multus-behaviour 3.3
has what the original does, and 9.2 what its users suffer from).
"""

from __future__ import annotations

from multus_py.attach import locking, perform, record, work
from multus_py.cni import errors, network

TYPE_CHECKING = False
if TYPE_CHECKING:
    from multus_py.attach.ports import Ports
    from multus_py.attach.work import Work
    from multus_py.cni.skel import Request


def delete(request: Request, *, ports: Ports) -> None:
    """Detach the pod from the networks that were recorded for its container.

    Raises:
        CNIError: A delegate failed, or the state cannot be read or written. The runtime will try again.
    """
    reported = work.Reported(work.begin(request, ports=ports))
    container_id = request.call.container_id
    with reported as call, locking.locked(call, container_id) as call:
        attachments = record.load(call, container_id)
        reported.about(attachments)
        if not attachments:
            _detach_unrecorded(call)
        blocking = perform.release(call, attachments, container_id=container_id, netns=request.call.netns)
        if blocking:
            raise perform.combined(blocking)


def _detach_unrecorded(call: Work) -> None:
    """Run DEL of the cluster network for a container of which nothing is recorded.

    It may have been started before Multus was installed, or have been deleted already. The original fails here when the
    plugin does, and blocks the pod's deletion for ever (B13); a failure is worth a line in the log, no more.
    """
    from multus_py.attach import networks  # with plan, and what that needs, 2 ms: the usual DEL does without
    from multus_py.attach import plan as planning

    try:
        found = planning.cluster_network(call.settings, networks.Finder(call.settings, None))
        runtime = network.Runtime(
            container_id=call.request.call.container_id,
            netns=call.request.call.netns,
            ifname=call.request.call.ifname,
            args=planning.delegate_args(call.pod_args, None),
            capability_args=call.settings.runtime_config,
            cache_dir=call.settings.cni_dir,
        )
        network.delete(found.network, runtime, call.executor, thorough=True)
    except errors.CNIError as error:
        container_id = call.request.call.container_id
        call.log.error(f"DEL: nothing is recorded of {container_id}, and the cluster network says: {error}")
