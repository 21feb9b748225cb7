"""Pods and pod templates: the annotations that ask for networks, read with the plugin's own parser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from multus_py.attach.plan import DEFAULT_NETWORK, NETWORKS
from multus_py.base import jsontext, spelling
from multus_py.findings.finding import Finding, Severity
from multus_py.multinet import selection
from multus_py.validate import reading, shape

if TYPE_CHECKING:
    from multus_py.multinet.selection import Selection
    from multus_py.validate.document import Document, Path

TEMPLATES: dict[str, Path] = {
    "Pod": (),
    "PodTemplate": ("template",),
    "Deployment": ("spec", "template"),
    "ReplicaSet": ("spec", "template"),
    "ReplicationController": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
    "DaemonSet": ("spec", "template"),
    "Job": ("spec", "template"),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
}
"""Where the pod is in the objects that make pods."""

_NOT_JSON = "annotation-not-json"
_SHORT_FORM = "; or write the short form, NAME or NAMESPACE/NAME@INTERFACE"
_STATUS = ("k8s.v1.cni.cncf.io/network-status", "k8s.v1.cni.cncf.io/networks-status")
_OTHERS = ("k8s.v1.cni.cncf.io/resourceName", "k8s.v1.cni.cncf.io/service-network", "k8s.v1.cni.cncf.io/policy-for")
_PLACE = re.compile(r"^(?:networks|default-network)((?:\[\d+\]|\.[\w-]+)+)")
_STEP = re.compile(r"\[(\d+)\]|\.([\w-]+)")


@dataclass(frozen=True, kw_only=True)
class Request:
    """A network that a pod asks for."""

    selection: Selection
    document: Document
    """What findings about it are reported in: the annotation's JSON, or the object that has the annotation."""
    path: Path
    """Where in that it stands."""
    index: int
    """Its place in the annotation; -1 for the one that replaces the cluster network."""


@dataclass(frozen=True, kw_only=True)
class Pod:
    """A pod, or what pods will be made from."""

    namespace: str
    document: Document
    requests: tuple[Request, ...]


def check(document: Document, kind: str) -> Iterator[Finding]:
    """Yield what is wrong with the annotations of an object that is a pod or makes pods."""
    where = (*TEMPLATES[kind], "metadata", "annotations")
    given = document.get(where)
    for key in given if isinstance(given, dict) else ():
        yield from _check_key(document, (*where, key), key)
    for place in (("metadata", "annotations"), (*TEMPLATES[kind], "metadata", "labels")):
        if place != where and isinstance(document.get(TEMPLATES[kind]), dict):  # Volcano's Job has several, elsewhere
            yield from _check_misplaced(document, place, where)
    for annotation in (NETWORKS, DEFAULT_NETWORK):
        yield from _check_annotation(document, (*where, annotation), annotation)


def pod(document: Document, kind: str, *, namespace: str, multus_namespace: str) -> Pod:
    """Return what an object's pods ask for, as far as it can be understood.

    Args:
        document: The object.
        kind: What it is.
        namespace: Where it goes if it does not say so.
        multus_namespace: Where the networks are that replace the cluster network.
    """
    own = document.get(("metadata", "namespace"))
    home = own if isinstance(own, str) and own else namespace
    requests: list[Request] = []
    for annotation, place in ((DEFAULT_NETWORK, multus_namespace), (NETWORKS, home)):
        path = (*TEMPLATES[kind], "metadata", "annotations", annotation)
        text = document.get(path)
        if isinstance(text, str):
            requests += _requests(document, path, text, annotation, namespace=place)
    return Pod(namespace=home, document=document, requests=tuple(requests))


def _requests(document: Document, path: Path, text: str, annotation: str, *, namespace: str) -> list[Request]:
    try:
        found = _parse(text, annotation, namespace=namespace)
    except selection.SelectionError:
        return []
    places = [(document, path)] * len(found)
    if selection.is_json(text):
        inner, _ = reading.embedded(document, path, text, id=_NOT_JSON)
        places = [(inner or document, (at,)) for at, _ in enumerate(found)]
    replaces = annotation == DEFAULT_NETWORK
    return [
        Request(selection=each, document=where, path=steps, index=-1 if replaces else index)
        for index, (each, (where, steps)) in enumerate(zip(found, places, strict=True))
    ]


def _parse(text: str, annotation: str, *, namespace: str) -> tuple[Selection, ...]:
    """Read an annotation as the plugin does. Raises SelectionError."""
    if annotation == DEFAULT_NETWORK:
        return (selection.parse_one(text, namespace=namespace),)
    return selection.parse(text, namespace=namespace)


def _check_annotation(document: Document, path: Path, annotation: str) -> Iterator[Finding]:
    text = document.get(path)
    if text is None:
        return
    if not isinstance(text, str):
        problem = f"expected a text, found {jsontext.kind(text)}"
        remedy = "Write it as a text: 'NAME', or '[{\"name\": \"NAME\"}]' in quotes or below `|`."
        yield document.finding("wrong-type", path, problem, remedy=remedy)
        return
    found: list[Finding] = []
    where, steps = document, path
    if selection.is_json(text):
        inner, found = reading.embedded(document, path, text, id=_NOT_JSON, remedy=_SHORT_FORM)
        if inner is not None:
            where, steps = inner, ()
            found += shape.check(inner, "networks" if annotation == NETWORKS else "default-network")
        yield from found
    if any(finding.severity is Severity.ERROR for finding in found):
        return
    try:
        selection.check_default_routes(_parse(text, annotation, namespace="default"))
    except selection.SelectionError as error:
        at = steps + (_place(str(error)) if where is not document else ())
        remedy = "Correct what the message names: no pod with it starts."
        yield where.finding("annotation-refused", at, str(error), remedy=remedy)


def _place(message: str) -> Path:
    """Return the path that the parser's message begins with."""
    found = _PLACE.match(message)
    return tuple(int(at) if at else key for at, key in _STEP.findall(found.group(1))) if found else ()


def _check_key(document: Document, path: Path, key: str) -> Iterator[Finding]:
    """Find keys that are meant to be one of ours: the same name in another domain, or nearly the same in the same."""
    known = (NETWORKS, DEFAULT_NETWORK, *_STATUS, *_OTHERS)
    domain, _, name = key.partition("/")
    if key in known:
        return
    for wanted in (NETWORKS, DEFAULT_NETWORK):
        own_domain, _, own_name = wanted.partition("/")
        near_name = name == own_name or bool(spelling.closest(name, [own_name]))
        near_domain = domain == own_domain or ("cni" in domain and bool(spelling.closest(domain, [own_domain])))
        if near_name and near_domain:
            yield document.finding(
                "misspelt-annotation",
                path,
                f"expected {wanted}, found {key}, which nobody reads",
                remedy=f"Did you mean {wanted}? Write that.",
            )


def _check_misplaced(document: Document, place: Path, where: Path) -> Iterator[Finding]:
    """Find annotations where nobody reads them, unless they are where they belong, too: tools add some everywhere."""
    for annotation in (NETWORKS, DEFAULT_NETWORK):
        if document.get((*place, annotation)) is not None and document.get((*where, annotation)) is None:
            kind = "a label" if place[-1] == "labels" else "an annotation of the object that makes the pods"
            yield document.finding(
                "misplaced-annotation",
                (*place, annotation),
                f"expected an annotation of the pod, found {kind}",
                remedy="Move it to the annotations in the metadata of the pod or of the pod's template.",
            )
