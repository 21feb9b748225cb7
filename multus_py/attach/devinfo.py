"""What is known of an attachment's device: given to its plugins, read back for the status, and removed in the end.

Which device it is has been decided before (devices.py); node/deviceinfo.py knows the files (multus-behaviour 5.3).
"""

from __future__ import annotations

from multus_py.node import deviceinfo
from multus_py.node import errors as node_errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from multus_py.attach.attachment import Attachment
    from multus_py.attach.work import Work
    from multus_py.base.jsontext import JSONObject

INFO_FILE = "CNIDeviceInfoFile"
"""The capability by which a plugin is told where its device information stands."""


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
