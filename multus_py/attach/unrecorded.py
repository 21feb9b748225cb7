"""DEL of a container of which nothing is recorded: started before Multus was installed, or deleted already."""

from __future__ import annotations

from multus_py.attach import networks
from multus_py.attach import plan as planning
from multus_py.cni import errors, network

TYPE_CHECKING = False
if TYPE_CHECKING:
    from multus_py.attach.work import Work


def detach(call: Work) -> None:
    """Run DEL of the cluster network.

    The original fails here when the plugin does, and blocks the pod's deletion for ever (B13); a failure is worth a
    line in the log, no more.
    """
    wanted = call.request.call
    try:
        found = planning.cluster_network(call.settings, networks.Finder(call.settings, None))
        runtime = network.Runtime(
            container_id=wanted.container_id,
            netns=wanted.netns,
            ifname=wanted.ifname,
            args=planning.delegate_args(call.pod_args, None),
            capability_args=call.settings.runtime_config,
            cache_dir=call.settings.cni_dir,
        )
        network.delete(found.network, runtime, call.executor, thorough=True)
    except errors.CNIError as error:
        call.log.error(f"DEL: nothing is recorded of {wanted.container_id}, and the cluster network says: {error}")
