"""Device-information files."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from multus_py.node import deviceinfo
from multus_py.node.errors import NodeError

if TYPE_CHECKING:
    from pathlib import Path

TEXT = '{"type": "pci", "version": "1.1.0", "pci": {"pci-address": "0000:03:02.3"}}'
PARSED = {"type": "pci", "version": "1.1.0", "pci": {"pci-address": "0000:03:02.3"}}


def test_the_paths_are_those_of_the_specification() -> None:
    device = deviceinfo.device_path("example.com/nic", "a/b")
    assert device == "/var/run/k8s.cni.cncf.io/devinfo/dp/example.com-nic-a-b-device.json"
    attachment = deviceinfo.attachment_path("demo/net-a", "c0ffee", "net1")
    assert attachment == "/var/run/k8s.cni.cncf.io/devinfo/cni/demo-net-a-c0ffee_net1"


@pytest.fixture(name="paths")
def _paths(tmp_path: Path) -> tuple[Path, Path]:
    source = tmp_path / "dp" / "nic-1-device.json"
    source.parent.mkdir()
    return source, tmp_path / "devinfo" / "cni" / "demo-net-a-c0ffee_net1"


def test_a_device_plugins_file_is_copied_and_read_back_and_removed(paths: tuple[Path, Path]) -> None:
    source, target = paths
    source.write_text(TEXT, encoding="utf-8")
    assert deviceinfo.copy(str(source), str(target))
    assert target.read_text(encoding="utf-8") == TEXT
    assert stat.S_IMODE(target.stat().st_mode) == 0o444
    assert stat.S_IMODE(target.parent.stat().st_mode) == 0o755
    assert deviceinfo.read(str(target)) == PARSED
    deviceinfo.remove(str(target))
    assert not target.exists()
    deviceinfo.remove(str(target))


def test_nothing_is_copied_when_the_device_plugin_wrote_nothing(paths: tuple[Path, Path]) -> None:
    source, target = paths
    assert not deviceinfo.copy(str(source), str(target))
    assert not target.parent.exists()


def test_a_file_that_was_left_is_replaced(paths: tuple[Path, Path]) -> None:
    source, target = paths
    target.parent.mkdir(parents=True)
    target.write_text("{}", encoding="utf-8")
    source.write_text(TEXT, encoding="utf-8")
    assert deviceinfo.copy(str(source), str(target))
    assert deviceinfo.read(str(target)) == PARSED


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "{}", '"x"'])
def test_a_file_that_says_nothing_gives_nothing(tmp_path: Path, text: str) -> None:
    path = tmp_path / "file"
    path.write_text(text, encoding="utf-8")
    assert deviceinfo.read(str(path)) is None


@pytest.mark.parametrize("path", ["/none/here", "/", "a\0b"])
def test_a_file_that_cannot_be_read_gives_nothing(path: str) -> None:
    assert deviceinfo.read(path) is None


@pytest.mark.parametrize("bad", ["a\0b", "/", "x" * 300])
def test_failures_are_errors_of_this_layer(paths: tuple[Path, Path], bad: str) -> None:
    source, _ = paths
    source.write_text(TEXT, encoding="utf-8")
    with pytest.raises(NodeError, match="device information cannot be read"):
        deviceinfo.copy(bad, str(source))
    with pytest.raises(NodeError, match="device information cannot be removed"):
        deviceinfo.remove(bad)


@pytest.mark.parametrize("bad", ["a\0b", "/etc/hostname/x"])
def test_a_copy_that_cannot_be_written_is_an_error_of_this_layer(paths: tuple[Path, Path], bad: str) -> None:
    source, _ = paths
    source.write_text(TEXT, encoding="utf-8")
    with pytest.raises(NodeError, match="device information cannot be written"):
        deviceinfo.copy(str(source), bad)
