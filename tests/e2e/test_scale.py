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
from tests.e2e.scale.caches import Standing
from tests.e2e.scale.field import Field
from tests.e2e.scale.ledger import Request, tally
from tests.e2e.scale.population import Size
from tests.e2e.waiting import wait_for

_SIZE = Size(nodes=10, pods=100, nads=collections.LIMIT + 10)
_NADS = "network-attachment-definitions"


@pytest.fixture(scope="module")
def field(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Field]:
    directory = tmp_path_factory.mktemp("scale")
    with fields.laid_out(cluster, _SIZE, directory, processes=2, token=cluster.admit_plugin()) as made:
        yield made
        made.population.remove()


def test_scale_caches_stay_equal_and_list_once(field: Field) -> None:
    field.ledger.read()
    field.caches.start()
    field.wait_current(watches=1)
    requests = field.ledger.read()
    once = {f"{verb} {what}": _SIZE.nodes for verb in ("list", "watch") for what in (_NADS, "pods")}
    assert tally(requests) == once
    # From the server's memory, which costs it little; it answers in one piece, whatever the limit.
    assert {_parameter(one, "resourceVersion") for one in requests if one.verb == "list"} == {"0"}
    assert {_parameter(one, "limit") for one in requests if one.verb == "list"} == {str(collections.LIMIT)}
    selectors = [_parameter(one, "fieldSelector") for one in requests if (one.verb, one.resource) == ("list", "pods")]
    assert sorted(selectors) == [f"spec.nodeName={node}" for node in field.population.nodes]
    field.wait_equal()

    field.population.add_pods("passing", 30)
    field.population.remove_pods("passing", 15)
    field.population.change_nads(5, mtu=1401)
    field.wait_equal()
    assert field.ledger.read() == []

    field.relay.cut()
    field.wait_current(watches=2)
    field.wait_equal()
    assert tally(field.ledger.read()) == {f"watch {what}": _SIZE.nodes for what in (_NADS, "pods")}


def test_scale_restart_of_the_server_costs_a_list_each(field: Field, cluster: Cluster) -> None:
    before = {(one.node, one.kind): one for one in field.caches.look().standings}
    assert before, "the caches have to run"
    field.ledger.read()
    with cluster.without_api():
        pass
    wait_for(lambda: _again(field, before), "every cache has begun another watch", timeout=90)
    field.wait_equal()
    requests = field.ledger.read()
    expired = [one for one in requests if one.verb == "watch" and one.code == 410]
    lists = [one for one in requests if one.verb == "list"]
    assert len(lists) == len(expired)
    assert len(lists) <= len(before)
    # From memory as well: all nodes of a cluster ask at the same time then.
    assert {_parameter(one, "resourceVersionMatch") for one in lists} <= {"NotOlderThan"}


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


def _again(field: Field, before: dict[tuple[str, str], Standing]) -> bool:
    look = field.caches.look()
    return look.current and all(one.watches > before[one.node, one.kind].watches for one in look.standings)


def _parameter(request: Request, name: str) -> str:
    return parse_qs(urlsplit(request.uri).query).get(name, [""])[0]
