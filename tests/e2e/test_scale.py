"""Several nodes' caches in front of the real API server: what they ask, and that they hold what there is, always.

`make scale` does the same with a hundred nodes, and measures it.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest

from multus_py.base.clock import SystemClock
from multus_py.cluster import kubeconfig, operation
from multus_py.daemon import cluster as collections
from multus_py.daemon.cluster import Collection
from multus_py.daemon.following import NEWEST
from tests.e2e.cluster import Cluster
from tests.e2e.scale import field as fields
from tests.e2e.scale.field import Field
from tests.e2e.scale.ledger import Request, tally
from tests.e2e.scale.population import Size

_SIZE = Size(nodes=10, pods=100, nads=collections.LIMIT + 10)
_NADS = "network-attachment-definitions"


@pytest.fixture(scope="module")
def field(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Field]:
    directory = tmp_path_factory.mktemp("scale")
    with fields.laid_out(cluster, _SIZE, directory, processes=2, token=cluster.admit_plugin()) as made:
        yield made
        made.population.remove()


@pytest.fixture(scope="module")
def cold_start(field: Field) -> list[Request]:
    """Start all caches at once; give what they have asked until all were current."""
    field.ledger.read()
    field.caches.start()
    field.wait_current()
    return field.ledger.read()


def test_scale_cold_start_is_a_list_and_a_watch_each(field: Field, cold_start: list[Request]) -> None:
    once = {f"{verb} {what}": _SIZE.nodes for verb in ("list", "watch") for what in (_NADS, "pods")}
    assert tally(cold_start) == once
    # From the server's memory, which costs it little; it answers in one piece, whatever the limit.
    lists = _lists(cold_start)
    assert {_parameter(one, "resourceVersion") for one in lists} == {"0"}
    assert {_parameter(one, "limit") for one in lists} == {str(collections.LIMIT)}
    selectors = [_parameter(one, "fieldSelector") for one in lists if one.resource == "pods"]
    assert sorted(selectors) == [f"spec.nodeName={node}" for node in field.population.nodes]
    field.wait_equal()


@pytest.mark.usefixtures("cold_start")
def test_scale_caches_stay_equal_without_another_list(field: Field) -> None:
    field.ledger.read()
    field.population.add_pods("passing", 30)
    field.population.remove_pods("passing", 15)
    field.population.change_nads(5, mtu=1401)
    field.wait_equal()
    assert _lists(field.ledger.read()) == []

    before = field.caches.look()
    field.relay.cut()
    field.wait_current(since=before)
    field.wait_equal()
    assert _lists(field.ledger.read()) == []


@pytest.mark.usefixtures("cold_start")
def test_scale_restart_of_the_server_costs_at_most_a_list_each(field: Field, cluster: Cluster) -> None:
    before = field.caches.look()
    field.ledger.read()
    with cluster.without_api():
        pass
    field.wait_current(since=before)
    field.population.change_nads(5, mtu=1402)
    field.wait_equal()
    lists = _lists(field.ledger.read())
    assert len(lists) <= len(before.standings)
    # From memory as well, as all nodes of a cluster ask at the same time then; and nobody but who was told 410 Gone.
    assert {_parameter(one, "resourceVersionMatch") for one in lists} <= {"NotOlderThan"}
    look = field.caches.look()
    again = {(one.node, one.kind): one.lists for one in before.standings}
    assert all(one.lists <= again[one.node, one.kind] + 1 for one in look.standings)


def test_scale_list_from_etcd_comes_in_pages(field: Field) -> None:
    field.ledger.read()
    source = Collection(
        lambda: kubeconfig.load(str(field.access)),
        operation.NADS,
        environ={},
        clock=SystemClock(),
        jitter=random.random,
    )
    first = source.page(version=NEWEST, token="")
    second = source.page(version="", token=first.token)
    assert (len(first.items), len(second.items), second.token) == (collections.LIMIT, 10, "")
    asked = field.ledger.read()
    assert [(one.verb, bool(_parameter(one, "continue"))) for one in asked] == [("list", False), ("list", True)]


def _lists(requests: list[Request]) -> list[Request]:
    return [one for one in requests if one.verb == "list"]


def _parameter(request: Request, name: str) -> str:
    return parse_qs(urlsplit(request.uri).query).get(name, [""])[0]
