"""What a ResourceClaim is allocated, and whether a pod may use it (resource.k8s.io/v1). Documents in, values out."""

from __future__ import annotations

from multus_py.base import fields, value
from multus_py.cluster import errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from multus_py.base.fields import Fields
    from multus_py.base.jsontext import JSONObject
    from multus_py.cluster.objects import Claim


class Allocated(value.Value):
    """A device that a claim is allocated."""

    claim: str
    """The claim, as messages call it."""
    driver: str
    pool: str
    device: str
    resource: str = ""
    """The extended resource that the pod asked for it by; "" when it named the claim."""
    admin: bool = False
    """Whether it is there to be looked at, and may be in use by others."""

    def __str__(self) -> str:
        """Name it for messages."""
        return f"device {self.driver}/{self.pool}/{self.device} of {self.claim}"


def read(claim: Claim, document: JSONObject, *, pod_uid: str) -> list[Allocated]:
    """Return what a claim is allocated, in order.

    Raises:
        ClusterError: It is not allocated, is not reserved for the pod, or lacks an extended resource of the pod.
        FieldError: It is no ResourceClaim.
    """
    called = f'ResourceClaim "{claim.name}"' + (f' (the pod\'s "{claim.entry}")' if claim.entry else "")
    status = fields.Fields(document, f"ResourceClaim {claim.name}", folded=False).fields("status")
    if not status.has("allocation"):
        raise errors.UnavailableError(f"{called} is not allocated")
    if not _is_reserved(status, pod_uid):
        raise errors.UnavailableError(f"{called} is not reserved for the pod (its UID {pod_uid} is not in reservedFor)")
    results = status.fields("allocation").fields("devices").objects("results")
    if claim.resources:
        chosen = [
            (result, resource)
            for request, resource in claim.resources
            for result in _of_request(results, request, resource, called)
        ]
    else:
        chosen = [(result, "") for result in results]
    return [_allocated(result, called, resource) for result, resource in chosen]


def _allocated(result: Fields, claim: str, resource: str) -> Allocated:
    return Allocated(
        claim=claim,
        driver=result.text("driver"),
        pool=result.text("pool"),
        device=result.text("device"),
        resource=resource,
        admin=result.flag("adminAccess"),
    )


def _is_reserved(status: Fields, pod_uid: str) -> bool:
    """Tell whether a claim is the pod's. Whether the pod belongs to a group that has it, the kubelet has looked."""
    holders = status.objects("reservedFor")
    return any(holder.text("uid") == pod_uid or holder.text("resource") == "podgroups" for holder in holders)


def _of_request(results: tuple[Fields, ...], request: str, resource: str, called: str) -> list[Fields]:
    """Return the results of a request, or of one of its subrequests (`request/subrequest`)."""
    found = [result for result in results if result.text("request").partition("/")[0] == request]
    if not found:
        problem = f'has nothing allocated for request "{request}", which stands for the extended resource {resource}'
        raise errors.ClusterError(f"{called} {problem}")
    return found
