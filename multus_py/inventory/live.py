"""What is recorded, compared with the kernel: is each interface there, as its plugins said they left it?"""

from __future__ import annotations

import dataclasses
import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from multus_py.findings.finding import Finding, Rule, Severity
from multus_py.inventory.machine import OWN
from multus_py.node.errors import NodeError

if TYPE_CHECKING:
    from multus_py.inventory.model import Attachment, Container
    from multus_py.inventory.node import Node
    from multus_py.node.interfaces import Interface, Route

_SEVERITIES = {
    "attachment-incomplete": Severity.WARNING,
    "sandbox-unknown": Severity.NOTE,
    "sandbox-gone": Severity.ERROR,
    "interface-missing": Severity.ERROR,
    "interface-down": Severity.WARNING,
    "mac-differs": Severity.WARNING,
    "mtu-differs": Severity.WARNING,
    "address-missing": Severity.ERROR,
    "route-missing": Severity.WARNING,
    "host-interface-missing": Severity.ERROR,
}
RULES = (
    Rule(
        id="attachment-incomplete",
        title="an attachment without a result",
        meaning="Its ADD has not succeeded, or is at work right now.",
        remedy="If it stays so, the pod's events say why; deleting the pod takes back what there is.",
    ),
    Rule(
        id="sandbox-unknown",
        title="an attachment whose network namespace nothing names",
        meaning="The Go Multus recorded it, and no cached result is left of it. It cannot be compared.",
        remedy="Nothing has to be done; a pod that is started anew is recorded with its namespace.",
    ),
    Rule(
        id="sandbox-gone",
        title="a network namespace that is not there",
        meaning="The container is gone, or the namespace of files that this command sees is not the node's own.",
        remedy="`multus gc --dry-run` tells whether it is a leak; run it on the node itself.",
    ),
    Rule(
        id="interface-missing",
        title="an interface that is not in the pod",
        meaning="The pod cannot be reached over that network any more.",
        remedy="Find out who removed it (a driver that was reloaded, a program in the pod), then restart the pod.",
    ),
    Rule(
        id="interface-down",
        title="an interface that is switched off",
        meaning="Nothing goes over it.",
        remedy="Restart the pod, unless a program in it has done that on purpose.",
    ),
    Rule(
        id="mac-differs",
        title="another hardware address than the plugin reported",
        meaning="The network status tells others a wrong one; switches with port security may block the pod.",
        remedy="Restart the pod, unless a program in it (a bond, a virtual machine) has changed it on purpose.",
    ),
    Rule(
        id="mtu-differs",
        title="another MTU than the plugin reported or its configuration asks for",
        meaning="Large packets may be lost.",
        remedy="Compare the master's MTU with the network's, then restart the pod.",
    ),
    Rule(
        id="address-missing",
        title="an address that the interface does not have",
        meaning="The pod cannot be reached by it, though the network status promises it.",
        remedy="Find out who removed it, then restart the pod.",
    ),
    Rule(
        id="route-missing",
        title="a route that is not in the pod",
        meaning="What should go over this network goes another way, or nowhere.",
        remedy="Restart the pod, unless another network's `default-route` has taken its place.",
    ),
    Rule(
        id="host-interface-missing",
        title="an interface of the node that the attachment needs and that is not there",
        meaning="The pod's interface leads nowhere.",
        remedy="Find out who removed it, then restart the pod.",
    ),
)
_LINK_LOCAL = "fe80:"
_REMEDIES = {rule.id: rule.remedy for rule in RULES}


def compared(node: Node, containers: Iterable[Container]) -> tuple[Container, ...]:
    """Compare containers with the kernel; return them with what is not as it should be, nothing where all is."""
    try:
        own = frozenset(each.name for each in node.machine.interfaces(OWN))
    except NodeError:
        own = None

    def look(container: Container, attachment: Attachment) -> Attachment:
        subject = f"{container.subject} {attachment.interface} ({attachment.network})"
        comparison = _Comparison(node=node, subject=subject, attachment=attachment, own=own)
        return dataclasses.replace(attachment, findings=tuple(comparison.findings()))

    return tuple(
        dataclasses.replace(container, attachments=tuple(look(container, each) for each in container.attachments))
        for container in containers
    )


@dataclass(frozen=True, kw_only=True)
class _Comparison:
    """One attachment and the kernel."""

    node: Node
    subject: str
    attachment: Attachment
    own: frozenset[str] | None
    """The names of the node's own interfaces; None when they cannot be listed."""

    def findings(self) -> Iterator[Finding]:
        """Yield what differs."""
        if not self.attachment.completed:
            yield self._finding("attachment-incomplete", "no result of its ADD is there")
            return
        for link in self.attachment.host:
            if self.own is not None and link.name not in self.own:
                yield self._finding("host-interface-missing", f"the node has no interface {link.name}")
        sandbox = self.attachment.sandbox
        if not sandbox:
            yield self._finding("sandbox-unknown", "nothing tells where its network namespace is")
            return
        try:
            interfaces, routes = self.node.machine.interfaces(sandbox), self.node.machine.routes(sandbox)
        except NodeError as error:
            yield self._finding("sandbox-gone", str(error))
            return
        yield from self._inside(interfaces, routes)

    def _inside(self, interfaces: Iterable[Interface], routes: Iterable[Route]) -> Iterator[Finding]:
        wanted = self.attachment
        found = next((each for each in interfaces if each.name == wanted.interface), None)
        if found is None:
            if wanted.in_sandbox:
                yield self._finding("interface-missing", f"{wanted.sandbox} has no interface {wanted.interface}")
            return
        if not found.up:
            yield self._finding("interface-down", "expected to be up, found down")
        if wanted.mac and found.mac != wanted.mac.lower():
            yield self._finding("mac-differs", f"expected {wanted.mac}, found {found.mac}")
        if wanted.mtu and found.mtu != wanted.mtu:
            yield self._finding("mtu-differs", f"expected {wanted.mtu}, found {found.mtu}")
        for address in wanted.addresses:
            if address not in found.addresses:
                has = ", ".join(each for each in found.addresses if not each.startswith(_LINK_LOCAL)) or "none"
                yield self._finding("address-missing", f"expected address {address}, found {has}")
        yield from self._routes(routes)

    def _routes(self, routes: Iterable[Route]) -> Iterator[Finding]:
        there = frozenset(each.destination for each in routes if each.interface == self.attachment.interface)
        for route in self.attachment.routes:
            if str(ipaddress.ip_network(route.destination, strict=False)) not in there:
                via = f" via {route.gateway}" if route.gateway else ""
                yield self._finding("route-missing", f"expected route {route.destination}{via}")

    def _finding(self, id: str, problem: str) -> Finding:
        return Finding(id=id, severity=_SEVERITIES[id], problem=problem, remedy=_REMEDIES[id], subject=self.subject)
