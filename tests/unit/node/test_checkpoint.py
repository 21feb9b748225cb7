"""The kubelet's checkpoint of device allocations."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from multus_py.node import checkpoint
from multus_py.node.errors import NodeError

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONValue

GOLDEN = Path(__file__).parents[2] / "golden/node"
OLD_UID = "11111111-2222-3333-4444-555555555555"
UID = "970a395d-bb3b-11e8-89df-408d5c537d23"


def _entry(container: str, devices: JSONValue, *, uid: str = UID, resource: str = "example.com/nic") -> JSONValue:
    entry: JSONValue = {
        "PodUID": uid,
        "ContainerName": container,
        "ResourceName": resource,
        "DeviceIDs": devices,
        "AllocResp": "CkIKG1BDSURFVklDRV9JTlRFTF9DT01fU1JJT1YSIw==",
    }
    return entry


def _allocated(tmp_path: Path, *entries: JSONValue, containers: tuple[str, ...] = ()) -> dict[str, tuple[str, ...]]:
    path = tmp_path / "checkpoint"
    devices = {"example.com/nic": ["0000:03:02.0"]}
    data = {"PodDeviceEntries": list(entries), "RegisteredDevices": devices}
    path.write_text(json.dumps({"Data": data, "Checksum": 229855270}), encoding="utf-8")
    return dict(checkpoint.allocated(UID, containers=containers, path=str(path)))


def test_devices_are_listed_by_resource(tmp_path: Path) -> None:
    found = _allocated(
        tmp_path,
        _entry("app", {"0": ["0000:03:02.1"]}),
        _entry("app", {"0": ["gpu-1"]}, resource="example.com/gpu"),
        _entry("app", {"0": ["0000:03:02.7"]}, uid="another"),
    )
    assert found == {"example.com/nic": ("0000:03:02.1",), "example.com/gpu": ("gpu-1",)}


ENTRIES = (
    _entry("web", {"1": ["d8", "d4"], "0": ["d9"]}),
    _entry("init", {"0": ["d8"]}),
    _entry("sidecar", {"0": ["d1", "d0"], "1": ["d0"]}),
    _entry("app", {"0": ["d7"]}),
)


@pytest.mark.parametrize("entries", [ENTRIES, ENTRIES[::-1]], ids=["as written", "as written another time"])
def test_the_order_is_that_of_the_pods_containers_and_sorted_within_one(
    tmp_path: Path, entries: tuple[JSONValue, ...]
) -> None:
    """The kubelet writes the file out of maps. An init container's devices are another container's later."""
    found = _allocated(tmp_path, *entries, containers=("sidecar", "web", "app", "without"))
    assert found == {"example.com/nic": ("d0", "d1", "d4", "d8", "d9", "d7")}


@pytest.mark.parametrize("entries", [ENTRIES, ENTRIES[::-1]], ids=["as written", "as written another time"])
def test_where_the_pods_containers_are_not_known_their_names_decide(
    tmp_path: Path, entries: tuple[JSONValue, ...]
) -> None:
    found = _allocated(tmp_path, *entries)
    assert found == {"example.com/nic": ("d7", "d8", "d0", "d1", "d4", "d9")}


def test_what_a_kubelet_wrote_is_read_in_the_order_of_the_pods_containers() -> None:
    """Devices without a place, near one NUMA node, and near two: golden/node/README.md."""
    path = str(GOLDEN / "checkpoint-1.36.3.json")
    found = checkpoint.allocated("04a0cf44-b97d-4294-b953-e2bb4a8cc9dd", containers=("web", "app", "db"), path=path)
    assert found == {
        "example.com/fast": tuple(f"0000:03:02.{number}" for number in (5, 6, 4, 7, 3)),
        "example.com/slow": ("0000:04:00.1",),
    }


def test_the_list_of_old_kubelets_is_read() -> None:
    """Written by the code of Kubernetes v1.19.16, the last before NUMA nodes: golden/node/README.md."""
    found = checkpoint.allocated(OLD_UID, path=str(GOLDEN / "checkpoint-1.19.16.json"))
    assert found == {"example.com/fast": ("0000:03:02.1", "0000:03:02.3")}


@pytest.mark.parametrize("devices", [None, {}, {"0": None}, []])
def test_an_entry_without_devices_gives_none(tmp_path: Path, devices: JSONValue) -> None:
    assert _allocated(tmp_path, _entry("app", devices)) == {}


def test_a_pod_that_is_not_there_has_no_devices(tmp_path: Path) -> None:
    assert _allocated(tmp_path, _entry("app", {"0": ["d1"]}, uid="another")) == {}


def test_without_a_checkpoint_there_are_no_devices(tmp_path: Path) -> None:
    assert checkpoint.allocated(UID, path=str(tmp_path / "none")) == {}


@pytest.mark.parametrize(
    "text", ["{}", "null", '{"Data": null}', '{"Data": {}}', '{"Data": {"PodDeviceEntries": null}}']
)
def test_an_empty_checkpoint_has_no_devices(tmp_path: Path, text: str) -> None:
    path = tmp_path / "checkpoint"
    path.write_text(text, encoding="utf-8")
    assert checkpoint.allocated(UID, path=str(path)) == {}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"Data": 1}',
        '{"Data": {"PodDeviceEntries": {}}}',
        '{"Data": {"PodDeviceEntries": [null]}}',
        '{"Data": {"PodDeviceEntries": [{"PodUID": 1}]}}',
        json.dumps({"Data": {"PodDeviceEntries": [_entry("app", {"0": "d1"})]}}),
        json.dumps({"Data": {"PodDeviceEntries": [_entry("app", "d1")]}}),
    ],
)
def test_a_checkpoint_of_another_form_is_an_error_that_names_it(tmp_path: Path, text: str) -> None:
    path = tmp_path / "checkpoint"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(NodeError, match=f"device allocations cannot be read: {path}: "):
        checkpoint.allocated(UID, path=str(path))


def test_a_checkpoint_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(NodeError, match=r"device allocations cannot be read: .*Is a directory"):
        checkpoint.allocated(UID, path=str(tmp_path))
