from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from multus_py.install import tree
from tests.unit.install.layouts import make_layout


def test_a_copy_equals_its_original(tmp_path: Path) -> None:
    make_layout(tmp_path / "one")

    tree.copy(tmp_path / "one", tmp_path / "other")

    assert tree.equal(tmp_path / "one", tmp_path / "other")


def test_the_umask_decides_nothing(tmp_path: Path) -> None:
    make_layout(tmp_path / "one")
    before = os.umask(0o077)
    try:
        tree.copy(tmp_path / "one", tmp_path / "other")
    finally:
        os.umask(before)

    assert (tmp_path / "other").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "other/lib/deep").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "other/multus").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "other/lib/build.json").stat().st_mode & 0o777 == 0o644


def _shorter(layout: Path) -> None:
    (layout / "lib/multus.bundle").write_text("")


def _other_byte(layout: Path) -> None:
    path = layout / "lib/multus.bundle"
    path.write_text(path.read_text().replace("1", "2"))


def _gone(layout: Path) -> None:
    (layout / "lib/deep/er/module.so").unlink()


def _more(layout: Path) -> None:
    (layout / "lib/more").mkdir()


def _other_mode(layout: Path) -> None:
    (layout / "multus").chmod(0o644)


@pytest.mark.parametrize("damage", [_shorter, _other_byte, _gone, _more, _other_mode])
def test_a_difference_is_seen(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    make_layout(tmp_path / "one")
    tree.copy(tmp_path / "one", tmp_path / "other")

    damage(tmp_path / "other")

    assert not tree.equal(tmp_path / "one", tmp_path / "other")
    assert not tree.equal(tmp_path / "other", tmp_path / "one")


def test_a_copy_does_not_overwrite(tmp_path: Path) -> None:
    make_layout(tmp_path / "one")
    (tmp_path / "other").mkdir()

    with pytest.raises(FileExistsError):
        tree.copy(tmp_path / "one", tmp_path / "other")
