"""What counts of published slices, and what is said of a device that is not among them."""

from __future__ import annotations

import pytest

from multus_py.base.fields import FieldError
from multus_py.cluster import errors, slices
from multus_py.cluster.slices import Device, Published
from tests.fakes import dra

DRIVER = "nics.example.com"
VF0 = {"vf-0": ("0000:3b:02.0", "vendor.com/nic")}
VF1 = {"vf-1": ("0000:3b:02.1", "vendor.com/nic")}


def find(published: Published, name: str, *, pool: str = "node1", driver: str = DRIVER) -> Device:
    return published.device(driver, pool, name, whose=f"device {name}")


def test_a_device_has_its_id_and_its_resource() -> None:
    published = Published([dra.slice_of("node1", {**VF0, **VF1}, driver=DRIVER)])
    assert find(published, "vf-1") == Device(id="0000:3b:02.1", resource="vendor.com/nic")


def test_attributes_that_are_no_strings_count_as_none() -> None:
    document = dra.slice_of("node1", {"vf-0": ("", "")}, driver=DRIVER)
    document["spec"] = {
        "driver": DRIVER,
        "pool": {"name": "node1", "generation": 1, "resourceSliceCount": 1},
        "devices": [{"name": "vf-0", "attributes": {slices.DEVICE_ID: {"int": 7}}}, {"name": "vf-1"}],
    }
    published = Published([document])
    assert [find(published, name) for name in ("vf-0", "vf-1")] == [Device(), Device()]


def test_only_the_newest_generation_of_a_pool_counts() -> None:
    old = dra.slice_of("node1", {**VF1, "vf-0": ("0000:ff:00.0", "old")}, driver=DRIVER, generation=9)
    new = dra.slice_of("node1", VF0, driver=DRIVER, generation=10)
    for published in (Published([old, new]), Published([new, old])):
        assert find(published, "vf-0").id == "0000:3b:02.0"
        with pytest.raises(errors.ClusterError, match="vf-1 is not published: generation 10 of its pool has no such"):
            find(published, "vf-1")


def test_pools_of_one_name_are_each_drivers_own() -> None:
    other = dra.slice_of("node1", VF1, driver="gpus.example.com", generation=2)
    published = Published([dra.slice_of("node1", VF0, driver=DRIVER), other])
    assert find(published, "vf-0").id == "0000:3b:02.0"
    assert find(published, "vf-1", driver="gpus.example.com").id == "0000:3b:02.1"


def test_what_is_missing_of_an_incomplete_pool_may_come() -> None:
    published = Published([dra.slice_of("node1", VF0, driver=DRIVER, generation=4, count=2)])
    assert find(published, "vf-0").id == "0000:3b:02.0"
    with pytest.raises(errors.UnavailableError, match="only 1 of 2 ResourceSlices of generation 4 of its pool"):
        find(published, "vf-1")


def test_a_pool_that_nobody_has_published_may_come() -> None:
    published = Published([dra.slice_of("node2", VF0, driver=DRIVER)])
    with pytest.raises(errors.UnavailableError, match="has no ResourceSlice of the pool"):
        find(published, "vf-0")


def test_a_device_that_is_there_twice_is_none() -> None:
    twice = [dra.slice_of("node1", VF0, driver=DRIVER, name=name, count=2) for name in ("a", "b")]
    with pytest.raises(errors.ClusterError, match="is published 2 times in generation 1"):
        find(Published(twice), "vf-0")


def test_a_slice_of_counters_is_a_part_of_its_pool() -> None:
    counters = dra.slice_of("node1", {}, driver=DRIVER, name="counters", count=2)
    published = Published([counters, dra.slice_of("node1", VF0, driver=DRIVER, count=2)])
    with pytest.raises(errors.ClusterError, match="generation 1 of its pool has no such device") as caught:
        find(published, "vf-1")
    assert not isinstance(caught.value, errors.UnavailableError)


def test_what_is_no_slice_is_refused() -> None:
    with pytest.raises(FieldError, match="pool"):
        Published([{"spec": {"pool": "node1"}}])
