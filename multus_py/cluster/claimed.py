"""The devices of a pod's resource claims (DRA): what to ask for, and what the answers come to. How is the caller's.

A claim says which devices are allocated, as driver/pool/device; the driver's ResourceSlices say what each is called by
plugins, and which resource it belongs to, in two attributes (multus-behaviour 5.2). Claims count in the pod's order,
their results in the allocation's: that is the order in which networks get the devices.
"""

from __future__ import annotations

from multus_py.base import fields
from multus_py.cluster import allocation, errors, operation, slices
from multus_py.cluster.operation import Operation
from multus_py.cluster.port import PodDevices

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import TypeAlias

    from multus_py.base.jsontext import JSONObject
    from multus_py.cluster.allocation import Allocated
    from multus_py.cluster.objects import Claim, Pod
    from multus_py.cluster.slices import Device

    Ask: TypeAlias = Callable[[Sequence[Operation]], list[JSONObject]]
    """Carries out operations and returns the documents, in order. Raises ClusterError."""

PAGE = "50"
"""How many slices come at once: they may have 128 devices each, and an answer has to have bounds."""


def devices(pod: Pod, ask: Ask) -> PodDevices:
    """Return the devices of a pod's claims.

    Args:
        pod: The pod, which knows its claims.
        ask: Asks the API server.

    Raises:
        ClusterError: A claim is not there, not allocated, not the pod's, or has a device that is not published.
    """
    try:
        return _devices(pod, ask)
    except fields.FieldError as error:
        raise errors.ClusterError(f"the cluster's answer is of no use: {error}") from error


def _devices(pod: Pod, ask: Ask) -> PodDevices:
    allocated = _allocated(pod, ask)
    ours = [one for one in allocated if not one.admin]
    published = _published(dict.fromkeys(one.driver for one in ours), pod.node, ask)
    found: dict[str, tuple[str, ...]] = {}
    passed_over = [
        f"{one} is there to be looked at (adminAccess): it may be another pod's" for one in allocated if one.admin
    ]
    for one in ours:
        device = published.device(one.driver, one.pool, one.device, whose=str(one))
        if device.missing:
            passed_over.append(f"{one} has no attribute {' and no '.join(device.missing)} with a string")
            continue
        _check_resource(one, device)
        found[device.resource] = (*found.get(device.resource, ()), device.id)
    return PodDevices(claimed=found, passed_over=tuple(passed_over))


def _allocated(pod: Pod, ask: Ask) -> list[Allocated]:
    """Ask for the claims, and return what they are allocated."""
    claims: dict[str, Claim] = {}
    for claim in pod.claims or ():
        if not claim.name:
            problem = f'the ResourceClaim that the pod calls "{claim.entry}" has not been made of its template yet'
            raise errors.UnavailableError(problem)
        claims.setdefault(claim.name, claim)  # named twice, it is one claim with one allocation nevertheless
    wanted = [Operation(verb="get", resource=operation.CLAIMS, namespace=pod.namespace, name=name) for name in claims]
    try:
        documents = ask(wanted)
    except errors.NotFoundError as error:  # for the caller that would mean that the pod is gone
        raise errors.ClusterError(f"a ResourceClaim of the pod is not there: {error}") from error
    return [
        one
        for claim, document in zip(claims.values(), documents, strict=True)
        for one in allocation.read(claim, document, pod_uid=pod.uid)
    ]


def _published(drivers: Iterable[str], node: str, ask: Ask) -> slices.Published:
    """Ask for all slices in which the drivers may publish devices of a node: the node's own, and those of no one node.

    Which of the latter are for this node need not be found out: the claim names the device, and whoever allocated it
    has looked. So there is no need to know the node.
    """
    places = (f",spec.nodeName={node}", ",spec.nodeName=") if node else ("",)
    wanted = [_list(f"spec.driver={driver}{place}", token="") for driver in drivers for place in places]
    found: list[JSONObject] = []
    while wanted:
        pages = [fields.Fields(page, "ResourceSliceList", folded=False) for page in ask(wanted)]
        found += [item for page in pages for item in page.array("items") if isinstance(item, dict)]
        tokens = [page.fields("metadata").text("continue") for page in pages]
        wanted = [
            _list(dict(one.query)["fieldSelector"], token=token)
            for one, token in zip(wanted, tokens, strict=True)
            if token
        ]
    return slices.Published(found)


def _list(selector: str, *, token: str) -> Operation:
    query = (("fieldSelector", selector), ("limit", PAGE), *((("continue", token),) if token else ()))
    return Operation(verb="list", resource=operation.SLICES, query=query)


def _check_resource(one: Allocated, device: Device) -> None:
    """Refuse a device of another resource than the one that the pod asked for. Raises ClusterError."""
    if one.resource and device.resource != one.resource:
        problem = f"{one} is allocated for resource {one.resource}, but its attribute {slices.RESOURCE_NAME} says"
        raise errors.ClusterError(f"{problem} {device.resource}")
