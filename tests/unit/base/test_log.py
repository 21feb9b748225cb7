from __future__ import annotations

import gzip
import os
import re
from typing import TYPE_CHECKING

import pytest

from multus_py.base import files, log
from tests.fakes.clock import FakeClock

if TYPE_CHECKING:
    from pathlib import Path

START = 1_795_227_334.25
LINES = {"debug": log.Log.debug, "verbose": log.Log.verbose, "error": log.Log.error, "warning": log.Log.warning}


@pytest.fixture(autouse=True)
def _zone(monkeypatch: pytest.MonkeyPatch) -> None:
    _set_zone(monkeypatch, "UTC")


def _set_zone(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    import time

    monkeypatch.setenv("TZ", name)
    time.tzset()


def _log(path: Path, **options: int | str | bool) -> log.Log:
    given = log.Options(path=str(path), stderr=False, level=log.DEBUG).replace(**options)
    return log.Log(given, FakeClock(now=START))


WRITTEN = {"panic": "", "error": "ew", "verbose": "vew", "debug": "dvew"}


@pytest.mark.parametrize(("level", "expected"), WRITTEN.items(), ids=WRITTEN)
def test_a_level_lets_through_what_is_as_urgent(tmp_path: Path, level: str, expected: str) -> None:
    logger = _log(tmp_path / "log", level=log.LEVELS[level])

    for name, write in LINES.items():
        write(logger, f"message {name}")

    lines = (tmp_path / "log").read_text().splitlines() if expected else []
    assert "".join(line.rpartition(" ")[2][0] for line in lines) == expected


def test_a_line_does_not_steer_the_terminal_that_shows_it(tmp_path: Path) -> None:
    logger = _log(tmp_path / "log")

    logger.error("\x1b[2J \x9b2J \0\t é \u202e")

    assert (tmp_path / "log").read_text() == "2026-11-21T02:15:34Z [error] \\x1b[2J \\u009b2J \\x00\\t é \\u202e\n"


def test_a_line_has_time_level_and_message(tmp_path: Path) -> None:
    logger = _log(tmp_path / "log")

    logger.verbose("ADD: one\ntwo\r\nthree")
    logger.warning("hm")

    assert (tmp_path / "log").read_text() == (
        "2026-11-21T02:15:34Z [verbose] ADD: one two three\n2026-11-21T02:15:34Z [error] warning: hm\n"
    )


ZONES = {
    "UTC": "2026-11-21T02:15:34Z",
    "CET-1": "2026-11-21T03:15:34+01:00",
    "NST3:30": "2026-11-20T22:45:34-03:30",
}


@pytest.mark.parametrize(("zone", "expected"), ZONES.items(), ids=ZONES)
def test_times_are_local(monkeypatch: pytest.MonkeyPatch, zone: str, expected: str) -> None:
    _set_zone(monkeypatch, zone)

    assert log.local_time(START) == expected


def test_the_file_and_its_directory_are_made(tmp_path: Path) -> None:
    _log(tmp_path / "a" / "b" / "log").error("x")

    assert (tmp_path / "a" / "b" / "log").stat().st_mode & 0o777 == 0o600


def test_stderr_gets_the_lines_too(capfd: pytest.CaptureFixture[str]) -> None:
    log.Log(log.Options(level=log.ERROR), FakeClock(now=START)).error("hm")

    assert capfd.readouterr().err == "2026-11-21T02:15:34Z [error] hm\n"


def test_without_a_clock_the_machine_s_is_used(tmp_path: Path) -> None:
    log.Log(log.Options(path=str(tmp_path / "log"), stderr=False, level=log.DEBUG)).debug("x")

    assert re.fullmatch(r"20\d\d-.*Z \[debug\] x\n", (tmp_path / "log").read_text())


def test_by_default_nothing_but_panic_is_written(capfd: pytest.CaptureFixture[str]) -> None:
    log.Log(log.Options()).error("x")

    assert capfd.readouterr().err == ""


def test_text_that_cannot_be_encoded_is_no_reason_to_fail(tmp_path: Path) -> None:
    _log(tmp_path / "log").error("a\udcffb")

    assert (tmp_path / "log").read_text().endswith("a\\xffb\n")


def test_a_log_that_cannot_be_written_is_no_reason_to_fail(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    _log(tmp_path).error("a directory")
    _log(tmp_path / "file" / "log").error("below a file")


# ---------------------------------------------------------------------------------------------------------- rotation


def _full(path: Path) -> None:
    path.write_bytes(b"x" * (1 << 20))


def _backups(directory: Path) -> list[str]:
    return sorted(each.name for each in directory.iterdir() if each.name != "multus.log")


def test_a_file_that_is_full_is_moved_aside_and_compressed(tmp_path: Path) -> None:
    path = tmp_path / "multus.log"
    _full(path)

    _log(path, max_size=1).error("the last")

    assert _backups(tmp_path) == ["multus-2026-11-21T02-15-34.250.log.gz"]
    text = gzip.decompress((tmp_path / "multus-2026-11-21T02-15-34.250.log.gz").read_bytes())
    assert text.endswith(b"[error] the last\n")
    assert not path.exists()


def test_the_next_line_begins_a_new_file(tmp_path: Path) -> None:
    path = tmp_path / "multus.log"
    _full(path)
    logger = _log(path, max_size=1, compress=False)

    logger.error("old")
    logger.error("new")

    assert path.read_text() == "2026-11-21T02:15:34Z [error] new\n"
    assert _backups(tmp_path) == ["multus-2026-11-21T02-15-34.250.log"]


def test_a_file_that_is_not_full_stays(tmp_path: Path) -> None:
    path = tmp_path / "multus.log"
    path.write_bytes(b"x" * 1000)

    _log(path, max_size=1).error("more")

    assert _backups(tmp_path) == []


def test_a_size_of_0_never_rotates(tmp_path: Path) -> None:
    path = tmp_path / "multus.log"
    _full(path)

    _log(path, max_size=0).error("more")

    assert _backups(tmp_path) == []


def test_a_name_without_an_extension_is_rotated_too(tmp_path: Path) -> None:
    _full(tmp_path / "multus")

    _log(tmp_path / "multus", max_size=1, compress=False).error("more")

    assert _backups(tmp_path) == ["multus-2026-11-21T02-15-34.250"]


def _old_backups(directory: Path) -> None:
    for day, name in enumerate(("16.000.log.gz", "17.000.log", "18.000.log.gz", "19.000.log"), 16):
        path = directory / f"multus-2026-11-{day}T00-00-{name}"
        path.touch()
        os.utime(path, (START - (21 - day) * 86400, START - (21 - day) * 86400))
    (directory / "other-2020-01-01T00-00-00.000.log").touch()


PRUNED = {
    "too many": ({"max_backups": 2, "max_age": 0}, ["19", "21"]),
    "too old": ({"max_backups": 0, "max_age": 3}, ["18", "19", "21"]),
    "both": ({"max_backups": 4, "max_age": 4}, ["17", "18", "19", "21"]),
    "neither": ({"max_backups": 0, "max_age": 0}, ["16", "17", "18", "19", "21"]),
}


@pytest.mark.parametrize(("options", "days"), PRUNED.values(), ids=PRUNED)
def test_old_backups_go_and_files_of_others_stay(tmp_path: Path, options: dict[str, int], days: list[str]) -> None:
    _full(tmp_path / "multus.log")
    _old_backups(tmp_path)

    _log(tmp_path / "multus.log", max_size=1, compress=False, **options).error("more")

    names = _backups(tmp_path)
    assert "other-2020-01-01T00-00-00.000.log" in names
    assert [name[15:17] for name in names if name.startswith("multus-")] == days


def test_whoever_finds_the_rotation_in_progress_leaves_it_alone(tmp_path: Path) -> None:
    path = tmp_path / "multus.log"
    _full(path)
    lock = files.Lock(f"{path}.lock")
    assert lock.try_acquire()

    _log(path, max_size=1).error("more")

    assert path.exists()
    lock.release()


def test_whoever_comes_after_a_rotation_does_not_rotate_again(tmp_path: Path) -> None:
    path = tmp_path / "multus.log"
    path.write_text("new\n")

    log.rotate(log.Options(path=str(path), max_size=1), START)

    assert _backups(tmp_path) == []
