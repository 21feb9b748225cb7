"""Whom to ask for a pod's devices: the kubelet, or its checkpoint."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from multus_py.node import kubelet
from multus_py.node.errors import NodeError, UnavailableError
from tests.fakes.kubelet import serving

NIC = "example.com/nic"


def _allocated(tmp_path: Path, *, timeout: float = 10) -> Mapping[str, tuple[str, ...]]:
    paths = {"socket": str(tmp_path / "kubelet.sock"), "path": str(tmp_path / "checkpoint")}
    return kubelet.allocated("demo", "web", "u1", containers=("b", "a"), timeout=timeout, **paths)


@pytest.fixture(name="checkpoint", autouse=True)
def _checkpoint(tmp_path: Path) -> Path:
    entries = [
        {"PodUID": "u1", "ContainerName": name, "ResourceName": NIC, "DeviceIDs": {"0": ids}}
        for name, ids in {"a": ["d1"], "b": ["d2"]}.items()
    ]
    path = tmp_path / "checkpoint"
    path.write_text(json.dumps({"Data": {"PodDeviceEntries": entries}}))
    return path


def test_the_kubelet_is_asked_where_it_listens(tmp_path: Path) -> None:
    with serving(tmp_path / "kubelet.sock", {("demo", "web"): [[(NIC, ["d9"])]]}):
        assert _allocated(tmp_path) == {NIC: ("d9",)}


def test_its_checkpoint_is_read_where_it_has_no_socket(tmp_path: Path) -> None:
    assert _allocated(tmp_path) == {NIC: ("d2", "d1")}


def test_where_there_is_neither_no_device_was_ever_allocated(tmp_path: Path, checkpoint: Path) -> None:
    checkpoint.unlink()
    assert _allocated(tmp_path) == {}


def test_a_kubelet_that_does_not_answer_is_not_passed_over(tmp_path: Path) -> None:
    """The checkpoint may be an old one: of before the kubelet was told not to keep any more."""
    with serving(tmp_path / "kubelet.sock", {}) as asleep:
        asleep.delay = 0.5
        with pytest.raises(UnavailableError):
            _allocated(tmp_path, timeout=0.1)


def test_a_socket_that_cannot_be_looked_for_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "kubelet.sock").symlink_to("kubelet.sock")
    with pytest.raises(NodeError, match="the kubelet's socket cannot be looked for"):
        _allocated(tmp_path)
