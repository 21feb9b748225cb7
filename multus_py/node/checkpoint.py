"""The kubelet's checkpoint of device allocations: which devices a pod has got, where there is no pod-resources socket.

The file is the kubelet's own; its form has been stable for years, but it promises nothing, so what is not needed is not
looked at (its checksum neither). multus-behaviour 5.1.
"""

from __future__ import annotations

from multus_py.base import files, jsontext
from multus_py.base.fields import FieldError, Fields
from multus_py.node import errors, podresources

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PATH = "/var/lib/kubelet/device-plugins/kubelet_internal_checkpoint"
"""Where a kubelet keeps it whose directory is the usual one."""


def allocated(pod_uid: str, *, containers: Sequence[str] = (), path: str = PATH) -> Mapping[str, tuple[str, ...]]:
    """Return the device ids of a pod for each resource, in the order in which networks get them.

    That is the order of podresources.allocated. The kubelet writes the file out of maps, in another order every time
    (pod_devices.go, toCheckpointData), and it has init containers too, whose devices go to others later. So the pod's
    own list of containers says which ones count, and in what order; without it, it is the order of their names.

    Args:
        pod_uid: The pod's UID as the kubelet knows it.
        containers: The names of the pod's containers, in order, sidecars first; none when they are not known.
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
    found: dict[str, list[tuple[str, list[str]]]] = {}
    try:
        for entry in Fields(jsontext.loads_object(content), "").fields("Data").objects("PodDeviceEntries"):
            if entry.text("PodUID") == pod_uid:
                resource = (entry.text("ResourceName"), _ids(entry))
                found.setdefault(entry.text("ContainerName"), []).append(resource)
    except (jsontext.JSONError, FieldError) as error:
        raise errors.NodeError(f"device allocations cannot be read: {path}: {error}") from error
    return podresources.in_order(found.get(name, ()) for name in containers or sorted(found))


def _ids(entry: Fields) -> list[str]:
    """Return the ids of one entry: by NUMA node, or as one list, which kubelets before 1.20 wrote."""
    if isinstance(entry.raw("DeviceIDs"), list):
        return list(entry.strings("DeviceIDs"))
    nodes = entry.fields("DeviceIDs")
    return [device for node in entry.object("DeviceIDs") or () for device in nodes.strings(node)]
