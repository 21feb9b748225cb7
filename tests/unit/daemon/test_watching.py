"""With real directories and the real kernel. Waiting for what must not come takes no time: `wait(0)`."""

from __future__ import annotations

import os
import resource
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from multus_py.daemon.watching import Directories

LONG = 30.0  # seconds in which a real event comes, on any machine


@pytest.fixture
def wake() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    yield reading, writing
    os.close(reading)
    os.close(writing)


@pytest.fixture
def watcher(wake: tuple[int, int]) -> Iterator[Directories]:
    watcher = Directories(wake=wake[0])
    yield watcher
    watcher.close()


def write(path: Path) -> None:
    path.write_text("{}")


CHANGES: dict[str, Callable[[Path], object]] = {
    "created": lambda directory: (directory / "new").write_text(""),
    "written": lambda directory: (directory / "there").write_text("more"),
    "removed": lambda directory: (directory / "there").unlink(),
    "renamed": lambda directory: (directory / "there").rename(directory / "there.cilium_bak"),
    "moved away": lambda directory: (directory / "there").rename(directory.parent / "elsewhere"),
    "moved here": lambda directory: (directory.parent / "outside").rename(directory / "there"),
    "mode changed": lambda directory: (directory / "there").chmod(0o640),
    "linked": lambda directory: (directory / "link").symlink_to("there"),
    "made a directory": lambda directory: (directory / "sub").mkdir(),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_ends_the_wait(watcher: Directories, tmp_path: Path, change: Callable[[Path], object]) -> None:
    directory = tmp_path / "net.d"
    directory.mkdir()
    write(directory / "there")
    write(tmp_path / "outside")
    assert watcher.follow([directory]) == ""
    assert not watcher.wait(0)

    change(directory)

    assert watcher.wait(LONG)
    assert not watcher.wait(0)


def test_what_is_still_being_written_is_no_change_before_it_is_closed(watcher: Directories, tmp_path: Path) -> None:
    write(tmp_path / "file")
    watcher.follow([tmp_path])
    with (tmp_path / "file").open("a") as file:
        file.write("half of it")
        file.flush()
        assert not watcher.wait(0)

    assert watcher.wait(LONG)


def test_many_changes_are_one(watcher: Directories, tmp_path: Path) -> None:
    watcher.follow([tmp_path])
    for number in range(5000):
        write(tmp_path / f"a file with quite a long name, so that its events need room {number}")

    assert watcher.wait(LONG)
    assert not watcher.wait(0)


def test_a_directory_that_does_not_exist_is_watched_when_it_does(watcher: Directories, tmp_path: Path) -> None:
    late = tmp_path / "net.d"
    assert watcher.follow([late, tmp_path / "file/below"]) == ""
    late.mkdir()
    assert watcher.follow([late]) == ""

    write(late / "file")

    assert watcher.wait(LONG)


@pytest.mark.parametrize("how", ["removed", "moved"])
def test_a_directory_that_was_replaced_is_watched_in_its_new_form(
    watcher: Directories, tmp_path: Path, how: str
) -> None:
    directory = tmp_path / "net.d"
    directory.mkdir()
    watcher.follow([directory])
    if how == "removed":
        directory.rmdir()
    else:
        directory.rename(tmp_path / "old")
    directory.mkdir()
    assert watcher.wait(LONG), "that it is gone is a change itself"
    watcher.follow([directory])
    watcher.wait(0)

    write(directory / "file")

    assert watcher.wait(LONG)


def test_a_link_that_leads_elsewhere_now_is_followed_there(watcher: Directories, tmp_path: Path) -> None:
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
    (tmp_path / "current").symlink_to("old")
    watcher.follow([tmp_path / "current"])
    (tmp_path / "current").unlink()
    (tmp_path / "current").symlink_to("new")
    watcher.follow([tmp_path / "current"])
    watcher.wait(0)

    write(tmp_path / "old/file")
    assert not watcher.wait(0)
    write(tmp_path / "new/file")
    assert watcher.wait(LONG)


def test_what_is_not_followed_any_more_is_not_watched_any_more(watcher: Directories, tmp_path: Path) -> None:
    watcher.follow([tmp_path])
    watcher.follow([])
    watcher.wait(0)

    write(tmp_path / "file")

    assert not watcher.wait(0)


def test_two_paths_of_one_directory_are_one_watch(watcher: Directories, tmp_path: Path) -> None:
    directory = tmp_path / "net.d"
    directory.mkdir()
    (tmp_path / "also").symlink_to("net.d")
    watcher.follow([directory, tmp_path / "also"])
    watcher.follow([directory])

    write(directory / "file")

    assert watcher.wait(LONG)


def test_somebody_who_wakes_us_ends_both_kinds_of_waiting(
    watcher: Directories, wake: tuple[int, int], tmp_path: Path
) -> None:
    watcher.follow([tmp_path])
    os.write(wake[1], b"!")

    assert not watcher.wait(LONG)
    watcher.rest(LONG)


def test_resting_takes_no_notice_of_changes(watcher: Directories, tmp_path: Path) -> None:
    watcher.follow([tmp_path])
    write(tmp_path / "file")

    watcher.rest(0)

    assert watcher.wait(0), "the change is still to be looked at"


def test_without_inotify_it_says_so_and_waits_all_the_same(wake: tuple[int, int], tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = max(int(path.name) for path in Path("/proc/self/fd").iterdir())
    fillers = [os.open("/dev/null", os.O_RDONLY) for _ in range(highest)]  # no descriptor is free below the limit
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(fillers) + 1, hard))
    try:
        watcher = Directories(wake=wake[0])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for filler in fillers:
            os.close(filler)

    assert watcher.follow([tmp_path]).startswith("cannot watch directories (Too many open files")
    assert not watcher.wait(0)
    watcher.close()
