"""Device-information files: what a device plugin and a CNI plugin say about a pod's device, for the network status.

The device plugin writes one file for each device; it is copied for an attachment that gets the device, its CNI plugin
may change the copy or write one itself, and what is there after the ADD goes into the status. Device information
specification 1.1, cni-behaviour 15.4, multus-behaviour 5.3. The content is passed on as it is, if it is a JSON object:
device plugins write their files in place, so one may be half-written. They run in containers, so links that stand there
are not followed, or a device plugin could have any file of the node published.
"""

from __future__ import annotations

from multus_py.base import files, jsontext
from multus_py.node import errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONObject

ROOT = "/var/run/k8s.cni.cncf.io/devinfo"
"""Where the specification puts them, on every node."""

_READABLE = 0o444
_LIMIT = 64 << 10
"""Bytes. What the specification knows takes some hundred; all annotations of a pod together may have 256 KiB."""


def device_path(resource: str, device: str, *, root: str = ROOT) -> str:
    """Return the file that a device plugin writes about a device."""
    return f"{root}/dp/{_flat(resource)}-{_flat(device)}-device.json"


def attachment_path(name: str, container_id: str, ifname: str, *, root: str = ROOT) -> str:
    """Return the file of one attachment; `name` is the network's full name."""
    return f"{root}/cni/{_flat(name)}-{container_id}_{ifname}"


def copy(source: str, target: str) -> bool:
    """Copy a device plugin's file for an attachment. A file left by somebody else is replaced, not believed.

    Returns:
        Whether there was anything to copy: most device plugins write no such file.

    Raises:
        NodeError: It cannot be read or written.
    """
    try:
        content = files.read_plain(source, limit=_LIMIT)
        jsontext.loads_object(content)
    except FileNotFoundError:
        return False
    except jsontext.JSONError as error:
        raise errors.NodeError(f"device information cannot be used: {source}: {error}") from error
    except (OSError, ValueError) as error:  # ValueError: a NUL byte in the path
        raise errors.NodeError(f"device information cannot be read: {error}") from error
    try:
        files.make_directories(files.directory_of(target), 0o755)
        files.write_atomic(target, content, mode=_READABLE)
    except (OSError, ValueError) as error:
        raise errors.NodeError(f"device information cannot be written: {error}") from error
    return True


def read(path: str) -> JSONObject | None:
    """Return what an attachment's file says; None when there is none, or when it says nothing that can be read."""
    try:
        return jsontext.loads_object(files.read_plain(path, limit=_LIMIT)) or None
    except (OSError, ValueError):
        return None


def remove(path: str) -> None:
    """Remove an attachment's file, if there is one. Raises NodeError."""
    try:
        files.remove(path)
    except (OSError, ValueError) as error:
        raise errors.NodeError(f"device information cannot be removed: {error}") from error


def _flat(name: str) -> str:
    return name.replace("/", "-")
