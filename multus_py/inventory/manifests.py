"""Pods and NADs out of files, as `kubectl apply -f` takes them: YAML or JSON, lists and pod templates among them."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from multus_py.cluster.errors import ClusterError
from multus_py.cluster.objects import Nad, Pod
from multus_py.inventory.node import InventoryError
from multus_py.inventory.rehearsal import UID

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONObject, JSONValue

_TEMPLATES = {
    "Deployment": ("spec", "template"),
    "ReplicaSet": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
    "DaemonSet": ("spec", "template"),
    "Job": ("spec", "template"),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
}
"""Where objects that make pods have the pod."""
_NAD = "NetworkAttachmentDefinition"


def read(name: str) -> list[JSONObject]:
    """Return the objects of a file, or of the standard input for `-`. Raises InventoryError."""
    try:
        data = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise InventoryError(f"cannot read {name}: {error.strerror}") from error
    return documents(data, name=name)


def documents(data: bytes | str, *, name: str) -> list[JSONObject]:
    """Return the objects of a file, those of a List one by one.

    Args:
        data: What is in it.
        name: What to call it in messages.

    Raises:
        InventoryError: It is neither YAML nor JSON, or something in it is no object.
    """
    from multus_py.base import yamltext

    try:
        found = yamltext.loads_all(data)
    except yamltext.YAMLError as error:
        raise InventoryError(f"cannot read {name}: {error}") from error
    return list(_flat(found, name))


def _flat(found: Iterable[JSONValue], name: str) -> Iterator[JSONObject]:
    for document in found:
        if document is None:  # between two lines of dashes
            continue
        if not isinstance(document, dict):
            raise InventoryError(f"{name}: expected Kubernetes objects, found {str(document)[:40]!r}")
        items = document.get("items")
        if document.get("kind") == "List" and isinstance(items, list):
            yield from _flat(items, name)
        else:
            yield document


def pods(found: Iterable[JSONObject], *, namespace: str) -> list[Pod]:
    """Return the pods, and one for each object that makes pods; `namespace` is for those that name none.

    Raises:
        InventoryError: One of them is none.
    """
    made = []
    for document in found:
        kind = str(document.get("kind"))
        if kind != "Pod" and kind not in _TEMPLATES:
            continue
        inner: JSONValue = document
        for key in _TEMPLATES.get(kind, ()):
            inner = inner.get(key) if isinstance(inner, dict) else None
        metadata = {**_metadata(inner), **_named(document, namespace)}
        spec = inner.get("spec") if isinstance(inner, dict) else None
        try:
            made.append(Pod.from_document({"metadata": {**metadata, "uid": UID}, "spec": spec or {}}))
        except ClusterError as error:
            raise InventoryError(f"{kind} {metadata['namespace']}/{metadata['name']}: {error}") from error
    return made


def nads(found: Iterable[JSONObject], *, namespace: str) -> list[Nad]:
    """Return the NADs. Raises InventoryError."""
    made = []
    for document in found:
        if document.get("kind") == _NAD:
            metadata = {**_metadata(document), **_named(document, namespace), "uid": UID}
            try:
                made.append(Nad.from_document({**document, "metadata": metadata}))
            except ClusterError as error:
                raise InventoryError(f"{_NAD} {metadata['namespace']}/{metadata['name']}: {error}") from error
    return made


def _metadata(document: JSONValue) -> JSONObject:
    metadata = document.get("metadata") if isinstance(document, dict) else None
    return metadata if isinstance(metadata, dict) else {}


def _named(document: JSONObject, namespace: str) -> JSONObject:
    metadata = _metadata(document)
    name = metadata.get("name") or metadata.get("generateName") or ""
    return {"name": name, "namespace": metadata.get("namespace") or namespace}
