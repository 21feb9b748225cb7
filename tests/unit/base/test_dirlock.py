"""A directory is one process's at a time, for as long as the others have patience."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from multus_py.base.clock import Deadline, SystemClock
from multus_py.base.dirlock import DirectoryLock
from multus_py.base.files import LockedError
from tests.fakes.clock import FakeClock


def lock(path: Path, *, clock: FakeClock | None = None) -> DirectoryLock:
    return DirectoryLock(str(path), Deadline(clock or SystemClock(), 30))


def test_others_wait_and_no_file_is_made(tmp_path: Path) -> None:
    order = []

    def second() -> None:
        with lock(tmp_path):
            order.append("second")

    thread = threading.Thread(target=second)
    with lock(tmp_path):
        thread.start()
        thread.join(0.1)
        order.append("first")
    thread.join()
    assert (order, list(tmp_path.iterdir())) == (["first", "second"], [])


def test_at_the_deadline_it_is_given_up(tmp_path: Path) -> None:
    clock = FakeClock()
    with lock(tmp_path), pytest.raises(LockedError), lock(tmp_path, clock=clock):
        pass
    assert sum(clock.sleeps) == pytest.approx(30)
    with lock(tmp_path, clock=clock):
        pass


def test_what_is_no_directory_has_no_lock(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "none", tmp_path / "file"):
        with pytest.raises(OSError, match=path.name), lock(path):
            pass
