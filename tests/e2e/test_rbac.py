"""What each rule of conf/rbac.yaml is for: without it, what its comment says happens, and nothing worse.

The rules for devices are tried in test_dra.py.
"""

from __future__ import annotations

import pytest

from multus_py.lab.objects import text
from tests.e2e import networks
from tests.e2e.api import RBAC
from tests.e2e.cluster import Cluster, Space, status_of
from tests.e2e.node import Node
from tests.e2e.permissions import ROLE, may, rules_of, without
from tests.e2e.waiting import wait_for

_GROUP = "k8s.cni.cncf.io"


def test_rbac_holds_the_least(cluster: Cluster) -> None:
    assert rules_of(cluster.api.get(ROLE)) == [
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"]},
        {"apiGroups": [""], "resources": ["pods/status"], "verbs": ["patch"]},
        {"apiGroups": [_GROUP], "resources": ["network-attachment-definitions"], "verbs": ["get", "list", "watch"]},
        {"apiGroups": ["resource.k8s.io"], "resources": ["resourceclaims"], "verbs": ["get"]},
        {"apiGroups": ["resource.k8s.io"], "resources": ["resourceslices"], "verbs": ["list"]},
        {"apiGroups": [""], "resources": ["events"], "verbs": ["create", "patch"]},
    ]
    (rule,) = rules_of(cluster.api.get(f"{RBAC}/namespaces/kube-system/roles/multus"))
    assert rule == {
        "apiGroups": ["apps"],
        "resources": ["daemonsets"],
        "resourceNames": ["kube-multus-ds"],
        "verbs": ["get"],
    }
    for verb in ("update", "delete", "create"):
        assert not may(cluster, verb, "pods")
    assert not may(cluster, "get", "secrets")


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
    with without(space.cluster, resource, verb):
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
    with without(space.cluster, "events", "create"):
        space.pod("silent", "storage", on=left)
        pod = space.running("silent")
    assert [text(entry, "interface") for entry in status_of(pod)] == ["eth0", "net1"]
    assert "AddedInterface" not in {text(event, "reason") for event in space.events("silent")}
