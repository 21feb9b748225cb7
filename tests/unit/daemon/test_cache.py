from __future__ import annotations

import threading

import pytest

from multus_py.base import jsontext
from multus_py.cluster import errors
from multus_py.cluster.objects import Nad, Pod
from multus_py.daemon.cache import UNUSED_ANNOTATIONS, Cache, Kept, Size, keep_nad, keep_pod
from tests.fakes.following import item

A = ("default", "a")


def test_what_was_put_is_there_until_it_is_dropped() -> None:
    cache, kept = Cache(), Kept("uid", "{}")
    assert cache.get(A) is None
    cache.put(A, kept)
    assert cache.get(A) == kept
    cache.drop(A)
    cache.drop(A)
    assert cache.get(A) is None


def test_filling_replaces_everything() -> None:
    cache = Cache()
    cache.put(A, Kept("uid", "{}"))
    cache.fill({("default", "b"): Kept("uid", "[1]")})
    assert (cache.get(A), cache.size()) == (None, Size(objects=1, characters=3))


def test_it_can_be_measured_while_it_changes() -> None:
    cache = Cache()
    keys = [("default", f"pod{index}") for index in range(200)]

    def change() -> None:
        for _ in range(20):
            for key in keys:
                cache.put(key, Kept("uid", "{}"))
            for key in keys:
                cache.drop(key)

    changing = threading.Thread(target=change)
    changing.start()
    while changing.is_alive():
        assert cache.size().objects <= len(keys)
    changing.join()


def test_of_a_pod_nothing_is_kept_that_nobody_reads() -> None:
    document = item("a", used="yes", **dict.fromkeys(UNUSED_ANNOTATIONS, "x" * 1000))
    document["spec"] = {"containers": [{"name": "c"}], "nodeName": "elsewhere"}
    kept = keep_pod(document, node="node1")

    assert jsontext.loads(kept.text) == {
        "metadata": {"namespace": "default", "name": "a", "uid": "uid-a", "annotations": {"used": "yes"}},
        "spec": {"nodeName": "node1"},
    }
    assert kept.uid == "uid-a"


def test_what_is_kept_reads_as_the_api_servers_own() -> None:
    pod = item("a", **{"k8s.v1.cni.cncf.io/networks": "net1", "kubernetes.io/config.source": "file"})
    nad = item("n", **{"k8s.v1.cni.cncf.io/resourceName": "intel.com/sriov"})
    nad["spec"] = {"config": '{"type": "<ü>"}'}

    assert Pod.from_document(keep_pod(pod, node="").document()) == Pod.from_document(pod)
    assert Nad.from_document(keep_nad(nad).document()) == Nad.from_document(nad)


def test_what_is_no_object_is_refused() -> None:
    for document in ({}, {"metadata": {"name": "a"}}):
        with pytest.raises(errors.ClusterError):
            keep_pod(document, node="")  # type: ignore[arg-type]  # a literal of other dicts is one of JSON
        with pytest.raises(errors.ClusterError):
            keep_nad(document)  # type: ignore[arg-type]
