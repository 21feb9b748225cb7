"""From a pod's claims to its devices: what is asked, in which order, and what comes of the answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pytest

from multus_py.cluster import claimed, errors, operation
from multus_py.cluster.objects import Claim, Pod
from multus_py.cluster.operation import Operation
from multus_py.lab import selectors
from multus_py.lab.kinds import SLICES
from multus_py.lab.objects import text
from tests.fakes import dra

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONObject

NICS, GPUS = "nics.example.com", "gpus.example.com"
NIC, FAST = "vendor.com/nic", "vendor.com/fast"


class Server:
    """Answers from documents; a page has one slice."""

    def __init__(self, *documents: JSONObject) -> None:
        self.claims = {text(each, "metadata", "name"): each for each in documents if "status" in each}
        self.slices = [each for each in documents if "status" not in each]
        self.asked: list[list[str]] = []
        """What was asked at once, and what after that."""

    def ask(self, wanted: Sequence[Operation]) -> list[JSONObject]:
        self.asked.append([str(one) for one in wanted])
        return [self._claim(one) if one.resource == operation.CLAIMS else self._page(one) for one in wanted]

    def _claim(self, wanted: Operation) -> JSONObject:
        if wanted.name not in self.claims:
            raise errors.NotFoundError(f"cannot {wanted}: 404 Not Found")
        return self.claims[wanted.name]

    def _page(self, wanted: Operation) -> JSONObject:
        query = dict(wanted.query)
        matches = selectors.by_fields(SLICES, query["fieldSelector"])
        found = [each for each in self.slices if matches(each)]
        first = int(query.get("continue", "0"))
        token = str(first + 1) if first + 1 < len(found) else ""
        return {"metadata": {"continue": token}, "items": [*found[first : first + 1]]}


def pod(*claims: Claim, node: str = "node1") -> Pod:
    return Pod(namespace="default", name="web", uid="uid-1", node=node, claims=claims)


def given(name: str, *devices: tuple[str, ...]) -> JSONObject:
    return dra.claim(name, devices, reserved_for=["uid-1"])


def vf(index: int) -> str:
    return f"0000:3b:02.{index}"


NODE1 = dra.slice_of("node1", {f"vf-{index}": (vf(index), NIC) for index in range(4)}, driver=NICS, node="node1")


def test_claims_are_asked_for_together_and_then_the_slices_of_their_drivers() -> None:
    server = Server(given("a", (NICS, "node1", "vf-0")), given("b", (GPUS, "node1", "gpu-0")), NODE1)
    server.slices.append(dra.slice_of("node1", {"gpu-0": ("", "")}, driver=GPUS, node="node1"))
    claimed.devices(pod(Claim(name="a"), Claim(name="b")), server.ask)
    assert server.asked == [
        [
            'get resourceclaims.resource.k8s.io "a" in namespace "default"',
            'get resourceclaims.resource.k8s.io "b" in namespace "default"',
        ],
        [
            f"list resourceslices.resource.k8s.io with spec.driver={driver},spec.nodeName={node} in the whole cluster"
            for driver in (NICS, GPUS)
            for node in ("node1", "")
        ],
    ]


def test_devices_come_by_resource_in_the_order_of_claims_and_results() -> None:
    server = Server(
        given("a", (NICS, "node1", "vf-3"), (NICS, "node1", "vf-1")),
        given("b", (NICS, "fast", "p0"), (NICS, "node1", "vf-0")),
        NODE1,
        dra.slice_of("fast", {"p0": ("fast0", FAST)}, driver=NICS),
    )
    found = claimed.devices(pod(Claim(name="b"), Claim(name="a"), Claim(name="b", entry="again")), server.ask)
    assert dict(found.claimed) == {FAST: ("fast0",), NIC: (vf(0), vf(3), vf(1))}
    assert (found.kubelet, found.passed_over) == (None, ())


def test_a_slice_on_a_later_page_is_found() -> None:
    more = [dra.slice_of(f"pool{index}", {"p": (f"id{index}", NIC)}, driver=NICS) for index in range(3)]
    server = Server(given("a", (NICS, "pool2", "p"), (NICS, "node1", "vf-0")), NODE1, *more)
    assert dict(claimed.devices(pod(Claim(name="a")), server.ask).claimed) == {NIC: ("id2", vf(0))}
    assert [len(once) for once in server.asked] == [1, 2, 1, 1]


def test_other_nodes_slices_are_not_asked_for() -> None:
    other = dra.slice_of("node1", {"vf-0": ("another node's", NIC)}, driver=NICS, node="node2", generation=9)
    server = Server(given("a", (NICS, "node1", "vf-0")), NODE1, other)
    assert dict(claimed.devices(pod(Claim(name="a")), server.ask).claimed) == {NIC: (vf(0),)}


def test_a_pod_without_a_node_has_its_devices_anywhere() -> None:
    server = Server(given("a", (NICS, "node1", "vf-0")), NODE1)
    assert dict(claimed.devices(pod(Claim(name="a"), node=""), server.ask).claimed) == {NIC: (vf(0),)}


def test_devices_that_are_for_no_network_are_passed_over_with_a_reason() -> None:
    devices = {"gpu-0": ("", ""), "vf-8": (vf(8), ""), "vf-9": ("", NIC)}
    names = [*devices, "vf-0"]
    server = Server(
        given("a", *((NICS, "node1", name) for name in names)),
        dra.slice_of("node1", {**devices, "vf-0": (vf(0), NIC)}, driver=NICS, node="node1"),
    )
    found = claimed.devices(pod(Claim(name="a", entry="nic")), server.ask)
    assert dict(found.claimed) == {NIC: (vf(0),)}
    of = 'of ResourceClaim "a" (the pod\'s "nic") has no attribute'
    assert found.passed_over == (
        f"device {NICS}/node1/gpu-0 {of} {dra.DEVICE_ID} and no {dra.RESOURCE_NAME} with a string",
        f"device {NICS}/node1/vf-8 {of} {dra.RESOURCE_NAME} with a string",
        f"device {NICS}/node1/vf-9 {of} {dra.DEVICE_ID} with a string",
    )


def test_a_device_that_is_only_there_to_be_looked_at_is_not_attached() -> None:
    watched = given("a", (NICS, "node1", "vf-0"))
    result: JSONObject = {"driver": NICS, "pool": "node1", "device": "vf-0", "request": "nic", "adminAccess": True}
    watched["status"] = {"allocation": {"devices": {"results": [result]}}, "reservedFor": [{"uid": "uid-1"}]}
    server = Server(watched)
    found = claimed.devices(pod(Claim(name="a")), server.ask)
    assert dict(found.claimed) == {}
    assert "adminAccess" in found.passed_over[0]
    assert len(server.asked) == 1


def extended(resource: str) -> Claim:
    return Claim(name="x", resources=(("container-0-request-0", resource),))


def test_an_extended_resource_is_that_of_the_device() -> None:
    server = Server(given("x", (NICS, "node1", "vf-0", "container-0-request-0")), NODE1)
    assert dict(claimed.devices(pod(extended(NIC)), server.ask).claimed) == {NIC: (vf(0),)}
    with pytest.raises(errors.ClusterError, match=f"allocated for resource {FAST}, but .*resourceName says {NIC}"):
        claimed.devices(pod(extended(FAST)), server.ask)


def test_a_claim_that_is_not_there_does_not_look_like_a_pod_that_is_gone() -> None:
    with pytest.raises(errors.ClusterError, match=r'a ResourceClaim of the pod is not there: .*"missing"') as caught:
        claimed.devices(pod(Claim(name="missing", entry="nic")), Server().ask)
    assert not isinstance(caught.value, errors.NotFoundError)


def test_a_claim_that_is_still_to_be_made_may_come() -> None:
    server = Server()
    with pytest.raises(errors.UnavailableError, match='the pod calls "nic" has not been made of its template yet'):
        claimed.devices(pod(Claim(name="", entry="nic")), server.ask)
    assert server.asked == []


def test_a_device_that_is_not_published_is_named() -> None:
    server = Server(given("a", (NICS, "node1", "vf-7")), NODE1)
    with pytest.raises(errors.ClusterError, match=f'device {NICS}/node1/vf-7 of ResourceClaim "a" is not published'):
        claimed.devices(pod(Claim(name="a")), server.ask)


def test_an_answer_that_is_none_says_where() -> None:
    server = Server(given("a", (NICS, "node1", "vf-0")), {"spec": {"driver": NICS, "nodeName": "node1", "pool": "?"}})
    with pytest.raises(errors.ClusterError, match=r"of no use: ResourceSlice.spec.pool: expected an object"):
        claimed.devices(pod(Claim(name="a")), server.ask)
