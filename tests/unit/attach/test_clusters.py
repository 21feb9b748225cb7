"""The way to the cluster for one call."""

from __future__ import annotations

import pytest

from multus_py.attach import clusters
from multus_py.cluster import errors as cluster_errors
from multus_py.cni import errors
from multus_py.cni.errors import CNIError
from tests.fakes.cluster import FakeCluster
from tests.unit.attach.world import World


def test_a_session_gives_the_cluster_and_closes_it(world: World) -> None:
    call, closed = world.work(), []
    with clusters.Session(call) as cluster:
        assert isinstance(cluster, FakeCluster)
        assert cluster is world.cluster
        closed.append(cluster.closed)
    assert [*closed, cluster.closed] == [False, True]
    assert world.opened == [call.settings]


def test_a_session_closes_the_cluster_also_after_an_error(world: World) -> None:
    with pytest.raises(KeyError), clusters.Session(world.work()):
        raise KeyError
    assert world.cluster
    assert world.cluster.closed


def test_without_kubernetes_a_session_gives_nothing(world: World) -> None:
    world.cluster = None
    with clusters.Session(world.work()) as cluster:
        assert cluster is None


def test_no_way_to_the_cluster_is_an_error_of_the_configuration(world: World) -> None:
    world.cluster_failure = cluster_errors.ConfigError("/k: no such file")
    with pytest.raises(CNIError, match="no way to the Kubernetes API: /k: no such file") as caught:
        clusters.Session(world.work()).__enter__()
    assert caught.value.code == errors.INVALID_CONFIG


CODES = {
    "what may pass": (cluster_errors.UnavailableError(), errors.TRY_AGAIN_LATER),
    "what will not": (cluster_errors.ForbiddenError(), errors.INTERNAL),
}


@pytest.mark.parametrize(("failure", "code"), CODES.values(), ids=list(CODES))
def test_the_code_tells_whether_to_try_again(failure: cluster_errors.ClusterError, code: int) -> None:
    assert clusters.code(failure) == code
