"""Connections to a cluster in memory, and objects in memory, for tests of what is made of both."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from multus_py.cluster import errors
from multus_py.cluster.objects import Nad, Pod
from multus_py.daemon.cache import Kept, keep_nad, keep_pod, nad_document, pod_document
from tests.fakes.cluster import FakeCluster

if TYPE_CHECKING:
    from multus_py.daemon.cache import Key


class FakeLender:
    """Lends one cluster to everybody, unless there is no way to it."""

    def __init__(self, cluster: FakeCluster) -> None:
        self.cluster = cluster
        self.broken: errors.ClusterError | None = None

    @contextlib.contextmanager
    def borrowed(self) -> Iterator[FakeCluster]:
        if self.broken:
            raise self.broken
        yield self.cluster


class FakeMemory:
    """Objects of one kind, current or not as the test says."""

    def __init__(self, *objects: Pod | Nad, current: bool = True) -> None:
        self.current = current
        self._objects: dict[Key, Kept] = {}
        for each in objects:
            kept = (
                keep_nad(nad_document(each)) if isinstance(each, Nad) else keep_pod(pod_document(each), node=each.node)
            )
            self._objects[each.namespace, each.name] = kept

    def get(self, key: Key) -> Kept | None:
        return self._objects.get(key)

    def is_current(self) -> bool:
        return self.current
