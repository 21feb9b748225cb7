"""Paths and what they are about."""

from __future__ import annotations

import pytest

from multus_py.lab import routes
from multus_py.lab.apierrors import ApiError
from multus_py.lab.kinds import EVENTS, NADS, NAMESPACES, PODS
from multus_py.lab.routes import Target

NAD_PATH = "/apis/k8s.cni.cncf.io/v1"


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/api/v1/pods", Target(PODS)),
        ("/api/v1/namespaces/ns1/pods", Target(PODS, "ns1")),
        ("/api/v1/namespaces/ns1/pods/pod1", Target(PODS, "ns1", "pod1")),
        ("/api/v1/namespaces/ns1/pods/pod1/status", Target(PODS, "ns1", "pod1", "status")),
        ("/api/v1/namespaces/ns1/events", Target(EVENTS, "ns1")),
        ("/api/v1/namespaces", Target(NAMESPACES)),
        ("/api/v1/namespaces/ns1", Target(NAMESPACES, "", "ns1")),
        (f"{NAD_PATH}/network-attachment-definitions", Target(NADS)),
        (f"{NAD_PATH}/namespaces/ns1/network-attachment-definitions/net%31", Target(NADS, "ns1", "net1")),
    ],
)
def test_a_path_names_a_kind_a_namespace_and_an_object(path: str, target: Target) -> None:
    assert routes.resolve(path) == target


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/api/v1/nodes",
        "/api/v2/pods",
        "/api/v1/pods/pod1",
        "/api/v1/namespaces/ns1/pods/pod1/exec",
        "/api/v1/namespaces/ns1/pods/pod1/status/more",
        "/api/v1/namespaces/ns1/events/event1/status",
        "/api/v1/namespaces/ns1/namespaces/ns2",
        f"{NAD_PATH}/pods",
        "/apis/k8s.cni.cncf.io",
    ],
)
def test_anything_else_is_not_found(path: str) -> None:
    with pytest.raises(ApiError) as caught:
        routes.resolve(path)
    assert caught.value.code == 404


@pytest.mark.parametrize(
    ("method", "target", "watching", "verb"),
    [
        ("GET", Target(PODS), False, "list"),
        ("GET", Target(PODS), True, "watch"),
        ("GET", Target(PODS, "ns1", "pod1"), False, "get"),
        ("POST", Target(PODS, "ns1"), False, "create"),
        ("PUT", Target(PODS, "ns1", "pod1"), False, "update"),
        ("PATCH", Target(PODS, "ns1", "pod1"), False, "patch"),
        ("DELETE", Target(PODS, "ns1", "pod1"), False, "delete"),
    ],
)
def test_a_method_is_a_verb_of_rbac(method: str, target: Target, *, watching: bool, verb: str) -> None:
    assert routes.verb(method, target, watching=watching) == verb
