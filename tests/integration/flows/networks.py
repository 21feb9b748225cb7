"""Networks that several flows use."""

from __future__ import annotations

from multus_py.lab.node import Node
from multus_py.lab.objects import JSON, Object


def macvlan(ipam: Object | None, *, version: str = "0.3.1", **keys: JSON) -> Object:
    """Return a network on the link eth1; without ipam its interfaces have no addresses."""
    plugin: Object = {"cniVersion": version, "type": "macvlan", "master": "eth1", "mode": "bridge", **keys}
    return plugin if ipam is None else {**plugin, "ipam": ipam}


def static(*addresses: str, gateway: str = "", **keys: JSON) -> Object:
    """Return an ipam section with fixed addresses."""
    items: list[JSON] = [{"address": address, **({"gateway": gateway} if gateway else {})} for address in addresses]
    return {"type": "static", "addresses": items, **keys}


def storage(node: Node, **keys: JSON) -> Object:
    """Return a network on eth1 whose addresses host-local gives out: 203.0.113.10 and so on."""
    ipam = node.host_local("203.0.113.0/24", rangeStart="203.0.113.10", rangeEnd="203.0.113.99")
    return macvlan(ipam, version="1.0.0", **keys)


def inside(result: Object) -> list[Object]:
    """Return the interfaces of a result that are in the pod."""
    interfaces = result.get("interfaces")
    assert isinstance(interfaces, list)
    return [interface for interface in interfaces if isinstance(interface, dict) and interface.get("sandbox")]
