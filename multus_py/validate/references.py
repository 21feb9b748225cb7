"""What documents say of each other: whether a pod's network is there, in reach, and can do what the pod asks of it."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from multus_py.attach import plan
from multus_py.attach.settings import Settings
from multus_py.base import spelling
from multus_py.cluster.errors import ClusterError, NotFoundError
from multus_py.findings.finding import Finding, Severity
from multus_py.validate import ipam, nads, plugins

if TYPE_CHECKING:
    from multus_py.cluster.port import Cluster
    from multus_py.cni.conf import Network
    from multus_py.validate.document import Document, Path
    from multus_py.validate.ipam import Range
    from multus_py.validate.nads import Definition
    from multus_py.validate.pods import Pod, Request


@dataclass(frozen=True, kw_only=True)
class Context:
    """What there is besides the document in question."""

    definitions: tuple[Definition, ...] = ()
    """Those in the files given."""
    settings: Settings
    """The Multus configuration given, or its defaults."""
    cluster: Cluster | None = None
    """Where definitions are looked up that are not among those given."""
    has_file: Callable[[str], bool] = lambda _name: False
    """Tells whether there is a CNI configuration of a name, in the files or on this node."""

    def find(self, namespace: str, name: str) -> Definition | ClusterError | None:
        """Return a definition; None when it is not given and there is nobody to ask."""
        for each in self.definitions:
            if (each.namespace, each.name) == (namespace, name):
                return each
        if self.cluster is None:
            return None
        (found,) = self.cluster.get_nads([(namespace, name)])
        if isinstance(found, ClusterError):
            return found
        network = nads.network(found.config, name=found.name)
        return nads.Definition(namespace=namespace, name=name, network=network)


def check_pod(pod: Pod, context: Context) -> Iterator[Finding]:
    """Yield what is wrong with the networks that a pod asks for."""
    for request in pod.requests:
        if not plan.is_allowed(context.settings, pod.namespace, request.selection):
            yield _out_of_reach(pod, request, context.settings)
            continue
        found = context.find(request.selection.namespace, request.selection.name)
        if found is None or isinstance(found, ClusterError):
            yield from _missing(pod, request, context, found)
        elif found.network is not None:
            yield from _check_wishes(request, found.network)
    yield from _check_interfaces(pod, context.settings)


def check_settings(document: Document, context: Context) -> Iterator[Finding]:
    """Yield what is wrong with the networks that a Multus configuration refers to."""
    settings = context.settings
    if not settings.cluster_network:
        return
    wanted: list[tuple[Path, str]] = [(("clusterNetwork",), settings.cluster_network)]
    wanted += [(("defaultNetworks", at), name) for at, name in enumerate(settings.default_networks)]
    for path, name in wanted:
        here = (settings.multus_namespace, name)
        elsewhere = [each.namespace for each in context.definitions if each.name == name]
        if "/" not in name and elsewhere and here[0] not in elsewhere and not context.has_file(name):
            yield document.finding(
                "nad-in-other-namespace",
                path,
                f"expected the definition in the namespace {here[0]}, found it in {', '.join(elsewhere)}",
                remedy=f"Move it to {here[0]}, or set multusNamespace.",
            )


def _out_of_reach(pod: Pod, request: Request, settings: Settings) -> Finding:
    wanted, allowed = request.selection, ", ".join(plan.in_reach(settings, pod.namespace))
    return request.document.finding(
        "nad-out-of-reach",
        request.path,
        f"namespaces are isolated: expected a network of {allowed}, found {wanted.reference}",
        remedy=f"Use a network of these namespaces, or add {wanted.namespace} to globalNamespaces.",
    )


def _missing(pod: Pod, request: Request, context: Context, error: ClusterError | None) -> Iterator[Finding]:
    """Say that a definition is not there, and where there is one that may be meant."""
    document, path, wanted = request.document, request.path, request.selection
    if error is not None and not isinstance(error, NotFoundError):
        remedy = "Check the kubeconfig, and that its account may read network-attachment-definitions."
        yield document.finding("cluster-unavailable", path, str(error), remedy=remedy)
        return
    elsewhere = [each.namespace for each in context.definitions if each.name == wanted.name]
    near = spelling.closest(
        wanted.name, [each.name for each in context.definitions if each.namespace == wanted.namespace]
    )
    if elsewhere:
        assumed = wanted.namespace == pod.namespace and not pod.document.get(("metadata", "namespace"))
        other = "say with --namespace where the pod goes" if assumed else f"move the definition to {wanted.namespace}"
        yield document.finding(
            "nad-in-other-namespace",
            path,
            f"expected the definition {wanted.reference}, found {wanted.name} in {', '.join(elsewhere)}",
            remedy=f"Write {elsewhere[0]}/{wanted.name}, or {other}.",
        )
    elif near or error is not None:
        yield document.finding(
            "nad-not-found",
            path,
            f"there is no definition {wanted.reference}" + ("" if error else " in the files given"),
            remedy=f"Did you mean {near}? Write that." if near else "Create it first, or correct the name.",
            severity=Severity.ERROR if error else Severity.WARNING,
        )


def _check_wishes(request: Request, network: Network) -> Iterator[Finding]:
    """Check what a pod wants of a network against what the network's plugins can do."""
    wanted = request.selection
    declared = frozenset(name for plugin in network.plugins for name in plugin.capabilities)
    types = {type for plugin in network.plugins for type in (plugin.type, _ipam_type(plugin.raw))}
    for capability in wanted.capability_args():
        may_be_read = capability in plugins.BY_ARGUMENTS and not types <= plugins.KNOWN
        if capability not in declared and not may_be_read:
            yield _undeclared(request, types, capability)
    sets = [ipam.ranges(plugin.raw.get("ipam"), _ipam_type(plugin.raw)) for plugin in network.plugins]
    every = [item for found in sets for each in found for item in each]
    if any(_ipam_type(plugin.raw) == "host-local" for plugin in network.plugins):
        yield from _check_addresses(request, every)
    if any(_ipam_type(plugin.raw) == "static" for plugin in network.plugins):
        yield from _check_prefixes(request)
    yield from _check_gateways(request, every)


_KEYS = {"infinibandGUID": "infiniband-guid"}
"""What a capability's argument is called in the annotation, where that is something else."""


def _undeclared(request: Request, types: set[str], capability: str) -> Finding:
    readers = sorted(types & plugins.BY_ARGUMENTS.get(capability, frozenset()))
    problem = f"no plugin of {request.selection.reference} declares the capability {capability}"
    problem += (
        f"; {', '.join(readers)} may read it from CNI_ARGS, the old way" if readers else ", so nothing comes of it"
    )
    return request.document.finding(
        "capability-not-declared",
        (*request.path, _KEYS.get(capability, capability)),
        problem,
        remedy=f'Add "capabilities": {{"{capability}": true}} to the plugin that is to read it.',
        severity=Severity.WARNING if readers else Severity.ERROR,
    )


def _check_addresses(request: Request, ranges: list[Range]) -> Iterator[Finding]:
    for at, text in enumerate(request.selection.ips):
        wanted = ipaddress.ip_interface(text).ip
        if ranges and not any(item.holds(wanted) for item in ranges):
            expected = " or ".join(f"{item.first} to {item.last}" for item in ranges)
            yield request.document.finding(
                "address-outside-subnet",
                (*request.path, "ips", at),
                f"expected an address that {request.selection.reference} hands out, {expected}, found {text}",
                remedy="Ask for an address of these.",
            )


def _check_prefixes(request: Request) -> Iterator[Finding]:
    for at, text in enumerate(request.selection.ips):
        if "/" not in text:
            yield request.document.finding(
                "wrong-value",
                (*request.path, "ips", at),
                f'expected an address with its prefix length, as static wants it, found "{text}"',
                remedy=f"Write {text}/24, or what the subnet's length is.",
            )


def _check_gateways(request: Request, ranges: list[Range]) -> Iterator[Finding]:
    subnets = [item.subnet for item in ranges]
    subnets += [ipaddress.ip_interface(text).network for text in request.selection.ips if "/" in text]
    for at, text in enumerate(request.selection.gateways or ()):
        gateway = ipaddress.ip_address(text)
        near = [subnet for subnet in subnets if subnet.version == gateway.version]
        if near and not gateway.is_link_local and not any(gateway in subnet for subnet in near):
            yield request.document.finding(
                "default-route-outside-network",
                (*request.path, "default-route", at),
                f"expected an address of {' or '.join(map(str, near))}, found {text}",
                remedy="Name a gateway inside the network: the pod cannot reach this one.",
            )


def _check_interfaces(pod: Pod, settings: Settings) -> Iterator[Finding]:
    """Check that the names that pods choose leave those alone that others get: eth0, net1, net2, ..."""
    networks = [request for request in pod.requests if request.index >= 0]
    before = 0
    if settings.cluster_network and pod.namespace not in settings.system_namespaces:
        before = len(settings.default_networks)
    holders = {"eth0": "the cluster network"}
    for request in networks:
        if not request.selection.interface:
            holders[f"net{1 + before + request.index}"] = request.selection.reference
    for request in networks:
        name = request.selection.interface
        if name in holders:
            path = (*request.path, "interface") if request.document is not pod.document else request.path
            yield request.document.finding(
                "interface-name-taken",
                path,
                f"expected a name of its own, found {name}, which {holders[name]} gets",
                remedy="Choose another name.",
            )


def _ipam_type(plugin: object) -> str:
    section = plugin.get("ipam") if isinstance(plugin, dict) else None
    found = section.get("type") if isinstance(section, dict) else None
    return found if isinstance(found, str) else ""


def duplicates(documents: Iterable[tuple[Document, Definition]]) -> Iterator[Finding]:
    """Yield the definitions that are given twice."""
    first: dict[tuple[str, str], Document] = {}
    for document, definition in documents:
        key = (definition.namespace, definition.name)
        earlier = first.setdefault(key, document)
        if earlier is not document and definition.name:
            place = f"{earlier.file}:{earlier.line(('metadata', 'name'))}"
            yield document.finding(
                "duplicate-object",
                ("metadata", "name"),
                f"{'/'.join(key)} is already in {place}, and the last one applied counts",
                remedy="Rename or remove one of them.",
                severity=Severity.WARNING,
            )
