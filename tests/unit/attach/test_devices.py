"""Devices for attachments, and what is known of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from multus_py.attach import devices
from multus_py.attach.attachment import Attachment
from multus_py.attach.devices import Device, Devices
from multus_py.attach.networks import Found
from multus_py.cluster.objects import Pod
from multus_py.cni import errors
from multus_py.cni.errors import CNIError
from multus_py.multinet.selection import Selection
from multus_py.node import deviceinfo
from multus_py.node import errors as node_errors
from tests.fakes.node import FakeNode
from tests.unit.attach.world import World, network

POD = Pod(namespace="demo", name="web", uid="u1")
PLAIN = network({"name": "a", "type": "sriov"})


def found(resource: str = "vendor/nic") -> Found:
    return Found(name="demo/a", network=PLAIN, resource=resource)


def wanted(device: str = "") -> Selection:
    return Selection(namespace="demo", name="a", device_id=device)


@pytest.fixture
def node() -> FakeNode:
    node = FakeNode()
    node.devices["u1"] = {"vendor/nic": ("1", "2"), "vendor/none": ()}
    return node


def test_every_network_on_a_resource_gets_a_device_of_its_own(node: FakeNode) -> None:
    """B22: the original asks anew for each default network, and gives the same device twice."""
    shared = Devices(node, POD)
    assert [shared.take(found(), None), shared.take(found(), wanted())] == [
        Device(id="1", allocated=True),
        Device(id="2", allocated=True),
    ]
    assert node.calls == [("allocated_devices", "u1")]


def test_a_network_that_finds_no_device_left_is_an_error_that_names_it(node: FakeNode) -> None:
    with pytest.raises(CNIError) as caught:
        Devices(node, POD).take(found("vendor/none"), None)
    assert caught.value.msg == (
        "network demo/a needs a device of resource vendor/none, but pod demo/web has none left: its containers must "
        "request one for each such network"
    )
    assert caught.value.code == errors.INVALID_CONFIG


CHOICES = {
    "no resource, no wish": (found(""), None, None),
    "no resource, a wish": (found(""), wanted("9"), Device(id="9", allocated=False)),
    "an allocated one before a wish": (found(), wanted("9"), Device(id="1", allocated=True)),
    "a wish when none is left": (found("vendor/none"), wanted("9"), Device(id="9", allocated=False)),
}


@pytest.mark.parametrize(("network", "selection", "device"), CHOICES.values(), ids=list(CHOICES))
def test_a_network_gets_the_device(
    node: FakeNode, network: Found, selection: Selection | None, device: Device | None
) -> None:
    assert Devices(node, POD).take(network, selection) == device


def test_without_a_pod_nothing_is_allocated(node: FakeNode) -> None:
    assert Devices(node, None).take(found(), None) is None
    assert node.calls == []


def test_devices_are_asked_for_only_when_a_network_needs_one(node: FakeNode) -> None:
    Devices(node, POD).take(found(""), wanted("9"))
    assert node.calls == []


def test_a_kubelet_that_cannot_be_asked_is_an_error_that_names_the_pod(node: FakeNode) -> None:
    node.devices_failure = node_errors.NodeError("damaged")
    with pytest.raises(CNIError, match="cannot tell the devices of pod demo/web: damaged"):
        Devices(node, POD).take(found(), None)


# Device information: in files beside the state, because the real place is the whole node's.


def attachment(path: object, *, resource: str = "vendor/nic") -> Attachment:
    given = {devices.INFO_FILE: path} if path else {}
    return Attachment(name="demo/a", network=PLAIN, ifname="net1", resource=resource, device_id="1").replace(
        capability_args=given
    )


def test_what_a_plugin_says_of_a_device_is_read_and_removed(world: World, tmp_path: Path) -> None:
    path = tmp_path / "info"
    path.write_text(json.dumps({"type": "pci", "version": "1.1.0"}))
    assert devices.info(attachment(str(path))) == {"type": "pci", "version": "1.1.0"}
    devices.forget(world.work(), attachment(str(path)))
    assert not path.exists()
    assert devices.info(attachment(str(path))) is None


@pytest.mark.parametrize("path", [None, 5], ids=["none", "no text"])
def test_an_attachment_without_device_information_has_nothing_to_do(world: World, path: object) -> None:
    call = world.work()
    devices.prepare(call, attachment(path))
    devices.forget(call, attachment(path))
    assert devices.info(attachment(path)) is None


def test_a_device_that_no_device_plugin_knows_has_no_information(world: World, tmp_path: Path) -> None:
    path = tmp_path / "info"
    devices.prepare(world.work(), attachment(str(path)))
    assert not path.exists()
    assert world.log() == ""


def test_a_requested_device_has_no_resource_whose_information_could_be_copied(world: World, tmp_path: Path) -> None:
    devices.prepare(world.work(), attachment(str(tmp_path / "info"), resource=""))
    assert list(tmp_path.glob("info")) == []


def test_device_information_that_cannot_be_had_or_removed_is_only_logged(world: World, tmp_path: Path) -> None:
    (tmp_path / "info").mkdir()
    call = world.work()
    devices.prepare(call, attachment(str(tmp_path / "x"), resource="a\0b"))
    devices.forget(call, attachment(str(tmp_path / "info")))
    first, second = world.log().splitlines()
    assert "warning: demo/a: device information cannot be read: " in first
    assert "warning: demo/a: device information cannot be removed: " in second


def test_the_place_of_device_information_is_the_specifications() -> None:
    assert deviceinfo.attachment_path("demo/a", "c1", "net1").endswith("/devinfo/cni/demo-a-c1_net1")
