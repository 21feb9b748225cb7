"""The annotation `network-status`: what a pod got, told from the plugins' results.

Values in, JSON and text out; writing it to the pod is the cluster's business. NPWG multi-network spec 5,
cni-behaviour 15.2, multus-behaviour 2.4. Where the original loses an attachment, this keeps it:

* a result without an interface in the pod (all results before CNI 0.3.0, some IPAM-only plugins) gets a minimal entry;
* exactly one entry of the default network says `default: true`, whatever its result looks like;
* only 0.0.0.0/0 and ::/0 are default routes, and one without a gateway has none to show.
"""

from __future__ import annotations

from multus_py.base import address, jsontext
from multus_py.cni import result as results
from multus_py.cni.result import Result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from multus_py.base.jsontext import JSONObject, JSONValue
    from multus_py.cni.result import Address, Interface

_INDENT = 4
_WITH_DNS = "0.4.0"  # in which a result's `dns` is always there, as it is here


def entries(
    result: Result, *, name: str, ifname: str, is_default: bool, device_info: JSONObject | None = None
) -> tuple[JSONObject, ...]:
    """Return the entries of one attachment: one for each of its interfaces in the pod, at least one.

    Args:
        result: What its plugins returned.
        name: The network's name: "namespace/name" of its NetworkAttachmentDefinition, or a configuration's name.
        ifname: The name that its interface was to have; for results that do not tell.
        is_default: Whether this is the pod's default network.
        device_info: What the device-info specification knows of its device.
    """
    attached = [index for index, interface in enumerate(result.interfaces) if interface.sandbox]
    default = _default_interface(result, attached) if is_default else None
    common = _common(result, device_info)
    if not attached:
        shown: JSONObject = {"name": name, "interface": ifname, "ips": _ips(result.addresses), "default": is_default}
        return (_present(shown | common),)
    return tuple(
        _present(
            {"name": name}
            | _interface(result.interfaces[index], _ips(_addresses_of(index, result, attached)))
            | {"default": index == default}
            | common
        )
        for index in attached
    )


def render(status: Iterable[JSONObject]) -> str:
    """Write the annotation's text, exactly as the original lays it out."""
    return "[" + ",".join(jsontext.dumps(entry, indent=_INDENT, html_safe=True) for entry in status) + "]"


def _default_interface(result: Result, attached: list[int]) -> int | None:
    """Choose which of the default network's interfaces is the pod's default one."""
    for item in result.addresses:
        if item.gateway and item.interface in attached:
            return item.interface
    return attached[0] if attached else None


def _addresses_of(index: int, result: Result, attached: list[int]) -> list[Address]:
    """Return an interface's addresses: all, when it is the only one; the last one also takes those that name none."""
    if len(result.interfaces) == 1:
        return list(result.addresses)
    owners = (index, None) if index == attached[-1] else (index,)
    return [item for item in result.addresses if item.interface in owners]


def _interface(interface: Interface, ips: JSONValue) -> JSONObject:
    return {"interface": interface.name, "ips": ips, "mac": interface.mac, "mtu": interface.mtu}


def _common(result: Result, device_info: JSONObject | None) -> JSONObject:
    """Return what all entries of one attachment share."""
    gateways: list[JSONValue] = [route.gw for route in result.routes if route.gw and address.is_default(route.dst)]
    dns = results.encode(Result(dns=result.dns), _WITH_DNS)["dns"]
    return {"dns": dns, "device-info": device_info, "gateway": gateways}


def _ips(addresses: Iterable[Address]) -> JSONValue:
    return [item.address.partition("/")[0] for item in addresses]  # Multus: without the prefix length


def _present(entry: JSONObject) -> JSONObject:
    """Leave out what is empty, but for `dns`, which the original always writes."""
    return {key: item for key, item in entry.items() if item or key == "dns"}
