"""What a claim is allocated, and who may have it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from multus_py.base.fields import FieldError
from multus_py.cluster import allocation, errors
from multus_py.cluster.allocation import Allocated
from multus_py.cluster.objects import Claim
from tests.fakes import dra

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONObject

NIC = Claim(name="web-nic-x7", entry="nic")
EXTENDED = Claim(name="web-extended-x8", resources=(("second", "vendor.com/b"), ("first", "vendor.com/a")))
VF0, VF1 = ("nics.example.com", "node1", "vf-0"), ("nics.example.com", "node1", "vf-1")


def named(found: list[Allocated]) -> list[tuple[str, str]]:
    return [(one.device, one.resource) for one in found]


def test_results_come_in_their_order() -> None:
    document = dra.claim("web-nic-x7", [VF1, (*VF0, "nic/fast")], reserved_for=["other", "uid-1"])
    found = allocation.read(NIC, document, pod_uid="uid-1")
    assert named(found) == [("vf-1", ""), ("vf-0", "")]
    called = 'device nics.example.com/node1/vf-1 of ResourceClaim "web-nic-x7" (the pod\'s "nic")'
    assert str(found[0]) == called


def test_a_claim_without_devices_has_none() -> None:
    assert allocation.read(NIC, dra.claim("web-nic-x7", [], reserved_for=["uid-1"]), pod_uid="uid-1") == []


def test_a_claim_that_is_not_allocated_may_be_so_later() -> None:
    with pytest.raises(
        errors.UnavailableError, match=r'ResourceClaim "web-nic-x7" \(the pod\'s "nic"\) is not allocat'
    ):
        allocation.read(NIC, dra.claim("web-nic-x7", None), pod_uid="uid-1")


@pytest.mark.parametrize("holders", [[], ["uid-2"]], ids=["nobody's", "another's"])
def test_a_claim_has_to_be_reserved_for_the_pod(holders: list[str]) -> None:
    with pytest.raises(errors.UnavailableError, match=r"web-nic-x7.* is not reserved for the pod .*uid-1"):
        allocation.read(NIC, dra.claim("web-nic-x7", [VF0], reserved_for=holders), pod_uid="uid-1")


def test_a_claim_may_be_reserved_for_a_group_of_pods() -> None:
    document = dra.claim("web-nic-x7", [VF0])
    status = document["status"]
    assert isinstance(status, dict)
    group: JSONObject = {"apiGroup": "scheduling.k8s.io", "resource": "podgroups", "name": "workers", "uid": "uid-9"}
    status["reservedFor"] = [group]
    assert named(allocation.read(NIC, document, pod_uid="uid-1")) == [("vf-0", "")]


def test_extended_resources_come_in_the_pods_order_with_their_subrequests() -> None:
    results = [(*VF0, "first"), (*VF1, "second/fast"), ("gpus.example.com", "node1", "gpu-0", "third")]
    document = dra.claim("web-extended-x8", results, reserved_for=["uid-1"])
    found = allocation.read(EXTENDED, document, pod_uid="uid-1")
    assert named(found) == [("vf-1", "vendor.com/b"), ("vf-0", "vendor.com/a")]


def test_an_extended_resource_without_a_device_is_an_error() -> None:
    document = dra.claim("web-extended-x8", [(*VF1, "second")], reserved_for=["uid-1"])
    with pytest.raises(
        errors.ClusterError, match=r'web-extended-x8" has nothing allocated for request "first".*or.com/a'
    ):
        allocation.read(EXTENDED, document, pod_uid="uid-1")


def test_what_is_no_claim_is_refused() -> None:
    with pytest.raises(FieldError, match=r"ResourceClaim web-nic-x7\.status"):
        allocation.read(NIC, {"status": "allocated"}, pod_uid="uid-1")
