from __future__ import annotations

from pathlib import Path

import pytest

from multus_py.install import installation, program, tree
from multus_py.install.errors import InstallError
from tests.unit.install.layouts import make_layout, names, start


@pytest.fixture
def plugins(tmp_path: Path) -> Path:
    directory = tmp_path / "bin"
    directory.mkdir()
    (directory / "bridge").write_text("another plugin")
    return directory


def test_a_first_installation(tmp_path: Path, plugins: Path) -> None:
    source = make_layout(tmp_path / "build", version="1", id="a")

    done = installation.install(source, plugins)

    assert done.version == plugins / ".multus-1-a"
    assert (done.replaced, done.removed) == ((), ())
    assert names(plugins) == [".multus-1-a", "bridge", "multus", "passthru"]
    assert str((plugins / "multus").readlink()) == str((plugins / "passthru").readlink()) == ".multus-1-a/multus"
    assert tree.equal(source.directory, done.version)


def test_installing_again_changes_nothing(tmp_path: Path, plugins: Path) -> None:
    source = make_layout(tmp_path / "build", version="1", id="a")
    installation.install(source, plugins)
    before = (plugins / ".multus-1-a").stat()

    installation.install(source, plugins)

    assert names(plugins) == [".multus-1-a", "bridge", "multus", "passthru"]
    assert (plugins / ".multus-1-a").stat().st_ino == before.st_ino


def test_an_upgrade_keeps_the_version_before_and_removes_the_older_one(tmp_path: Path, plugins: Path) -> None:
    builds = [make_layout(tmp_path / f"build{number}", version=str(number), id="a") for number in (1, 2, 3)]
    *_, done = [installation.install(build, plugins) for build in builds]

    assert names(plugins) == [".multus-2-a", ".multus-3-a", "bridge", "multus", "passthru"]
    assert done.removed == (plugins / ".multus-1-a",)


def test_a_version_stays_as_long_as_it_runs(tmp_path: Path, plugins: Path) -> None:
    builds = [make_layout(tmp_path / f"build{number}", version=str(number), id="a") for number in range(1, 5)]
    installation.install(builds[0], plugins)

    with start(plugins / "multus") as call:
        for build in builds[1:3]:
            installation.install(build, plugins)
        during = names(plugins)
        call.kill()
    installation.install(builds[3], plugins)

    assert ".multus-1-a" in during
    assert names(plugins) == [".multus-3-a", ".multus-4-a", "bridge", "multus", "passthru"]


def test_going_back_is_an_installation_too(tmp_path: Path, plugins: Path) -> None:
    builds = [make_layout(tmp_path / f"build{number}", version=str(number), id="a") for number in (1, 2)]
    for build in (*builds, builds[0]):
        installation.install(build, plugins)

    assert str((plugins / "multus").readlink()) == ".multus-1-a/multus"


def test_another_program_of_that_name_is_replaced_and_named(tmp_path: Path, plugins: Path) -> None:
    (plugins / "multus").write_text("the one written in Go")

    done = installation.install(make_layout(tmp_path / "build", version="1", id="a"), plugins)

    assert done.replaced == ("multus",)
    assert (plugins / "multus").is_symlink()


@pytest.mark.parametrize("leftover", [".multus-1-a.tmp", ".multus-0-z.tmp"])
def test_an_attempt_that_was_cut_short_is_cleaned_up(tmp_path: Path, plugins: Path, leftover: str) -> None:
    (plugins / leftover / "lib").mkdir(parents=True)
    (plugins / leftover / "multus").write_text("half of i")

    installation.install(make_layout(tmp_path / "build", version="1", id="a"), plugins)

    assert names(plugins) == [".multus-1-a", "bridge", "multus", "passthru"]


@pytest.mark.parametrize("file", ["multus", "lib/multus.bundle", "lib/build.json", "lib/deep/er/module.so"])
def test_a_damaged_version_is_replaced(tmp_path: Path, plugins: Path, file: str) -> None:
    source = make_layout(tmp_path / "build", version="1", id="a")
    installation.install(source, plugins)
    (plugins / ".multus-1-a" / file).write_text("rubbish")

    installation.install(source, plugins)
    installation.install(source, plugins)  # which cleans up, too

    assert tree.equal(source.directory, plugins / ".multus-1-a")
    assert names(plugins) == [".multus-1-a", "bridge", "multus", "passthru"]


def test_a_directory_in_the_way_is_an_error_before_anything_is_done(tmp_path: Path, plugins: Path) -> None:
    (plugins / "multus").mkdir()

    with pytest.raises(InstallError, match=r"bin/multus is a directory: move it away first"):
        installation.install(make_layout(tmp_path / "build"), plugins)

    assert names(plugins) == ["bridge", "multus"]


def test_source_cannot_be_installed(plugins: Path) -> None:
    with pytest.raises(InstallError, match="runs from source"):
        installation.install(program.running({}), plugins)


def test_a_build_that_cannot_be_read_leaves_nothing_behind(tmp_path: Path, plugins: Path) -> None:
    old = make_layout(tmp_path / "old", version="1", id="a")
    installation.install(old, plugins)
    new = make_layout(tmp_path / "new", version="2", id="b")
    (new.directory / "lib/deep/dangling").symlink_to("nowhere")

    with pytest.raises(InstallError, match=r"cannot install into .*: No such file or directory: .*dangling"):
        installation.install(new, plugins)

    assert names(plugins) == [".multus-1-a", "bridge", "multus", "passthru"]
    assert str((plugins / "multus").readlink()) == ".multus-1-a/multus"
