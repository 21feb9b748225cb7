"""What is attached on this node, from records and cached results. The kernel is not asked: that is `live`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from multus_py.attach import record
from multus_py.attach import work as works
from multus_py.base import jsontext
from multus_py.cni import cache, versions
from multus_py.cni import result as results
from multus_py.cni.errors import CNIError
from multus_py.inventory.model import Attachment, Container, Link, Route
from multus_py.inventory.node import InventoryError

if TYPE_CHECKING:
    from multus_py.attach import attachment as recorded
    from multus_py.base.jsontext import JSONObject
    from multus_py.cni.conf import Network
    from multus_py.inventory.node import Node

_MASTERS = ("master", "bridge", "device", "hostDevice", "parentInterface")
"""Under which key plugins name the interface of the node that they use."""
_DEFAULT_BRIDGE = "cni0"


def attached(node: Node) -> tuple[Container, ...]:
    """Return the containers of which something is recorded, by pod.

    Raises:
        InventoryError: The records cannot be listed, or the system refuses to read one.
    """
    try:
        ids = record.containers(node.work)
    except CNIError as error:
        raise InventoryError(str(error)) from error
    if node.places.shared:  # a result without a record may be another network's, of which Multus knows nothing
        ids = tuple(each for each in ids if (node.places.state / each).is_file())
    found = (container(node, each) for each in ids)
    return tuple(sorted(found, key=lambda each: (each.pod_namespace, each.pod, each.id)))


def container(node: Node, container_id: str) -> Container:
    """Return what is recorded of one container. Raises InventoryError."""
    try:
        attachments = record.load(node.work, container_id)
    except CNIError as error:
        raise InventoryError(str(error)) from error
    pairs = next((each.args for each in attachments if each.args), ())
    pod = works.parse_pod_args(";".join(f"{key}={text}" for key, text in pairs), lenient=True)
    return Container(
        id=container_id,
        pod_namespace=pod.namespace,
        pod=pod.name,
        pod_uid=pod.uid,
        attachments=tuple(_attachment(node, container_id, each) for each in attachments),
    )


def _attachment(node: Node, container_id: str, known: recorded.Attachment) -> Attachment:
    network = known.network
    found = _result(node, container_id, known)
    inside = [each for each in found.interfaces if each.sandbox]
    own = next((each for each in inside if each.name == known.ifname), results.Interface(name=known.ifname))
    addresses = _addresses(found, known.ifname)
    raws = [plugin.raw for plugin in network.plugins]
    return Attachment(
        network=known.name,
        name=network.name,
        plugins=tuple(plugin.type for plugin in network.plugins),
        interface=known.ifname,
        completed=record.completed(node.work, container_id, known),
        sandbox=known.netns or next((each.sandbox for each in inside), ""),
        master=master(network),
        mac=own.mac,
        mtu=own.mtu or next((_integer(raw, "mtu") for raw in reversed(raws) if _integer(raw, "mtu")), 0),
        addresses=tuple(each.address for each in addresses),
        gateways=tuple(dict.fromkeys(each.gateway for each in addresses if each.gateway)),
        routes=tuple(Route(destination=each.dst, gateway=each.gw) for each in found.routes),
        host=tuple(Link(name=each.name, mac=each.mac) for each in found.interfaces if not each.sandbox),
        in_sandbox=not record.without_interface(node.work, container_id, known),
        resource=known.resource,
        device=known.device_id,
        config=jsontext.loads_object(network.effective_raw()),
    )


def master(network: Network) -> str:
    """Return the interface of the node that a network's plugins use, as far as their configuration names one."""
    for plugin in network.plugins:
        named = next((plugin.raw[key] for key in _MASTERS if plugin.raw.get(key)), "")
        if isinstance(named, str) and named:
            return named
        if plugin.type == "bridge":
            return _DEFAULT_BRIDGE
    return ""


def _result(node: Node, container_id: str, known: recorded.Attachment) -> results.Result:
    """Return an attachment's cached result; an empty one when there is none, or it cannot be read."""
    try:
        cached = cache.read(str(node.places.state), known.network.name, container_id, known.ifname)
        document = cached.result if cached else None
        return results.decode(document or {}, default_version=versions.OLDEST)
    except CNIError:
        return results.Result()


def _addresses(found: results.Result, ifname: str) -> list[results.Address]:
    """Return the addresses of the interface; one that says nothing of its interface is taken for its own."""
    names = [each.name if each.sandbox else "" for each in found.interfaces]
    return [
        each
        for each in found.addresses
        if each.interface is None or (each.interface < len(names) and names[each.interface] == ifname)
    ]


def _integer(raw: JSONObject, key: str) -> int:
    number = raw.get(key)
    return number if isinstance(number, int) and not isinstance(number, bool) else 0
