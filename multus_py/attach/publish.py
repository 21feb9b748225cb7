"""Tell the cluster what was done: the network status, and events (multus-behaviour 2.4, 3.11)."""

from __future__ import annotations

from multus_py.attach import clusters
from multus_py.attach import plan as planning
from multus_py.attach.networks import NoNetworkError
from multus_py.attach.perform import AttachError
from multus_py.cluster import errors as cluster_errors
from multus_py.cluster.port import Event
from multus_py.cni import errors
from multus_py.multinet import status as network_status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from multus_py.attach.attachment import Attached
    from multus_py.attach.stopwatch import Stopwatch
    from multus_py.attach.work import Work
    from multus_py.cluster.objects import Pod
    from multus_py.cluster.port import Cluster

STATUS = "k8s.v1.cni.cncf.io/network-status"
LEGACY_STATUS = "k8s.v1.cni.cncf.io/networks-status"


class Publisher:
    """Speaks about one pod to one cluster; says nothing when there is none."""

    def __init__(self, work: Work, cluster: Cluster | None, pod: Pod | None, stopwatch: Stopwatch) -> None:
        """Speak about this pod, and say how long it took."""
        self._work = work
        self._cluster = cluster
        self._pod = pod
        self._stopwatch = stopwatch

    def status(self, made: Sequence[Attached]) -> None:
        """Write the network status.

        A system pod that asked for nothing is left alone (`systemNamespaces`). A pod that is gone is no error: the
        runtime will delete what was made.

        Raises:
            CNIError: It cannot be written.
        """
        if self._cluster is None or self._pod is None or self._is_quiet(self._pod):
            return
        text = network_status.render(
            entry
            for index, attached in enumerate(made)
            for entry in network_status.entries(
                attached.result,
                name=attached.attachment.name,
                ifname=attached.attachment.ifname,
                is_default=index == 0,
                device_info=attached.device_info,
            )
        )
        names = (STATUS, LEGACY_STATUS) if self._work.settings.legacy_status else (STATUS,)
        try:
            with self._stopwatch.phase("status"):
                self._cluster.write_status(self._pod, dict.fromkeys(names, text))
        except cluster_errors.NotFoundError:
            self._work.log.warning(f"pod {self._work.subject} went away before its network status was written")
        except cluster_errors.ClusterError as error:
            problem = f"[{self._work.subject}]: cannot write the network status: {error}"
            raise errors.CNIError(clusters.code(error), problem) from error

    def added(self, made: Sequence[Attached]) -> None:
        """Post an event for each attachment that has interfaces or addresses."""
        events = (_added(attached) for attached in made if attached.result.interfaces or attached.result.addresses)
        self._post(events, succeeded=True, networks=(attached.attachment.name for attached in made))

    def failed(self, error: BaseException) -> None:
        """Post the event that tells the pod's owner why its ADD failed; an interrupted one has no time for that."""
        if not isinstance(error, errors.CNIError):
            return
        events = []
        if isinstance(error, NoNetworkError):
            events.append(Event(type="Warning", reason="NoNetworkFound", message=error.announcement))
        elif isinstance(error, AttachError):
            attachment = error.attachment
            message = f"Add {attachment.ifname} from {attachment.name} failed: {error.cause}"
            events.append(Event(type="Warning", reason="FailedToAddInterface", message=message))
        self._post(events, succeeded=False)

    def _is_quiet(self, pod: Pod) -> bool:
        return pod.namespace in self._work.settings.system_namespaces and not (
            pod.annotations.get(planning.NETWORKS) or pod.annotations.get(planning.DEFAULT_NETWORK)
        )

    def _post(self, events: Iterable[Event], *, succeeded: bool, networks: Iterable[str] = ()) -> None:
        """Post events, and the report. They help people; no call may fail for them."""
        if self._cluster is None or self._pod is None:
            return
        report = self._stopwatch.report(self._work.request.call.command, succeeded=succeeded, networks=networks)
        try:
            self._cluster.post_events(self._pod, list(events), report)
        except cluster_errors.ClusterError as error:
            self._work.log.warning(f"cannot post events for {self._work.subject}: {error}")


def _added(attached: Attached) -> Event:
    addresses = " ".join(address.address for address in attached.result.addresses)
    message = f"Add {attached.attachment.ifname} [{addresses}] from {attached.attachment.name}"
    return Event(reason="AddedInterface", message=message)
