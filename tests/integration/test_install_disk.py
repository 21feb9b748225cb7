"""Installing where it cannot work: the error says why, and the version from before works as before."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from multus_py import frozen

DIST = Path(__file__).parents[2] / "dist/multus"
NOBODY = 65534
ROOM = max(1, DIST.stat().st_size * 6 // 5 >> 20) if DIST.is_file() else 0
"""Megabytes with room for a version and a half: installed, it is a little smaller than the single file."""
pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(not DIST.is_file(), reason="there is no dist/multus: make build"),
]


class Disk:
    """A small filesystem of its own, with the program installed on it."""

    def __init__(self, path: Path, *, megabytes: int) -> None:
        self.path = path
        path.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "tmpfs", path], check=True)

    def remount(self, option: str) -> None:
        subprocess.run(["mount", "-o", f"remount,{option}", self.path], check=True)

    def unmount(self) -> None:
        subprocess.run(["umount", self.path], check=True)

    def names(self) -> list[str]:
        return sorted(path.name for path in self.path.iterdir())


def install(directory: Path, *, by: int = 0, program: Path = DIST) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [program, "install", "--cni-bin-dir", directory], check=False, capture_output=True, text=True, user=by, group=by
    )


def assert_works(directory: Path) -> None:
    answer = subprocess.run([directory / "multus"], env={"CNI_COMMAND": "VERSION"}, capture_output=True, check=True)
    assert answer.stdout == frozen.VERSION_ANSWER


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """Give a disk with room for one version, and a half, with an older version installed."""
    disk = Disk(tmp_path / "disk", megabytes=ROOM)
    try:
        assert install(disk.path).returncode == 0
        _make_older(disk.path)
        assert_works(disk.path)
        yield disk
    finally:
        disk.unmount()


def _make_older(directory: Path) -> None:
    """Let the version that is installed be another one than that of the build."""
    version = (directory / "multus").resolve().parent
    record = version / "lib/build.json"
    record.write_text(json.dumps(json.loads(record.read_text()) | {"version": "0.0.1", "id": "old"}))
    version.rename(directory / ".multus-0.0.1-old")
    for name in ("multus", "passthru"):
        (directory / name).unlink()
        (directory / name).symlink_to(".multus-0.0.1-old/multus")


def test_a_full_disk(disk: Disk) -> None:
    before = disk.names()

    done = install(disk.path)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"multus install: cannot install into {disk.path}: No space left on device")
    assert disk.names() == before
    assert_works(disk.path)


def test_a_full_disk_again_when_there_is_room(disk: Disk) -> None:
    install(disk.path)
    disk.remount(f"size={2 * ROOM}m")

    done = install(disk.path)

    assert done.returncode == 0, done.stderr
    assert len(disk.names()) == 4, "two versions and two links"
    assert_works(disk.path)


def test_a_read_only_disk(disk: Disk) -> None:
    before = disk.names()
    disk.remount("ro")

    done = install(disk.path)

    assert done.returncode == 1
    assert done.stderr.startswith(f"multus install: cannot install into {disk.path}: Read-only file system")
    assert disk.names() == before
    assert_works(disk.path)


def test_another_user_than_root(disk: Disk, tmp_path: Path) -> None:
    before = disk.names()
    for directory in (tmp_path, *tmp_path.parents):
        if directory.stat().st_uid == os.geteuid() and directory != Path("/"):
            directory.chmod(directory.stat().st_mode | 0o011)
    program = disk.path / "multus"  # the checkout may be out of that user's reach

    done = install(disk.path, by=NOBODY, program=program)

    assert done.returncode == 1
    assert "Permission denied" in done.stderr
    assert disk.names() == before
    assert_works(disk.path)


def test_an_attempt_that_was_killed(disk: Disk) -> None:
    (disk.path / ".multus-9.9.9-new.tmp/lib").mkdir(parents=True)
    (disk.path / ".multus-9.9.9-new.tmp/multus").write_bytes(b"half of it" * 100_000)
    disk.remount(f"size={2 * ROOM}m")

    done = install(disk.path)

    assert done.returncode == 0, done.stderr
    assert [name for name in disk.names() if name.endswith(".tmp")] == []
    assert_works(disk.path)
