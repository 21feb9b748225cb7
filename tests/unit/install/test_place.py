from __future__ import annotations

from pathlib import Path

import pytest

from multus_py import frozen
from multus_py.base.clock import Deadline
from multus_py.install import place
from multus_py.install.errors import InstallError
from multus_py.install.place import Place
from tests.fakes.clock import FakeClock
from tests.unit.install.layouts import make_layout, names


def test_every_plugin_that_the_program_is_gets_its_link() -> None:
    assert set(place.LINKS) == {place.EXECUTABLE, *frozen.PLUGINS}


def test_a_name_is_pointed_at_a_version(tmp_path: Path) -> None:
    version = tmp_path / ".multus-1-a"
    make_layout(version)

    foreign = Place(tmp_path).point("multus", version)

    assert not foreign
    assert str((tmp_path / "multus").readlink()) == ".multus-1-a/multus", (
        "relative: it holds under another path as well"
    )
    assert Place(tmp_path).current() == version
    assert names(tmp_path) == [".multus-1-a", "multus"]


@pytest.mark.parametrize("target", ["/elsewhere/multus", "multus-0.9", ".multus-1-a/other", ".other/multus"])
def test_links_of_others_are_not_ours(tmp_path: Path, target: str) -> None:
    (tmp_path / "multus").symlink_to(target)

    assert Place(tmp_path).current() is None


def test_a_file_is_not_ours_and_is_replaced_in_one_step(tmp_path: Path) -> None:
    (tmp_path / "multus").write_text("the one written in Go")
    make_layout(tmp_path / ".multus-1-a")

    assert Place(tmp_path).current() is None
    assert Place(tmp_path).point("multus", tmp_path / ".multus-1-a"), "something foreign was there"
    assert Place(tmp_path).current() == tmp_path / ".multus-1-a"


def test_a_link_that_cannot_be_swapped_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "multus").mkdir()
    make_layout(tmp_path / ".multus-1-a")

    with pytest.raises(IsADirectoryError):
        Place(tmp_path).point("multus", tmp_path / ".multus-1-a")

    assert names(tmp_path) == [".multus-1-a", "multus"]


def test_versions_are_complete_layouts_only(tmp_path: Path) -> None:
    make_layout(tmp_path / ".multus-1-a")
    make_layout(tmp_path / ".multus-2-b.tmp")
    make_layout(tmp_path / "multus-3-c")
    (tmp_path / ".multus-somebody-elses").mkdir()

    here = Place(tmp_path)

    assert here.versions() == [tmp_path / ".multus-1-a"]
    assert here.unfinished() == [tmp_path / ".multus-2-b.tmp"]


def test_cleaning_removes_what_is_unfinished(tmp_path: Path) -> None:
    make_layout(tmp_path / ".multus-2-b.tmp")
    (tmp_path / ".multus-multus.tmp").symlink_to("nowhere")
    (tmp_path / "bridge").write_text("a plugin")

    Place(tmp_path).clean()

    assert names(tmp_path) == ["bridge"]


def test_the_directory_has_to_be_there(tmp_path: Path) -> None:
    with (
        pytest.raises(InstallError, match=r"nowhere: No such file or directory; it has to be the runtime's plugin dir"),
        Place(tmp_path / "nowhere").locked(Deadline(FakeClock(), 1)),
    ):
        pass


def test_an_installer_that_does_not_end_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    here = Place(tmp_path)
    with (
        here.locked(Deadline(FakeClock(), 1)),
        pytest.raises(InstallError, match="another installer is at work in it, and does not end"),
        here.locked(Deadline(FakeClock(), 120)),
    ):
        pass
