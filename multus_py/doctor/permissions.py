"""What the node's account has to be allowed: all verbs of conf/rbac.yaml, and what each of them is for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONObject

NADS = "network-attachment-definitions"


@dataclass(frozen=True, kw_only=True)
class Permission:
    """Something that the node's account has to be allowed: a verb of a rule in conf/rbac.yaml."""

    verb: str
    resource: str
    group: str = ""
    subresource: str = ""
    name: str = ""
    namespace: str = ""
    """Empty for all namespaces."""
    lost: str
    """What does not work without it."""
    vital: bool = True
    """Whether pods fail without it."""

    @property
    def attributes(self) -> JSONObject:
        """What a review is asked about."""
        return {
            key: getattr(self, key)
            for key in ("namespace", "verb", "group", "resource", "subresource", "name")
            if getattr(self, key)
        }

    def __str__(self) -> str:
        """Name it as kubectl does: "get network-attachment-definitions.k8s.cni.cncf.io"."""
        resource = ".".join(part for part in (self.resource, self.group) if part)
        return f"{self.verb} {'/'.join(part for part in (resource, self.subresource) if part)}"


_GROUP = "k8s.cni.cncf.io"
_DRA = "resource.k8s.io"
_CLAIMS_LOST = "no pod with resource claims whose network needs a device starts"
_PODS_LOST = "no pod of this node starts"
_CACHE_LOST = "the daemon has nothing in memory, and calls ask the API server themselves"
PERMISSIONS = (
    Permission(verb="get", resource="pods", lost=_PODS_LOST),
    Permission(verb="list", resource="pods", lost=_CACHE_LOST, vital=False),
    Permission(verb="watch", resource="pods", lost=_CACHE_LOST, vital=False),
    Permission(verb="patch", resource="pods", subresource="status", lost="no pod with a status to write starts"),
    Permission(verb="get", group=_GROUP, resource=NADS, lost="no pod that asks for a network starts"),
    Permission(verb="list", group=_GROUP, resource=NADS, lost=_CACHE_LOST, vital=False),
    Permission(verb="watch", group=_GROUP, resource=NADS, lost=_CACHE_LOST, vital=False),
    Permission(verb="get", group=_DRA, resource="resourceclaims", lost=_CLAIMS_LOST, vital=False),
    Permission(verb="list", group=_DRA, resource="resourceslices", lost=_CLAIMS_LOST, vital=False),
    Permission(verb="create", resource="events", lost="pods start, but `kubectl describe` says nothing", vital=False),
    Permission(verb="patch", resource="events", lost="events are not counted up", vital=False),
    Permission(
        verb="get",
        group="apps",
        resource="daemonsets",
        name="kube-multus-ds",
        namespace="kube-system",
        lost="nodes are not restored when the DaemonSet is deleted",
        vital=False,
    ),
)
"""All verbs of conf/rbac.yaml (a test compares)."""
