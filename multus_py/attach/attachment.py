"""The plan's vocabulary: one attachment of a pod to a network, and the whole of them."""

from __future__ import annotations

from multus_py.base import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONObject
    from multus_py.cni import conf
    from multus_py.cni.result import Result
    from multus_py.multinet.selection import Selection
    from multus_py.node.routes import DefaultRoutes


class Attachment(value.Value):
    """One network for one interface of a pod, with all that its plugins are told."""

    name: str
    """What status and events call it: "namespace/name" of its NAD, or the name in its configuration."""
    network: conf.Network
    ifname: str
    args: tuple[tuple[str, str], ...] = ()
    """CNI_ARGS for its plugins."""
    capability_args: JSONObject = {}  # noqa: RUF012 - a Value's default, which nobody changes
    selection: Selection | None = None
    """What the pod asked for, None when it did not ask for this one."""
    resource: str = ""
    """The resource that its NAD names, when it has got a device of it."""
    device_id: str = ""
    """The device of that resource, or the one that the pod asked for."""
    netns: str = ""
    """The pod's network namespace, as it was at ADD."""


class Plan(value.Value):
    """What an ADD will do, in order. The first attachment is the cluster network, whose result the runtime gets."""

    attachments: tuple[Attachment, ...]
    default_routes: tuple[DefaultRoutes, ...] = ()
    """Which interfaces are to hold the default routes; empty when nobody asked."""


class Attached(value.Value):
    """An attachment that was made, with what its plugins answered."""

    attachment: Attachment
    result: Result
    device_info: JSONObject | None = None
