from __future__ import annotations

from pathlib import Path

import pytest

from multus_py.base.clock import Deadline, SystemClock
from multus_py.install import installation, removal
from multus_py.install.errors import InstallError
from multus_py.install.removal import Removed
from tests.fakes.clock import FakeClock
from tests.unit.install.layouts import make_layout, names, start


def uninstall(directory: Path, *, seconds: float = 5) -> Removed:
    return removal.uninstall(directory, deadline=Deadline(SystemClock(), seconds))


@pytest.fixture
def plugins(tmp_path: Path) -> Path:
    directory = tmp_path / "bin"
    directory.mkdir()
    (directory / "bridge").write_text("another plugin")
    for number in (1, 2):
        installation.install(make_layout(tmp_path / f"build{number}", version=str(number), id="a"), directory)
    return directory


def test_what_was_installed_is_removed_and_nothing_else(plugins: Path) -> None:
    done = uninstall(plugins)

    assert names(plugins) == ["bridge"]
    assert done.links == ("passthru", "multus")
    assert done.versions == (plugins / ".multus-1-a", plugins / ".multus-2-a")
    assert done.foreign == ()


def test_what_a_cut_attempt_left_is_removed_too(plugins: Path) -> None:
    (plugins / ".multus-3-a.tmp").mkdir()

    uninstall(plugins)

    assert names(plugins) == ["bridge"]


def test_directories_of_others_stay(plugins: Path) -> None:
    (plugins / ".multus-mine").mkdir()

    uninstall(plugins)

    assert names(plugins) == [".multus-mine", "bridge"]


def test_a_program_that_came_after_us_stays(plugins: Path) -> None:
    (plugins / "multus").unlink()
    (plugins / "multus").write_text("the one written in Go")

    done = uninstall(plugins)

    assert done.foreign == ("multus",)
    assert names(plugins) == ["bridge", "multus"]


def test_a_link_of_somebody_elses_that_leads_nowhere_is_left_and_named(plugins: Path) -> None:
    (plugins / "passthru").unlink()
    (plugins / "passthru").symlink_to("/nowhere/passthru")

    assert uninstall(plugins).foreign == ("passthru",)


def test_where_nothing_is_installed_it_refuses(tmp_path: Path) -> None:
    (tmp_path / "multus").write_text("the one written in Go")

    with pytest.raises(
        InstallError, match=r"nothing of this program is installed in .*, multus there is another one's"
    ):
        uninstall(tmp_path)

    assert names(tmp_path) == ["multus"]


def test_calls_in_flight_are_waited_for(plugins: Path) -> None:
    class Clock(FakeClock):
        def sleep(self, seconds: float) -> None:
            super().sleep(seconds)
            call.kill()
            call.wait()

    clock = Clock()
    with start(plugins / "multus") as call:
        removal.uninstall(plugins, deadline=Deadline(clock, 60))

    assert clock.sleeps == [0.1]
    assert names(plugins) == ["bridge"]


def test_a_call_that_does_not_end_keeps_its_version_but_no_new_one_starts(plugins: Path) -> None:
    with start(plugins / "multus") as call:
        with pytest.raises(InstallError, match=r"still in use, so still there: \.multus-2-a\."):
            removal.uninstall(plugins, deadline=Deadline(FakeClock(), 3))
        call.kill()

    assert names(plugins) == [".multus-2-a", "bridge"]
    uninstall(plugins)
    assert names(plugins) == ["bridge"]
