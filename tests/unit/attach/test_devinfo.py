"""What is known of an attachment's device, in files beside the state, because the real place is the whole node's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from multus_py.attach import devinfo
from multus_py.attach.attachment import Attachment
from multus_py.cni.errors import CNIError
from multus_py.node import deviceinfo
from tests.fakes.processes import PluginCall
from tests.unit.attach.world import World, exits, network

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONObject

PLAIN = network({"name": "a", "type": "sriov"})


def attachment(path: object, *, resource: str = "vendor/nic") -> Attachment:
    given = {devinfo.INFO_FILE: path} if path else {}
    return Attachment(name="demo/a", network=PLAIN, ifname="net1", resource=resource, device_id="1").replace(
        capability_args=given
    )


def test_what_a_plugin_says_of_a_device_is_read_and_removed(world: World, tmp_path: Path) -> None:
    path = tmp_path / "info"
    path.write_text(json.dumps({"type": "pci", "version": "1.1.0"}))
    assert devinfo.info(attachment(str(path))) == {"type": "pci", "version": "1.1.0"}
    devinfo.forget(world.work(), attachment(str(path)))
    assert not path.exists()
    assert devinfo.info(attachment(str(path))) is None


@pytest.mark.parametrize("path", [None, 5], ids=["none", "no text"])
def test_an_attachment_without_device_information_has_nothing_to_do(world: World, path: object) -> None:
    call = world.work()
    devinfo.prepare(call, attachment(path))
    devinfo.forget(call, attachment(path))
    assert devinfo.info(attachment(path)) is None


def test_a_device_that_no_device_plugin_knows_has_no_information(world: World, tmp_path: Path) -> None:
    path = tmp_path / "info"
    devinfo.prepare(world.work(), attachment(str(path)))
    assert not path.exists()
    assert world.log() == ""


def test_a_requested_device_has_no_resource_whose_information_could_be_copied(world: World, tmp_path: Path) -> None:
    devinfo.prepare(world.work(), attachment(str(tmp_path / "info"), resource=""))
    assert list(tmp_path.glob("info")) == []


def test_device_information_that_cannot_be_had_or_removed_is_only_logged(world: World, tmp_path: Path) -> None:
    (tmp_path / "info").mkdir()
    call = world.work()
    devinfo.prepare(call, attachment(str(tmp_path / "x"), resource="a\0b"))
    devinfo.forget(call, attachment(str(tmp_path / "info")))
    first, second = world.log().splitlines()
    assert "warning: demo/a: device information cannot be read: " in first
    assert "warning: demo/a: device information cannot be removed: " in second


def test_the_place_of_device_information_is_the_specifications() -> None:
    assert deviceinfo.attachment_path("demo/a", "c1", "net1").endswith("/devinfo/cni/demo-a-c1_net1")


@pytest.fixture(name="described")
def _described(world: World, tmp_path: Path) -> Path:
    """Let the cluster network's plugin write what its device is; return the file."""
    path = tmp_path / "info"
    world.keys["runtimeConfig"] = {"CNIDeviceInfoFile": str(path)}
    world.plugin("bridge")

    def add(call: PluginCall) -> JSONObject:
        path.write_text(json.dumps({"type": "pci", "version": "1.1.0"}))
        return world.make(call)

    world.run.answer("bridge", "ADD", add)
    return path


def test_device_information_that_a_plugin_wrote_is_in_the_status_until_the_deletion(
    world: World, described: Path
) -> None:
    world.put_pod()
    world.add()
    assert world.status_entries()[0]["device-info"] == {"type": "pci", "version": "1.1.0"}
    assert described.exists()
    world.delete()
    assert not described.exists()


def test_device_information_goes_when_an_attachment_is_rolled_back(world: World, described: Path) -> None:
    world.put_nad("a")
    world.put_pod("a")
    world.run.answer("macvlan", "ADD", exits(1, stdout='{"code": 7, "msg": "no"}'))
    world.run.answer("macvlan", "DEL", None)
    with pytest.raises(CNIError, match="no"):
        world.add()
    assert not described.exists()


def test_device_information_goes_when_a_container_is_collected(world: World, described: Path) -> None:
    world.put_pod()
    world.add()
    world.collect()
    assert not described.exists()


def test_device_information_survives_a_second_add_that_is_refused(world: World, described: Path) -> None:
    world.put_pod()
    world.add()
    with pytest.raises(CNIError, match="already exists"):
        world.add()
    assert described.exists()


def test_half_written_device_information_is_left_out_of_the_status(world: World, described: Path) -> None:
    world.put_pod()

    def add(call: PluginCall) -> JSONObject:
        described.write_text('{"type": "pci", "vers')
        return world.make(call)

    world.run.answer("bridge", "ADD", add)
    world.add()
    assert "device-info" not in world.status_entries()[0]
