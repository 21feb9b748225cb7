"""The cluster that all cases share, and what holds for each of them: nothing is left behind."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.e2e import cluster as clusters
from tests.e2e import waiting
from tests.e2e.cluster import Cluster, Space, new_space, nothing_new
from tests.e2e.daemon import Daemons
from tests.e2e.node import Node


def pytest_ignore_collect() -> bool | None:
    """Leave the cases out of `make test`: they need a cluster, and `make e2e` makes one."""
    return None if clusters.available() else True


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    with clusters.up() as running:
        waiting.say("the cluster is up")
        yield running


@pytest.fixture
def space(cluster: Cluster, request: pytest.FixtureRequest) -> Iterator[Space]:
    """Give a case its own namespace, and see that no trace of its pods remains."""
    words = re.findall("[a-z0-9]+", request.node.name.removeprefix("test_"))
    name = "-".join(words)[-60:].strip("-")
    before = {node.name: node.leftovers() for node in cluster.nodes}
    with new_space(cluster, name) as made:
        yield made
        if waiting.given_up:
            return
        made.delete_all()
        made.gone()
    for node in cluster.nodes:
        try:
            nothing_new(node, before[node.name])
        except BaseException:
            node.clean()
            raise


@pytest.fixture(scope="module")
def daemons(cluster: Cluster) -> Iterator[Daemons]:
    made = Daemons(cluster.nodes)
    yield made
    made.stop()


@pytest.fixture(params=["daemon", "daemon-killed"])
def daemon(request: pytest.FixtureRequest, daemons: Daemons, space: Space) -> Iterator[None]:
    """Run a case twice: with a daemon on each node, and with daemons that are killed half-way through it.

    That is in the middle of the first call on a node, or at the nth ADD of a delegate: `@pytest.mark.half_way(n)`.
    """
    mark = request.node.get_closest_marker("half_way")
    adds: int = mark.args[0] if mark else 1
    with daemons.killed_half_way(adds) if request.param == "daemon-killed" else daemons.answering():
        yield


@pytest.fixture
def left(cluster: Cluster) -> Node:
    return cluster.nodes[0]


@pytest.fixture
def right(cluster: Cluster) -> Node:
    return cluster.nodes[1]
