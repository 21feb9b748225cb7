"""The cluster that all cases share, and what holds for each of them: nothing is left behind."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.e2e import cluster as clusters
from tests.e2e.api import CORE
from tests.e2e.cluster import Cluster, Space
from tests.e2e.node import Node
from tests.e2e.waiting import say, wait_for


def pytest_ignore_collect() -> bool | None:
    """Leave the cases out of `make test`: they need a cluster, and `make e2e` makes one."""
    return None if clusters.available() else True


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    with clusters.up() as running:
        say("the cluster is up")
        yield running


@pytest.fixture
def space(cluster: Cluster, request: pytest.FixtureRequest) -> Iterator[Space]:
    """Give a case its own namespace, and see that no trace of its pods remains."""
    name = request.node.name.removeprefix("test_").split("[")[0].replace("_", "-")[:50]
    before = {node.name: node.leftovers() for node in cluster.nodes}
    with new_space(cluster, name) as made:
        yield made
        made.delete()
        made.gone()
    for node in cluster.nodes:
        nothing_new(node, before[node.name])


@pytest.fixture
def left(cluster: Cluster) -> Node:
    return cluster.nodes[0]


@pytest.fixture
def right(cluster: Cluster) -> Node:
    return cluster.nodes[1]


@contextmanager
def new_space(cluster: Cluster, name: str) -> Iterator[Space]:
    """Make a namespace, and remove it with all that is in it, without waiting for the end of that."""
    cluster.api.create(f"{CORE}/namespaces", {"metadata": {"name": name}})
    account = f"{CORE}/namespaces/{name}/serviceaccounts/default"
    cluster.api.wait(account, bool, f"namespace {name} has its service account", timeout=30)
    try:
        yield Space(cluster, name)
    finally:
        cluster.api.delete(f"{CORE}/namespaces/{name}")


def nothing_new(node: Node, before: dict[str, list[str]]) -> None:
    """Wait until a node holds nothing for a pod but what it held before."""
    wait_for(lambda: node.leftovers() == before, f"nothing is left on {node.name}", timeout=30, found=node.leftovers)
