from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from multus_py.cluster import errors
from multus_py.cluster.objects import Claim, Nad, Pod

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONObject, JSONValue


def metadata(**more: JSONObject | str | None) -> JSONObject:
    return {"namespace": "default", "name": "web", "uid": "u-1", **more}


def test_a_pod_has_what_multus_looks_at() -> None:
    document: JSONObject = {"metadata": metadata(annotations={"a": "b"}), "spec": {"nodeName": "node1"}, "status": {}}
    assert Pod.from_document(document) == Pod(
        namespace="default", name="web", uid="u-1", annotations={"a": "b"}, node="node1", claims=()
    )


def test_a_pod_knows_the_containers_that_run_side_by_side_the_sidecars_first() -> None:
    init: list[JSONValue] = [{"name": "set-up"}, {"name": "proxy", "restartPolicy": "Always"}]
    spec: JSONObject = {"initContainers": init, "containers": [{"name": "web"}, {"name": "app"}]}
    assert Pod.from_document({"metadata": metadata(), "spec": spec}).containers == ("proxy", "web", "app")


def test_a_pod_knows_its_claims_in_its_own_order() -> None:
    document: JSONObject = {
        "metadata": metadata(),
        "spec": {
            "resourceClaims": [
                {"name": "made", "resourceClaimTemplateName": "nics"},
                {"name": "named", "resourceClaimName": "shared"},
                {"name": "late", "resourceClaimTemplateName": "nics"},
                {"name": "spared", "resourceClaimTemplateName": "nics"},
            ]
        },
        "status": {
            "resourceClaimStatuses": [{"name": "spared"}, {"name": "made", "resourceClaimName": "web-made-x7"}],
            "extendedResourceClaimStatus": {
                "resourceClaimName": "web-extended-x8",
                "requestMappings": [
                    {"containerName": "a", "requestName": "container-0-request-0", "resourceName": "intel.com/sriov"},
                    {"containerName": "b", "requestName": "container-1-request-0", "resourceName": "intel.com/other"},
                ],
            },
        },
    }
    assert Pod.from_document(document).claims == (
        Claim(name="web-made-x7", entry="made"),
        Claim(name="shared", entry="named"),
        Claim(name="", entry="late"),
        Claim(
            name="web-extended-x8",
            resources=(("container-0-request-0", "intel.com/sriov"), ("container-1-request-0", "intel.com/other")),
        ),
    )


@pytest.mark.parametrize(
    "annotations", [{}, {"annotations": None}, {"annotations": {}}], ids=["absent", "null", "empty"]
)
def test_a_pod_needs_neither_annotations_nor_a_node(annotations: JSONObject) -> None:
    pod = Pod.from_document({"metadata": {**metadata(), **annotations}})
    assert (dict(pod.annotations), pod.node, pod.is_static) == ({}, "", False)


@pytest.mark.parametrize(
    ("source", "static"),
    [("file", True), ("http", True), ("", True), ("api", False)],
    ids=["file", "http", "empty", "api"],
)
def test_a_pod_whose_source_is_not_the_api_is_static(source: str, *, static: bool) -> None:
    annotations = {"kubernetes.io/config.source": source}
    assert Pod(namespace="a", name="b", uid="c", annotations=annotations).is_static is static


def test_a_definition_has_a_config_and_a_resource() -> None:
    annotations: JSONObject = {"k8s.v1.cni.cncf.io/resourceName": "intel.com/sriov"}
    document: JSONObject = {"metadata": metadata(annotations=annotations), "spec": {"config": "{}"}}
    nad = Nad.from_document(document)
    assert (nad.namespace, nad.name, nad.config, nad.resource_name) == ("default", "web", "{}", "intel.com/sriov")


@pytest.mark.parametrize("spec", [{}, {"spec": None}, {"spec": {}}], ids=["absent", "null", "empty"])
def test_a_definition_may_leave_its_config_to_a_file(spec: JSONObject) -> None:
    nad = Nad.from_document({"metadata": metadata(), **spec})
    assert (nad.config, nad.resource_name) == ("", "")


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        pytest.param({}, r"metadata.namespace is missing", id="nothing"),
        pytest.param({"metadata": []}, r"metadata: expected an object", id="metadata"),
        pytest.param({"metadata": {"namespace": "a", "name": 1}}, r"metadata.name: expected a string", id="name"),
        pytest.param({"metadata": {"namespace": "a", "name": ""}}, r"metadata.name is missing", id="empty name"),
        pytest.param({"metadata": metadata(annotations="x")}, r"annotations: expected an object", id="annotations"),
        pytest.param(
            {"metadata": metadata(annotations={"a": {}})}, r"annotations.a: expected a string", id="annotation"
        ),
        pytest.param({"metadata": metadata(), "spec": 7}, r"spec: expected an object", id="spec"),
    ],
)
@pytest.mark.parametrize("kind", [Pod, Nad])
def test_what_is_no_object_of_the_kind_is_refused(kind: type[Pod | Nad], document: JSONObject, complaint: str) -> None:
    with pytest.raises(errors.ClusterError, match=complaint):
        kind.from_document(document)


def test_a_pod_without_uid_is_refused() -> None:
    with pytest.raises(errors.ClusterError, match=r"metadata\.uid is missing"):
        Pod.from_document({"metadata": {"namespace": "a", "name": "b"}})
