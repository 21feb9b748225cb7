"""The devices that the kubelet gave to the pod, handed out to its attachments one by one (multus-behaviour 5.1).

One map for the whole call: two networks on the same resource get two devices, whoever asked for them (B22).
"""

from __future__ import annotations

from multus_py.base import value
from multus_py.cni import errors
from multus_py.node import deviceinfo
from multus_py.node import errors as node_errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from multus_py.attach.attachment import Attachment
    from multus_py.attach.networks import Found
    from multus_py.attach.ports import Node
    from multus_py.attach.work import Work
    from multus_py.base.jsontext import JSONObject
    from multus_py.cluster.objects import Pod
    from multus_py.multinet.selection import Selection


INFO_FILE = "CNIDeviceInfoFile"
"""The capability by which a plugin is told where its device information stands."""


class Device(value.Value):
    """A device for one attachment."""

    id: str
    allocated: bool
    """Whether the kubelet allocated it; else the pod named it in its annotation."""


class Devices:
    """The pod's devices, asked for when the first network needs one."""

    def __init__(self, node: Node, pod: Pod | None) -> None:
        """Hand out this pod's devices; without a pod there are none."""
        self._node = node
        self._pod = pod
        self._left: dict[str, list[str]] | None = None

    def take(self, found: Found, wanted: Selection | None) -> Device | None:
        """Return the device for a network, None when it needs none.

        Raises:
            CNIError: The network needs a device of a resource of which the pod has none left.
        """
        requested = wanted.device_id if wanted else ""
        if found.resource and self._pod is not None:
            left = self._map(self._pod).get(found.resource)
            if left:
                return Device(id=left.pop(0), allocated=True)
            if not requested:
                raise _none_left(found, self._pod)
        return Device(id=requested, allocated=False) if requested else None

    def _map(self, pod: Pod) -> dict[str, list[str]]:
        if self._left is None:
            try:
                allocated = self._node.allocated_devices(pod.uid)
            except node_errors.NodeError as error:
                problem = f"cannot tell the devices of pod {pod.namespace}/{pod.name}: {error}"
                raise errors.CNIError(errors.INTERNAL, problem) from error
            self._left = {resource: list(ids) for resource, ids in allocated.items()}
        return self._left


def prepare(work: Work, attachment: Attachment) -> None:
    """Give an attachment what the device plugin says of its device. Status alone needs it, so a failure is logged."""
    path = _info_path(attachment)
    if not (path and attachment.resource):
        return
    try:
        deviceinfo.copy(deviceinfo.device_path(attachment.resource, attachment.device_id), path)
    except node_errors.NodeError as error:
        work.log.warning(f"{attachment.name}: {error}")


def info(attachment: Attachment) -> JSONObject | None:
    """Return the device information of an attachment, as its plugins left it; None when there is none."""
    path = _info_path(attachment)
    return deviceinfo.read(path) if path else None


def forget(work: Work, attachment: Attachment) -> None:
    """Remove an attachment's device information. A failure is logged: it must not keep a pod."""
    path = _info_path(attachment)
    try:
        if path:
            deviceinfo.remove(path)
    except node_errors.NodeError as error:
        work.log.warning(f"{attachment.name}: {error}")


def _info_path(attachment: Attachment) -> str:
    """Return where the attachment's device information stands, "" when it has none."""
    path = attachment.capability_args.get(INFO_FILE)
    return path if isinstance(path, str) else ""


def _none_left(found: Found, pod: Pod) -> errors.CNIError:
    problem = (
        f"network {found.name} needs a device of resource {found.resource}, but pod {pod.namespace}/{pod.name} has "
        "none left: its containers must request one for each such network"
    )
    return errors.CNIError(errors.INVALID_CONFIG, problem)
