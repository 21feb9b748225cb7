"""The fake cluster, where it is more than an adapter: what tests steer and look at."""

from __future__ import annotations

import pytest

from multus_py.cluster import errors
from multus_py.cluster.objects import Nad, Pod
from tests.fakes.cluster import FakeCluster, get_nad

POD = Pod(namespace="default", name="web", uid="u")


def test_calls_are_written_down() -> None:
    cluster = FakeCluster(POD, Nad(namespace="default", name="net"))
    cluster.get_pod("default", "web")
    get_nad(cluster, "default", "net")
    cluster.write_status(POD, {"a": "b"})
    assert cluster.calls == [
        ("get_pod", "default", "web"),
        ("get_nads", "default", "net"),
        ("write_status", "default", "web"),
    ]
    assert "write_status" in repr(cluster)


def test_a_call_can_be_made_to_fail() -> None:
    cluster = FakeCluster(POD)
    cluster.fail("get_pod", errors.UnavailableError("down"))
    with pytest.raises(errors.UnavailableError, match="down"):
        cluster.get_pod("default", "web")


def test_a_call_that_does_not_exist_cannot_be_made_to_fail() -> None:
    with pytest.raises(AssertionError):
        FakeCluster().fail("list_pods", errors.UnavailableError("down"))


def test_there_are_no_calls_after_the_end() -> None:
    cluster = FakeCluster(POD)
    cluster.close()
    with pytest.raises(AssertionError, match="after close"):
        cluster.get_pod("default", "web")
