"""Objects of one kind in memory: of each what `cluster.objects` reads, as JSON text. Nothing of watches or sockets.

A text is a fifth of the parsed document's size, and an object that is larger than it has to be is kept all day.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from multus_py.base import jsontext
from multus_py.cluster.objects import Nad, Pod

if TYPE_CHECKING:
    from collections.abc import Mapping

    from multus_py.base.jsontext import JSONObject

Key: TypeAlias = tuple[str, str]
"""Namespace and name."""

UNUSED_ANNOTATIONS = frozenset(
    {
        "kubectl.kubernetes.io/last-applied-configuration",
        "k8s.v1.cni.cncf.io/network-status",  # written, never read
        "k8s.v1.cni.cncf.io/networks-status",
    }
)


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of an object."""

    uid: str
    text: str
    """The document, trimmed, as JSON."""

    def document(self) -> JSONObject:
        """Return the document."""
        return jsontext.loads_object(self.text)


@dataclass(frozen=True, kw_only=True)
class Size:
    """How much is kept."""

    objects: int
    characters: int


class Cache:
    """The objects. It may be read and changed from several threads."""

    def __init__(self) -> None:
        """Start without any."""
        self._lock = threading.Lock()
        self._objects: dict[Key, Kept] = {}

    def get(self, key: Key) -> Kept | None:
        """Return an object, None when there is none."""
        return self._objects.get(key)

    def fill(self, objects: Mapping[Key, Kept]) -> None:
        """Put these in the place of all that there are."""
        with self._lock:
            self._objects = dict(objects)

    def put(self, key: Key, kept: Kept) -> None:
        """Put one object in its place."""
        with self._lock:
            self._objects[key] = kept

    def drop(self, key: Key) -> None:
        """Forget one object."""
        with self._lock:
            self._objects.pop(key, None)

    def size(self) -> Size:
        """Return how much is kept."""
        with self._lock:
            objects = self._objects.values()
            return Size(objects=len(objects), characters=sum(len(kept.text) for kept in objects))


def pod_document(pod: Pod) -> JSONObject:
    """Write a pod as the API server would, without what nobody reads."""
    metadata: JSONObject = {"namespace": pod.namespace, "name": pod.name, "uid": pod.uid}
    return {"metadata": metadata | _annotations(pod.annotations), "spec": {"nodeName": pod.node}}


def nad_document(nad: Nad) -> JSONObject:
    """Write a NAD as the API server would, without what nobody reads."""
    metadata: JSONObject = {"namespace": nad.namespace, "name": nad.name}
    return {"metadata": metadata | _annotations(nad.annotations), "spec": {"config": nad.config}}


def keep_pod(document: JSONObject, *, node: str) -> Kept:
    """Make of a pod's document, or its metadata alone, what is kept. Raises ClusterError: it is no pod.

    Args:
        document: The API server's.
        node: The node that all the pods are on.
    """
    pod = Pod.from_document(document)
    return Kept(uid=pod.uid, text=jsontext.dumps(pod_document(pod.replace(node=node))))


def keep_nad(document: JSONObject) -> Kept:
    """Make of a NAD's document what is kept. Raises ClusterError: it is no usable NAD."""
    return Kept(uid="", text=jsontext.dumps(nad_document(Nad.from_document(document))))


def _annotations(annotations: Mapping[str, str]) -> JSONObject:
    used: JSONObject = {key: text for key, text in annotations.items() if key not in UNUSED_ANNOTATIONS}
    return {"annotations": used} if used else {}
