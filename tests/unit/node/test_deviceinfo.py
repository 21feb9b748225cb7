"""Device-information files."""

from __future__ import annotations

import os
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


@pytest.mark.parametrize("text", ["", TEXT[:30], "[]", "\0"])
def test_a_file_that_is_half_written_is_not_copied(paths: tuple[Path, Path], text: str) -> None:
    source, target = paths
    source.write_text(text, encoding="utf-8")
    with pytest.raises(NodeError, match=f"device information cannot be used: {source}: "):
        deviceinfo.copy(str(source), str(target))
    assert not target.parent.exists()


def test_a_link_in_place_of_a_file_is_replaced_and_what_it_points_to_stays(paths: tuple[Path, Path]) -> None:
    source, target = paths
    source.write_text(TEXT, encoding="utf-8")
    target.parent.mkdir(parents=True)
    precious = target.parent / "precious"
    precious.write_text("{}", encoding="utf-8")
    target.symlink_to(precious)
    assert deviceinfo.copy(str(source), str(target))
    assert (target.is_symlink(), precious.read_text(encoding="utf-8")) == (False, "{}")


def test_a_link_is_not_read(paths: tuple[Path, Path]) -> None:
    """Device plugins run in containers: none of them may have another file of the node published."""
    source, target = paths
    secret = source.parent / "secret"
    secret.write_text('{"token": "x"}', encoding="utf-8")
    source.symlink_to(secret)
    with pytest.raises(NodeError, match=r"device information cannot be read: .*symbolic link"):
        deviceinfo.copy(str(source), str(target))
    assert deviceinfo.read(str(source)) is None


def test_a_link_is_removed_and_not_what_it_points_to(paths: tuple[Path, Path]) -> None:
    source, _ = paths
    source.write_text(TEXT, encoding="utf-8")
    link = source.parent / "link"
    link.symlink_to(source)
    deviceinfo.remove(str(link))
    assert (link.is_symlink(), source.exists()) == (False, True)


def test_a_file_beyond_measure_is_not_used(paths: tuple[Path, Path]) -> None:
    source, target = paths
    source.write_text('{"a": "' + "x" * (64 << 10) + '"}', encoding="utf-8")
    with pytest.raises(NodeError, match="larger than"):
        deviceinfo.copy(str(source), str(target))
    assert deviceinfo.read(str(source)) is None


def test_the_directories_can_be_used_by_others_whatever_the_umask(paths: tuple[Path, Path]) -> None:
    """The original makes them with no permissions at all (multus-behaviour 9.4)."""
    source, target = paths
    source.write_text(TEXT, encoding="utf-8")
    before = os.umask(0o777)
    try:
        deviceinfo.copy(str(source), str(target))
    finally:
        os.umask(before)
    assert [stat.S_IMODE(path.stat().st_mode) for path in (target, *list(target.parents)[:2])] == [0o444, 0o755, 0o755]


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
