"""What each rule of conf/rbac.yaml is for: without it, what its comment says happens, and nothing worse."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from multus_py.lab.objects import JSON, Object, at, text
from tests.e2e import networks
from tests.e2e.api import RBAC
from tests.e2e.cluster import Cluster, Space, status_of
from tests.e2e.node import Node
from tests.e2e.waiting import wait_for

_ROLE = f"{RBAC}/clusterroles/multus"
_USER = "system:serviceaccount:kube-system:multus"
_GROUP = "k8s.cni.cncf.io"


def test_rbac_holds_the_least(cluster: Cluster) -> None:
    assert _rules(cluster.api.get(_ROLE)) == [
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"]},
        {"apiGroups": [""], "resources": ["pods/status"], "verbs": ["patch"]},
        {"apiGroups": [_GROUP], "resources": ["network-attachment-definitions"], "verbs": ["get", "list", "watch"]},
        {"apiGroups": [""], "resources": ["events"], "verbs": ["create", "patch"]},
    ]
    (rule,) = _rules(cluster.api.get(f"{RBAC}/namespaces/kube-system/roles/multus"))
    assert rule == {
        "apiGroups": ["apps"],
        "resources": ["daemonsets"],
        "resourceNames": ["kube-multus-ds"],
        "verbs": ["get"],
    }
    for verb in ("update", "delete", "create"):
        assert not _may(cluster, verb, "pods")
    assert not _may(cluster, "get", "secrets")


@pytest.mark.parametrize(
    ("resource", "verb", "words"),
    [
        ("pods", "get", ("cannot read the pod", "pods")),
        ("pods/status", "patch", ("cannot write the network status", "pods/status")),
        ("network-attachment-definitions", "get", ("cannot find a network-attachment-definition (storage)",)),
    ],
    ids=["pods", "pods-status", "networks"],
)
def test_rbac_without_a_rule_the_pod_says_what_is_missing(
    space: Space, left: Node, *, resource: str, verb: str, words: tuple[str, ...]
) -> None:
    space.nad("storage", networks.macvlan())
    with _without(space.cluster, resource, verb):
        space.pod("stuck", "storage", on=left)
        message = space.event("stuck", "FailedCreatePodSandBox", *words)
        assert verb in message
        assert "forbidden" in message.lower()
        wait_for(lambda: not left.records(), "the failed ADD is undone", timeout=10, found=left.leftovers)
        if resource == "network-attachment-definitions":
            space.event("stuck", "NoNetworkFound", "storage")
    assert list(left.addresses(space.running("stuck", timeout=90))) == ["eth0", "net1"]


def test_rbac_without_events_pods_start_and_say_nothing(space: Space, left: Node) -> None:
    space.nad("storage", networks.macvlan())
    with _without(space.cluster, "events", "create"):
        space.pod("silent", "storage", on=left)
        pod = space.running("silent")
    assert [text(entry, "interface") for entry in status_of(pod)] == ["eth0", "net1"]
    assert "AddedInterface" not in {text(event, "reason") for event in space.events("silent")}


@contextmanager
def _without(cluster: Cluster, resource: str, verb: str) -> Iterator[None]:
    """Take a rule out of the role for a while."""
    role = cluster.api.get(_ROLE)
    rules = _rules(role)
    kept: list[JSON] = [rule for rule in rules if at(rule, "resources") != [resource]]
    assert len(kept) == len(rules) - 1
    cluster.api.patch(_ROLE, {"rules": kept})
    try:
        wait_for(lambda: not _may(cluster, verb, resource), f"{verb} {resource} is forbidden", timeout=20)
        yield
    finally:
        cluster.api.patch(_ROLE, {"rules": copy.deepcopy(rules)})
        wait_for(lambda: _may(cluster, verb, resource), f"{verb} {resource} is allowed", timeout=20)


def _rules(role: Object) -> list[JSON]:
    rules = role["rules"]
    assert isinstance(rules, list)
    return rules


def _may(cluster: Cluster, verb: str, resource: str) -> bool:
    """Ask the API server what the plugin's account may do."""
    name, _, subresource = resource.partition("/")
    attributes: Object = {"verb": verb, "resource": name, "subresource": subresource, "namespace": "default"}
    if name == "network-attachment-definitions":
        attributes["group"] = _GROUP
    review: Object = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {"user": _USER, "resourceAttributes": attributes},
    }
    answer = cluster.api.create("/apis/authorization.k8s.io/v1/subjectaccessreviews", review)
    return at(answer, "status", "allowed") is True
