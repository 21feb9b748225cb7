"""What the plugin's account may do, and what it is like without."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager

from multus_py.lab.objects import JSON, Object, at
from tests.e2e.api import RBAC
from tests.e2e.cluster import Cluster
from tests.e2e.waiting import wait_for

ROLE = f"{RBAC}/clusterroles/multus"
_USER = "system:serviceaccount:kube-system:multus"
_GROUPS = {
    "network-attachment-definitions": "k8s.cni.cncf.io",
    "resourceclaims": "resource.k8s.io",
    "resourceslices": "resource.k8s.io",
}


@contextmanager
def without(cluster: Cluster, resource: str, verb: str) -> Iterator[None]:
    """Take a rule out of the role for a while."""
    role = cluster.api.get(ROLE)
    rules = rules_of(role)
    kept: list[JSON] = [rule for rule in rules if at(rule, "resources") != [resource]]
    assert len(kept) == len(rules) - 1
    cluster.api.patch(ROLE, {"rules": kept})
    try:
        wait_for(lambda: not may(cluster, verb, resource), f"{verb} {resource} is forbidden", timeout=20)
        yield
    finally:
        cluster.api.patch(ROLE, {"rules": copy.deepcopy(rules)})
        wait_for(lambda: may(cluster, verb, resource), f"{verb} {resource} is allowed", timeout=20)


def rules_of(role: Object) -> list[JSON]:
    """Return the rules of a role."""
    rules = role["rules"]
    assert isinstance(rules, list)
    return rules


def may(cluster: Cluster, verb: str, resource: str) -> bool:
    """Ask the API server what the plugin's account may do."""
    name, _, subresource = resource.partition("/")
    attributes: Object = {"verb": verb, "resource": name, "subresource": subresource, "namespace": "default"}
    attributes["group"] = _GROUPS.get(name, "")
    review: Object = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {"user": _USER, "resourceAttributes": attributes},
    }
    answer = cluster.api.create("/apis/authorization.k8s.io/v1/subjectaccessreviews", review)
    return at(answer, "status", "allowed") is True
