"""The clean-up after killed predecessors, on made-up directories."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

from multus_py import singlefile


def dead_pid() -> int:
    """Return the pid of a process that has ended."""
    with subprocess.Popen(["true"]) as process:
        pass
    return process.pid


def unpacked(directory: Path, *, pid: int, age: float = 60, marker: str = singlefile.MARKER) -> Path:
    """Make a directory like those of the bootloader."""
    path = directory / f"_MEI{pid:08x}AbCdEf"
    (path / "multus/lib").mkdir(parents=True)
    (path / marker).write_text("0.1.0")
    (path / "libpython.so").write_text("library")
    (path / "multus/lib/link").symlink_to("/etc")
    os.utime(path, (time.time() - age,) * 2)
    return path


def clean_up(directory: Path) -> None:
    singlefile.clean_up(str(directory), now=time.time())


def test_what_a_killed_predecessor_left_is_removed(tmp_path: Path) -> None:
    left = unpacked(tmp_path, pid=dead_pid())

    clean_up(tmp_path)

    assert not left.exists()
    assert Path("/etc").is_dir(), "links are not followed"


def test_a_directory_whose_owner_lives_stays(tmp_path: Path) -> None:
    path = unpacked(tmp_path, pid=os.getpid())

    clean_up(tmp_path)

    assert path.exists()


def test_a_directory_that_something_runs_from_stays(tmp_path: Path) -> None:
    """The launcher was killed, its child goes on; or both are in another pid namespace."""
    path = unpacked(tmp_path, pid=dead_pid())
    fd = singlefile.hold(str(path))
    try:
        clean_up(tmp_path)
        assert path.exists()
    finally:
        os.close(fd)

    clean_up(tmp_path)
    assert not path.exists()


@pytest.mark.parametrize("age", [0, 3, -100], ids=["just made", "seconds old", "from the future"])
def test_a_young_directory_stays(tmp_path: Path, age: float) -> None:
    path = unpacked(tmp_path, pid=dead_pid(), age=age)

    clean_up(tmp_path)

    assert path.exists()


def test_directories_of_other_programs_stay(tmp_path: Path) -> None:
    path = unpacked(tmp_path, pid=dead_pid(), marker="base_library.zip")

    clean_up(tmp_path)

    assert path.exists()


@pytest.mark.parametrize("name", ["_MEI", "_MEI0000zzzz", "_MEIx", "other"])
def test_names_that_are_not_the_bootloaders_are_left_alone(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    (tmp_path / name / singlefile.MARKER).touch()
    os.utime(tmp_path / name, (0, 0))

    clean_up(tmp_path)

    assert (tmp_path / name).exists()


def test_one_call_removes_a_few_and_the_next_one_goes_on(tmp_path: Path) -> None:
    for _ in range(6):
        unpacked(tmp_path, pid=dead_pid())

    clean_up(tmp_path)
    after_one = len(list(tmp_path.iterdir()))
    clean_up(tmp_path)

    assert (after_one, list(tmp_path.iterdir())) == (2, [])


def test_a_directory_that_cannot_be_read_is_no_error(tmp_path: Path) -> None:
    clean_up(tmp_path / "nowhere")
