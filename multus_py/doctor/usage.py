"""Which networks the node's pods can get, who of them wants one, and which plugins that takes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from multus_py.attach import networks as lookup
from multus_py.attach.plan import DEFAULT_NETWORK, NETWORKS
from multus_py.cluster import errors
from multus_py.cluster.objects import Nad, Pod
from multus_py.cni import conf
from multus_py.cni.errors import CNIError
from multus_py.doctor.check import BlockedError, SkippedError
from multus_py.multinet import selection

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONObject
    from multus_py.doctor.view import View
    from multus_py.multinet.selection import Selection

_RUNNING = "Running"
_OVER = ("Succeeded", "Failed")
_FLANNEL = {"delegate": "bridge", "ipam": "host-local"}
"""What flannel runs where its configuration names nothing else."""


@dataclass(frozen=True, kw_only=True)
class Scheduled:
    """A pod of this node."""

    pod: Pod
    phase: str

    @property
    def subject(self) -> str:
        """What findings call it."""
        return f"pod {self.pod.namespace}/{self.pod.name}"

    @property
    def waits(self) -> bool:
        """Whether it has not started yet."""
        return self.phase != _RUNNING

    def wanted(self, multus_namespace: str) -> tuple[Selection, ...]:
        """Return the networks that it asks for. Raises SelectionError."""
        annotations, namespace = self.pod.annotations, self.pod.namespace
        wanted = selection.parse(annotations.get(NETWORKS, ""), namespace=namespace)
        if DEFAULT_NETWORK not in annotations:
            return wanted
        return (selection.parse_one(annotations[DEFAULT_NETWORK], namespace=multus_namespace), *wanted)


@dataclass(frozen=True, kw_only=True)
class Used:
    """A network that pods can get."""

    subject: str
    """"cluster network cluster", "nad default/storage"."""
    reference: str = ""
    """"namespace/name" of its NAD."""
    network: conf.Network
    needed: bool
    """Whether a pod of this node is known to need it; others may be meant for other nodes."""

    @property
    def types(self) -> tuple[str, ...]:
        """The plugins that it runs, those that its plugins run in turn included."""
        return tuple(dict.fromkeys(type for plugin in self.network.plugins for type in _types(plugin)))


def scheduled(document: JSONObject) -> Scheduled | None:
    """Read a pod; None when it is over, or no usable one."""
    try:
        pod = Pod.from_document(document)
    except errors.ClusterError:
        return None
    status = document.get("status")
    phase = str(status.get("phase") or "") if isinstance(status, dict) else ""
    return None if phase in _OVER else Scheduled(pod=pod, phase=phase)


def networks(view: View) -> tuple[Used, ...]:
    """Return the configuration's networks, then the cluster's NADs as far as they can be read."""
    found = list(_configured(view))
    wanted = _wanted(view)
    for nad in definitions(view):
        reference = f"{nad.namespace}/{nad.name}"
        try:
            network = parse(view, nad)
        except CNIError:
            continue  # nad-config tells
        found.append(Used(subject=f"nad {reference}", reference=reference, network=network, needed=reference in wanted))
    return tuple(found)


def definitions(view: View) -> Iterator[Nad]:
    """Return the NADs, none where there is no cluster to ask."""
    try:
        documents = view.nads
    except (BlockedError, SkippedError):
        return
    for document in documents:
        try:
            yield Nad.from_document(document)
        except errors.ClusterError:
            continue


def parse(view: View, nad: Nad) -> conf.Network:
    """Return a NAD's network. Raises CNIError."""
    settings = view.settings
    local = settings.replace(conf_dir=str(view.root(settings.conf_dir)))
    return lookup.Finder(local, None).from_nad(nad).network


def extent(view: View) -> str:
    """Say what of the cluster's networks is not known; empty when all are."""
    try:
        return "" if len(view.nads) else " (the cluster has no NADs)"
    except (BlockedError, SkippedError) as reason:
        return f" (those of NADs not looked at: {reason})"


def _configured(view: View) -> Iterator[Used]:
    """Return the networks that the configuration itself holds, or names by a path."""
    settings = view.settings
    for index, network in enumerate(settings.delegates):
        kind = "delegate" if index else "cluster network"
        yield Used(subject=f"{kind} {network.name}", network=network, needed=True)
    references = [text for text in (settings.cluster_network, *settings.default_networks) if "/" in text]
    local = settings.replace(conf_dir=str(view.root(settings.conf_dir)))
    for text in references:
        try:
            network = lookup.Finder(local, None).reference(str(view.root(text))).network
        except CNIError:
            continue  # default-networks tells
        yield Used(subject=f"network {text}", network=network, needed=True)


def _wanted(view: View) -> set[str]:
    """Return the NADs that this node's pods are known to want, or that all pods get."""
    settings = view.settings
    wanted = {f"{namespace}/{name}" for namespace, name in settings.referenced_nads}
    try:
        pods = view.pods
    except (BlockedError, SkippedError):
        return wanted
    for pod in pods:
        try:
            wanted.update(item.reference for item in pod.wanted(settings.multus_namespace))
        except selection.SelectionError:
            continue  # pod-networks tells
    return wanted


def _types(plugin: conf.Plugin) -> Iterator[str]:
    yield plugin.type
    for key, flannels in _FLANNEL.items():
        section = plugin.raw.get(key)
        if isinstance(section, dict) and section.get("type"):
            yield str(section["type"])
        elif plugin.type == "flannel":
            yield flannels
