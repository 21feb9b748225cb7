"""What one may do, as far as the lab knows: everything but what was denied; and the reviews that clients ask for."""

from __future__ import annotations

from multus_py.lab.objects import Object, section, text
from multus_py.lab.routes import Target

PATH = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


class Permissions:
    """What is denied to everybody. It may change at any time."""

    def __init__(self) -> None:
        """Allow everything."""
        self._denied: set[tuple[str, str]] = set()

    def deny(self, verb: str, resource: str) -> None:
        """Deny a verb on a resource, both as kubectl calls them: `patch`, `pods/status`."""
        self._denied.add((verb, resource))

    def allow(self, verb: str, target: Target) -> bool:
        """Tell whether a request is allowed."""
        return (verb, _name(target.kind.plural, target.kind.group, target.subresource)) not in self._denied

    def review(self, asked: Object) -> Object:
        """Answer a SelfSubjectAccessReview. Like a real server, this keeps nothing."""
        attributes = section(asked, "spec", "resourceAttributes")
        verb, resource, group, subresource = (
            text(attributes, key) for key in ("verb", "resource", "group", "subresource")
        )
        allowed = (verb, _name(resource, group, subresource)) not in self._denied
        return {**asked, "metadata": {}, "status": {"allowed": allowed}}


def _name(plural: str, group: str, subresource: str) -> str:
    resource = f"{plural}.{group}" if group else plural
    return f"{resource}/{subresource}" if subresource else resource
