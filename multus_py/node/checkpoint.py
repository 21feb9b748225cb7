"""The kubelet's checkpoint of device allocations: which devices a pod has got, where there is no pod-resources socket.

The file is the kubelet's own; its form has been stable for years, but it promises nothing, so what is not needed is not
looked at (its checksum neither). multus-behaviour 5.1.
"""

from __future__ import annotations

from multus_py.base import files, jsontext
from multus_py.base.fields import FieldError, Fields
from multus_py.node import errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

PATH = "/var/lib/kubelet/device-plugins/kubelet_internal_checkpoint"
"""Where every kubelet keeps it."""


def allocated(pod_uid: str, *, path: str = PATH) -> Mapping[str, tuple[str, ...]]:
    """Return the device ids of a pod for each resource.

    The order is that of the containers' entries, and sorted within one container: the first network of a resource gets
    the first container's device.

    Args:
        pod_uid: The pod's UID at the API server.
        path: The checkpoint. When it does not exist, no device has ever been allocated.

    Raises:
        NodeError: It cannot be read.
    """
    try:
        content = files.read(path)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise errors.NodeError(f"device allocations cannot be read: {error}") from error
    found: dict[str, tuple[str, ...]] = {}
    try:
        for entry in Fields(jsontext.loads_object(content), "").fields("Data").objects("PodDeviceEntries"):
            if entry.text("PodUID") == pod_uid:
                resource = entry.text("ResourceName")
                found[resource] = (*found.get(resource, ()), *sorted(_ids(entry)))
    except (jsontext.JSONError, FieldError) as error:
        raise errors.NodeError(f"device allocations cannot be read: {path}: {error}") from error
    return found


def _ids(entry: Fields) -> list[str]:
    """Return the ids of one entry: by NUMA node, or as one list, which kubelets before 1.20 wrote."""
    if isinstance(entry.raw("DeviceIDs"), list):
        return list(entry.strings("DeviceIDs"))
    nodes = entry.fields("DeviceIDs")
    return [device for node in entry.object("DeviceIDs") or () for device in nodes.strings(node)]
