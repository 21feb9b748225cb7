"""The direct adapter asked for a pod's devices: what it asks the API server, and what it makes of refusals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from multus_py.cluster import errors
from multus_py.cluster.objects import Pod
from multus_py.cluster.port import PodDevices
from multus_py.lab.faults import Answer, Fault
from tests.fakes import dra
from tests.unit.cluster.asking import Fixture

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONObject, JSONValue

NICS = "nics.example.com"


def claiming(fixture: Fixture, *claims: str) -> Pod:
    """Have a pod that names claims, with a device of its own for each."""
    entries: list[JSONValue] = [{"name": claim, "resourceClaimName": claim} for claim in claims]
    document: JSONObject = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "claiming"}, "status": {}}
    made = fixture.server.create({**document, "spec": {"nodeName": "node1", "resourceClaims": entries}})
    fixture.server.create(
        dra.slice_of("node1", {claim: (f"id-of-{claim}", "a/b") for claim in claims}, driver=NICS, node="node1")
    )
    for claim in claims:
        fixture.server.create(dra.claim(claim, [(NICS, "node1", claim)], reserved_for=[dra.uid(made)]))
    pod = fixture.direct.get_pod("default", "claiming")
    fixture.server.forget_requests()
    return pod


def paths(fixture: Fixture) -> list[str]:
    return [request.path.partition("?")[0] for request in fixture.server.requests]


def test_a_pod_without_claims_costs_no_question(fixture: Fixture) -> None:
    pod = claiming(fixture)
    assert fixture.direct.get_devices(pod) == PodDevices()
    assert paths(fixture) == []


def test_devices_cost_one_question_for_each_claim_and_two_for_each_driver(fixture: Fixture) -> None:
    pod = claiming(fixture, "a", "b")
    assert fixture.direct.get_devices(pod).claimed == {"a/b": ("id-of-a", "id-of-b")}
    dra_path = "/apis/resource.k8s.io/v1"
    claims = [f"{dra_path}/namespaces/default/resourceclaims/{name}" for name in "ab"]
    assert paths(fixture) == [*claims, f"{dra_path}/resourceslices", f"{dra_path}/resourceslices"]
    assert {request.connection for request in fixture.server.requests} == {1}


def test_a_pod_of_which_only_metadata_is_known_is_asked_for(fixture: Fixture) -> None:
    pod = claiming(fixture, "a").replace(claims=None, node="")
    assert fixture.direct.get_devices(pod).claimed == {"a/b": ("id-of-a",)}
    assert paths(fixture)[0] == "/api/v1/namespaces/default/pods/claiming"


def test_another_pod_of_that_name_is_not_asked_for_its_devices(fixture: Fixture) -> None:
    pod = claiming(fixture, "a").replace(claims=None, uid="another")
    with pytest.raises(errors.ConflictError, match='"claiming" in namespace "default" is another one now'):
        fixture.direct.get_devices(pod)


def test_an_account_that_may_not_see_slices_is_told_so(fixture: Fixture) -> None:
    pod = claiming(fixture, "a")
    fixture.server.inject(Fault(Answer(403), path="/apis/resource.k8s.io/v1/resourceslices"))
    permission = f"list resourceslices.resource.k8s.io with spec.driver={NICS},spec.nodeName=node1 in the whole cluster"
    with pytest.raises(errors.ForbiddenError, match=f"the node's account may not {permission}"):
        fixture.direct.get_devices(pod)


def test_a_server_of_before_resource_claims_is_told_from_a_missing_claim(fixture: Fixture) -> None:
    pod = claiming(fixture, "a")
    older = fixture.open(fixture.access.replace(server=fixture.access.server.replace(path="/older")))
    with pytest.raises(errors.ClusterError, match=r"does it serve resource\.k8s\.io/v1, as Kubernetes does from 1.34"):
        older.get_devices(pod)
