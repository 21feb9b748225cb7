"""The inventory as documents for programs: plain JSON, whose keys are those of the network status where it has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONObject, JSONValue
    from multus_py.findings.finding import Finding
    from multus_py.inventory.model import Attachment, Container, Leak
    from multus_py.inventory.reclaiming import Outcome


def container(given: Container, *, compared: bool = False) -> JSONObject:
    """Return a container; if it was compared with the kernel, with what was found."""
    document: JSONObject = {
        "pod": {"namespace": given.pod_namespace, "name": given.pod, "uid": given.pod_uid} if given.pod else None,
        "container": given.id,
        "sandbox": given.sandbox,
        "attachments": [attachment(each) for each in given.attachments],
    }
    if compared:
        document["findings"] = [finding(each) for each in given.findings]
    return document


def attachment(given: Attachment) -> JSONObject:
    """Return an attachment; keys of which nothing is known are left out."""
    host: list[JSONValue] = [{"name": link.name, "mac": link.mac} for link in given.host]
    routes: list[JSONValue] = [
        {"destination": route.destination, **({"gateway": route.gateway} if route.gateway else {})}
        for route in given.routes
    ]
    optional: JSONObject = {
        "master": given.master,
        "mac": given.mac,
        "mtu": given.mtu,
        "ips": list(given.addresses),
        "gateway": list(given.gateways),
        "routes": routes,
        "host-interfaces": host,
        "resource": given.resource,
        "device": given.device,
    }
    return {
        "name": given.network,
        "interface": given.interface,
        "plugins": list(given.plugins),
        "completed": given.completed,
        **{key: value for key, value in optional.items() if value},
        "config": given.config,
    }


def finding(given: Finding) -> JSONObject:
    """Return what differs from the kernel."""
    return {
        "id": given.id,
        "severity": given.severity.value,
        "subject": given.subject,
        "problem": given.problem,
        "remedy": given.remedy,
    }


def leak(given: Leak) -> JSONObject:
    """Return a leak."""
    return {
        "kind": given.kind.value,
        "subject": given.subject,
        "container": given.container_id,
        "reason": given.reason,
        "file": given.path,
        "holds": list(given.holds),
    }


def outcome(given: Outcome) -> JSONObject:
    """Return a leak, with what became of it."""
    return {**leak(given.leak), "reclaimed": given.done, "result": given.said}
