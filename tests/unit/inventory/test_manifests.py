"""Pods and NADs out of files as people have them."""

from __future__ import annotations

import json

import pytest

from multus_py.inventory import manifests
from multus_py.inventory.node import InventoryError

ANNOTATED = {"metadata": {"annotations": {"k8s.v1.cni.cncf.io/networks": "a"}}, "spec": {"containers": []}}


@pytest.mark.parametrize(
    ("kind", "spec"),
    [
        *((kind, {"template": ANNOTATED}) for kind in ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job")),
        ("CronJob", {"jobTemplate": {"spec": {"template": ANNOTATED}}}),
    ],
    ids=lambda item: item if isinstance(item, str) else "",
)
def test_what_makes_pods_is_the_pod_of_its_template(kind: str, spec: dict[str, object]) -> None:
    text = json.dumps({"kind": kind, "metadata": {"name": "web", "namespace": "demo"}, "spec": spec})
    (pod,) = manifests.pods(manifests.documents(text, name="f"), namespace="default")
    assert (pod.namespace, pod.name) == ("demo", "web")
    assert pod.annotations == {"k8s.v1.cni.cncf.io/networks": "a"}


def test_documents_and_lists_are_taken_apart_and_other_kinds_passed_over() -> None:
    text = """
---
kind: List
items:
- {kind: Pod, metadata: {name: one}}
- {kind: NetworkAttachmentDefinition, metadata: {name: a}, spec: {config: '{"type": "ptp"}'}}
---
kind: ConfigMap
---
{"kind": "Pod", "metadata": {"generateName": "two-", "namespace": "x"}}
"""
    found = manifests.documents(text, name="f")
    pods = manifests.pods(found, namespace="demo")
    assert [(pod.namespace, pod.name) for pod in pods] == [("demo", "one"), ("x", "two-")]
    (nad,) = manifests.nads(found, namespace="demo")
    assert (nad.namespace, nad.name, nad.config) == ("demo", "a", '{"type": "ptp"}')


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [", "cannot read f: neither JSON .* nor YAML .* at line 1"),
        ("- 1", "expected Kubernetes objects"),
        ("text", "expected Kubernetes"),
    ],
)
def test_a_file_of_something_else_is_refused(text: str, said: str) -> None:
    with pytest.raises(InventoryError, match=said):
        manifests.documents(text, name="f")


@pytest.mark.parametrize(
    "document", [{"kind": "Pod"}, {"kind": "Pod", "metadata": {"name": "x", "annotations": [1]}}], ids=str
)
def test_a_pod_that_is_none_is_refused(document: dict[str, object]) -> None:
    with pytest.raises(InventoryError, match="Pod default/"):
        manifests.pods(manifests.documents(json.dumps(document), name="f"), namespace="default")
