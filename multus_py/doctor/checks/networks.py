"""Checks of the cluster's networks, and of what the pods of this node ask for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from multus_py.attach.plan import DEFAULT_NETWORK, NETWORKS
from multus_py.base import files, jsontext
from multus_py.cni import conf
from multus_py.cni.errors import CNIError
from multus_py.doctor import usage
from multus_py.doctor.check import Check, SkippedError, error, fine, warning
from multus_py.findings.finding import Severity
from multus_py.multinet.selection import SelectionError
from multus_py.validate import checking

if TYPE_CHECKING:
    from multus_py.attach.settings import Settings
    from multus_py.base.jsontext import JSONObject
    from multus_py.doctor.usage import Scheduled
    from multus_py.doctor.view import View
    from multus_py.findings.finding import Finding
    from multus_py.multinet.selection import Selection


_SHIM = "multus-shim"


def configs(view: View) -> Iterator[Finding]:
    """Check each NAD as `multus validate` does."""
    documents = [(f"nad {number}", _object(nad)) for number, nad in enumerate(view.nads)]
    directory = str(view.root(view.settings.conf_dir))
    for found in checking.validate(documents, on_node=lambda name: _has_file(directory, name)):
        if found.severity in {Severity.ERROR, Severity.WARNING}:
            yield replace(found, file="", line=0)
    yield fine(f"nothing is wrong with the cluster's NADs ({len(documents)})")


def defaults(view: View) -> Iterator[Finding]:
    """Look up the networks that the configuration refers to."""
    if view.configuration.plugin.get("type") == _SHIM:
        raise SkippedError("the daemon of the Go Multus looks them up, where its container has them")
    settings = view.settings
    references = [text for text in (settings.cluster_network, *settings.default_networks) if text]
    for text in references:
        problem = _unresolved(view, settings, text)
        if problem:
            yield error(
                f"the network {text} of the configuration cannot be had: {problem}",
                remedy="Create it, or correct clusterNetwork or defaultNetworks.",
                file=str(view.configuration.path),
            )
    names = ", ".join(references)
    yield fine(f"the networks {names} are there" if names else "the configuration refers to no other network")


def pods(view: View) -> Iterator[Finding]:
    """Look up the networks that the pods of this node ask for."""
    settings, known = view.settings, {f"{nad.namespace}/{nad.name}" for nad in usage.definitions(view)}
    found = view.pods
    view.nads  # noqa: B018 - without them nothing can be said
    for pod in found:
        try:
            wanted = pod.wanted(settings.multus_namespace)
        except SelectionError as wrong:
            yield error(
                f"its annotation cannot be read: {wrong}",
                remedy=f"Correct {NETWORKS} (or {DEFAULT_NETWORK}) of whatever makes the pod.",
                subject=pod.subject,
            )
            continue
        for selection in wanted:
            yield from _selected(settings, pod, selection, known)
    none = "" if found else ": is the node's name in the cluster another one? --node-name says it"
    yield fine(f"all networks that pods of node {view.options.node} ask for are there ({len(found)} pods{none})")


def _object(nad: JSONObject) -> bytes:
    """Write a NAD as a file of its own: items of a list do not say what they are."""
    kind: JSONObject = {"apiVersion": "k8s.cni.cncf.io/v1", "kind": "NetworkAttachmentDefinition"}
    return jsontext.dumps(kind | nad).encode()


def _has_file(directory: str, name: str) -> bool:
    try:
        return bool(conf.find(directory, name))
    except CNIError:
        return False


def _selected(settings: Settings, pod: Scheduled, selection: Selection, known: set[str]) -> Iterator[Finding]:
    say = error if pod.waits else warning  # one that runs already will fail when it is started again
    reference, namespace = selection.reference, pod.pod.namespace
    if reference not in known:
        elsewhere = sorted(other for other in known if other.endswith(f"/{selection.name}"))
        hint = f"there is {', '.join(elsewhere)}: write that" if elsewhere else "create it, or correct the annotation"
        yield say(
            f"it asks for the network {reference}, which does not exist",
            remedy=f"A name without a namespace means the pod's own; {hint}.",
            subject=pod.subject,
        )
        return
    reach = (namespace, *settings.global_namespaces)
    if settings.namespace_isolation and selection.namespace not in reach:
        yield say(
            f"it asks for the network {reference}, and namespaceIsolation lets it use those of {', '.join(reach)} only",
            remedy=f"Create the network in {namespace}, or add {selection.namespace} to globalNamespaces.",
            subject=pod.subject,
        )


def _unresolved(view: View, settings: Settings, text: str) -> str:
    """Say why a network that the configuration refers to cannot be had; empty when it can."""
    directory = str(view.root(settings.conf_dir))
    try:
        if "/" in text:
            path = str(view.root(text))
            if not files.is_directory(path):
                conf.load(path)
            elif not files.list_directory(path, ".conf", ".conflist", ".json"):
                return f"no configuration is in {text}"
            return ""
        known = {(nad.namespace, nad.name) for nad in usage.definitions(view)}
        if (settings.multus_namespace, text) not in known:
            conf.find(directory, text)
    except CNIError as wrong:
        if "/" in text:
            return wrong.msg
        if settings.kubeconfig:
            view.nads  # noqa: B018 - raises when they are not known, for then nothing can be said of this one
        return f"as a NAD in {settings.multus_namespace} it does not exist; as a file: {wrong.msg}"
    except OSError as wrong:
        return str(wrong)
    return ""


CHECKS = (
    Check(
        id="nad-config",
        title="nothing is wrong with the NADs",
        looks_at="Each NAD as `multus validate` looks at it (docs/validate.md); where `spec.config` is empty, the "
        "file of that name in `confDir`.",
        meaning="Pods that ask for the network fail, or get something else than was meant (a warning).",
        remedy="Correct the NAD; `multus validate` says the same before it is in a cluster.",
        look=configs,
        patience=30.0,
    ),
    Check(
        id="default-networks",
        title="the networks that the configuration refers to are there",
        looks_at="`clusterNetwork` and `defaultNetworks`: a NAD in `multusNamespace`, a file in `confDir`, or a path.",
        meaning="Every pod of this node fails.",
        remedy="Create the network, or correct the configuration.",
        look=defaults,
    ),
    Check(
        id="pod-networks",
        title="the networks that the pods of this node ask for are there",
        looks_at="The annotations of the pods with this node's name that have not ended, against all NADs and "
        "`namespaceIsolation`.",
        meaning="A pod that waits will not start; one that runs will not start again (a warning).",
        remedy="Name the network with its namespace, or create it.",
        look=pods,
        patience=30.0,
    ),
)
