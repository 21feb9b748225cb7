from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from multus_py.cluster import errors, http, operation
from multus_py.cluster.operation import AgainError, Operation

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONValue

GET_POD = Operation(verb="get", resource=operation.PODS, namespace="ns", name="web")
GET_NAD = Operation(verb="get", resource=operation.NADS, namespace="ns", name="net")
PATCH = Operation(verb="patch", resource=operation.POD_STATUS, namespace="ns", name="web", body={})
CLAIM = Operation(verb="get", resource=operation.CLAIMS, namespace="ns", name="nic")
LIST = Operation(
    verb="list", resource=operation.SLICES, query=(("fieldSelector", "spec.driver=a.b,spec.nodeName="), ("limit", "2"))
)
CREATE = Operation(verb="create", resource=operation.EVENTS, namespace="ns", body={})


def answer(status: int, content: JSONValue | bytes = None, **headers: str) -> http.Response:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return http.Response(status=status, reason="Reason", headers=headers, body=body)


def refusal(message: str = "words", **more: JSONValue) -> JSONValue:
    return {"kind": "Status", "apiVersion": "v1", "message": message, **more}


@pytest.mark.parametrize(
    ("wanted", "method", "path"),
    [
        (GET_POD, "GET", "/api/v1/namespaces/ns/pods/web"),
        (GET_NAD, "GET", "/apis/k8s.cni.cncf.io/v1/namespaces/ns/network-attachment-definitions/net"),
        (PATCH, "PATCH", "/api/v1/namespaces/ns/pods/web/status"),
        (CREATE, "POST", "/api/v1/namespaces/ns/events"),
        (CLAIM, "GET", "/apis/resource.k8s.io/v1/namespaces/ns/resourceclaims/nic"),
        (
            LIST,
            "GET",
            "/apis/resource.k8s.io/v1/resourceslices?fieldSelector=spec.driver%3Da.b%2Cspec.nodeName%3D&limit=2",
        ),
        (LIST.replace(query=()), "GET", "/apis/resource.k8s.io/v1/resourceslices"),
    ],
    ids=str,
)
def test_an_operation_has_its_method_and_its_path(wanted: Operation, method: str, path: str) -> None:
    assert (wanted.method, wanted.path) == (method, path)


def test_names_are_quoted() -> None:
    assert GET_POD.replace(name="a b?c#ü").path == "/api/v1/namespaces/ns/pods/a%20b%3Fc%23%C3%BC"


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../../secrets/x", "a%2Fb", "%2e%2e"])
@pytest.mark.parametrize("place", ["namespace", "name"])
def test_a_name_cannot_lead_elsewhere(place: str, name: str) -> None:
    with pytest.raises(ValueError, match="no object can have such a name"):
        assert GET_NAD.replace(**{place: name}).path


def test_a_create_has_a_namespace_that_cannot_lead_elsewhere() -> None:
    with pytest.raises(ValueError, match="no object can have such a name"):
        assert CREATE.replace(namespace="..").path


def test_an_operation_reads_as_a_sentence() -> None:
    assert str(GET_POD) == 'get pods "web" in namespace "ns"'
    said = "list resourceslices.resource.k8s.io with spec.driver=a.b,spec.nodeName= in the whole cluster"
    assert str(LIST) == said
    assert str(CREATE) == 'create events in namespace "ns"'


@pytest.mark.parametrize("status", [200, 201])
def test_a_good_answer_is_its_document(status: int) -> None:
    assert GET_POD.judge(answer(status, {"a": [1]})) == {"a": [1]}


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"a":', b"\xff"])
def test_a_good_answer_that_is_no_object_is_an_error(body: bytes) -> None:
    with pytest.raises(
        errors.ClusterError, match=r"200 Reason, but with something \(text/html\) that is no JSON object"
    ):
        GET_POD.judge(answer(200, body, **{"content-type": "text/html"}))


@pytest.mark.parametrize(
    ("status", "failure"),
    [
        (301, errors.ClusterError),
        (400, errors.ClusterError),
        (401, errors.UnauthorizedError),
        (403, errors.ForbiddenError),
        (404, errors.NotFoundError),
        (405, errors.ClusterError),
        (409, errors.ConflictError),
        (422, errors.ClusterError),
        (501, errors.ClusterError),
    ],
)
def test_a_bad_answer_is_the_error_that_it_means(status: int, failure: type[errors.ClusterError]) -> None:
    with pytest.raises(errors.ClusterError) as caught:
        GET_POD.judge(answer(status, refusal("some\n words", details={"name": "web", "kind": "pods"})))
    assert type(caught.value) is failure
    assert str(caught.value) == f"{status} Reason: some words"


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
@pytest.mark.parametrize(
    ("header", "after"),
    [
        ({}, 0),
        ({"retry-after": "3"}, 3),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}, 0),
        ({"retry-after": "²"}, 0),
    ],
    ids=["unsaid", "seconds", "a date", "nonsense"],
)
def test_a_busy_server_may_be_asked_again(status: int, header: dict[str, str], after: float) -> None:
    with pytest.raises(AgainError, match=f"{status} Reason: words") as caught:
        GET_POD.judge(answer(status, refusal(), **header))
    assert caught.value.after == after


@pytest.mark.parametrize(
    ("wanted", "failure", "hint"),
    [
        (GET_POD, errors.ClusterError, "is it a Kubernetes API server?"),
        (PATCH, errors.ClusterError, "is it a Kubernetes API server?"),
        (GET_NAD, errors.NotFoundError, "is its CustomResourceDefinition installed?"),
    ],
    ids=str,
)
@pytest.mark.parametrize("body", [b"404 page not found\n", b"{}", b'{"kind": "Status", "details": {}}'])
def test_a_404_that_is_not_kubernetes_own_does_not_mean_that_a_pod_is_gone(
    wanted: Operation, failure: type[errors.ClusterError], hint: str, body: bytes
) -> None:
    with pytest.raises(errors.ClusterError) as caught:
        wanted.judge(answer(404, body))
    assert type(caught.value) is failure
    assert hint in str(caught.value)


@pytest.mark.parametrize(
    ("details", "failure"),
    [
        ({"causes": [{"field": "x"}, {"field": "metadata.uid"}]}, errors.ConflictError),
        ({"causes": [{"field": "metadata.annotations"}]}, errors.ClusterError),
        ({"causes": ["metadata.uid"]}, errors.ClusterError),
        ("metadata.uid", errors.ClusterError),
        (None, errors.ClusterError),
    ],
    ids=["the uid", "another field", "odd cause", "odd details", "no details"],
)
def test_an_object_refused_for_its_uid_is_another_object(
    details: JSONValue, failure: type[errors.ClusterError]
) -> None:
    with pytest.raises(errors.ClusterError) as caught:
        PATCH.judge(answer(422, refusal(details=details)))
    assert type(caught.value) is failure


@pytest.mark.parametrize("body", [b"<html>", b'{"message": 7}', b'{"kind": "Status"}'])
def test_a_bad_answer_without_words_is_its_status(body: bytes) -> None:
    with pytest.raises(errors.ForbiddenError, match=r"^403 Reason$"):
        GET_POD.judge(answer(403, body))


def test_long_words_are_cut() -> None:
    with pytest.raises(errors.ForbiddenError) as caught:
        GET_POD.judge(answer(403, refusal("x" * 10_000)))
    assert len(str(caught.value)) < 600
