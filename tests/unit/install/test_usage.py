from __future__ import annotations

import signal
from pathlib import Path

import pytest

from multus_py.install import usage
from tests.unit.install.layouts import make_layout, names, start


def test_a_program_is_in_use_while_it_runs(tmp_path: Path) -> None:
    make_layout(tmp_path / "layout")
    assert not usage.in_use(tmp_path / "layout")

    with start(tmp_path / "layout/multus") as process:
        during = usage.in_use(tmp_path / "layout")
        process.kill()

    assert during
    assert not usage.in_use(tmp_path / "layout")


def test_who_runs_it_through_a_link_runs_it(tmp_path: Path) -> None:
    make_layout(tmp_path / "layout")
    (tmp_path / "multus").symlink_to("layout/multus")

    with start(tmp_path / "multus") as process:
        during = usage.in_use(tmp_path / "layout")
        process.kill()

    assert during


def test_who_has_it_open_counts_too(tmp_path: Path) -> None:
    """This is how a process in another pid namespace shows: the kernel knows of it, /proc does not."""
    make_layout(tmp_path / "layout")

    with (tmp_path / "layout/multus").open("rb"):
        assert usage.in_use(tmp_path / "layout")


def test_asking_leaves_no_trace(tmp_path: Path) -> None:
    make_layout(tmp_path / "layout")
    before = signal.getsignal(signal.SIGIO)
    descriptors = names(Path("/proc/self/fd"))

    usage.in_use(tmp_path / "layout")

    assert signal.getsignal(signal.SIGIO) == before
    assert names(Path("/proc/self/fd")) == descriptors


def test_without_an_executable_it_cannot_be_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        usage.in_use(tmp_path)
