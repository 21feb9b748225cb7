"""Checks of the disks that Multus and its plugins write to, and of what Multus wrote into its log."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from multus_py.doctor.check import Check, SkippedError, error, fine, warning

if TYPE_CHECKING:
    from collections.abc import Callable

    from multus_py.doctor.view import View
    from multus_py.findings.finding import Finding

_MEGABYTE = 1 << 20
_FEW, _VERY_FEW = 128, 16
"""Megabytes."""
_FEW_FILES, _VERY_FEW_FILES = 2000, 200
_RECENT = 3600.0
_LINE = re.compile(r"(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)) \[(error|panic)\] (?P<text>.*)")
_DIFFERENT = re.compile(r"[0-9a-f]{12,}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d+")
_LONGEST, _MOST = 300, 3
_BYTES_A_LINE = 400


def space(view: View) -> Iterator[Finding]:
    """Ask how much room there is."""
    lowest = ""
    for path in _writable(view):
        status = os.statvfs(path)
        free = status.f_bavail * status.f_frsize // _MEGABYTE
        if free < _FEW:
            say = error if free < _VERY_FEW else warning
            yield say(
                f"{free} MiB are free", remedy="Make room: old images and logs are the usual suspects.", file=str(path)
            )
        lowest = lowest or f"{free} MiB are free in {path}"
    yield fine(lowest or "no directory of Multus' is there yet")


def inodes(view: View) -> Iterator[Finding]:
    """Ask how many more files there can be."""
    for path in _writable(view):
        status = os.statvfs(path)
        if status.f_files and status.f_favail < _FEW_FILES:
            say = error if status.f_favail < _VERY_FEW_FILES else warning
            yield say(
                f"there is room for {status.f_favail} more files (inodes)",
                remedy="Remove small files: find DIR -xdev -type f | wc -l tells where they are.",
                file=str(path),
            )
    yield fine("there is room for more files")


def writable(view: View) -> Iterator[Finding]:
    """Look at how the disks are mounted."""
    for path, by_pods in _places(view):
        if _is_read_only(path) and by_pods:
            yield error(
                "the file system is mounted read-only",
                remedy="Look at dmesg: the kernel does that to a file system with errors.",
                file=str(path),
            )
        elif _is_read_only(path):
            yield warning(
                "the file system is mounted read-only, so nobody can update Multus or its configuration there",
                remedy="If the node's system is made so, let binDir and the runtime's directories be where one can "
                "write; else look at dmesg.",
                file=str(path),
            )
    yield fine("nothing is mounted read-only")


def log(view: View) -> Iterator[Finding]:
    """Summarise the errors at the end of the log."""
    name = view.settings.log.path
    if not name:
        raise SkippedError("the configuration names no logFile")
    path = view.seen(name)
    if not path.exists():
        yield fine(f"{name} is not there yet")
        return
    recent = [text for text, age in _errors(path, view.options.log_lines, view.now) if age < _RECENT]
    for text, count in _summary(recent).most_common(_MOST):
        yield warning(
            f"{count} times within the hour: {text[:_LONGEST]}" if count > 1 else f"within the hour: {text[:_LONGEST]}",
            remedy="docs/troubleshooting.md has the messages and their causes.",
            file=name,
        )
    yield fine(f"no errors within the hour in {name}")


def _places(view: View) -> Iterator[tuple[Path, bool]]:
    """Return the directories that are there, one for each file system, and whether every pod has something written."""
    settings, seen = view.settings, set[int]()
    wanted: tuple[tuple[Callable[[], Path], bool], ...] = (
        (lambda: view.state, True),
        (lambda: view.root(settings.bin_dir), False),
        (lambda: view.root(view.options.conf_dir), False),
    )
    for place, by_pods in wanted:
        try:
            path = place()
        except SkippedError:
            continue
        while not path.exists() and path != path.parent:
            path = path.parent  # what is not there yet will be made there
        device = path.stat().st_dev
        if device not in seen:
            seen.add(device)
            yield path, by_pods


def _writable(view: View) -> Iterator[Path]:
    """Return those of them where there has to be room: a system's image is full, and has no need of any."""
    return (path for path, _ in _places(view) if not _is_read_only(path))


def _is_read_only(path: Path) -> bool:
    return bool(os.statvfs(path).f_flag & os.ST_RDONLY)


def _errors(path: Path, lines: int, now: float) -> Iterator[tuple[str, float]]:
    """Return the last lines at error level, with their age in seconds."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - lines * _BYTES_A_LINE))
        tail = file.read().decode(errors="replace").splitlines()[-lines:]
    for match in filter(None, map(_LINE.fullmatch, tail)):
        try:
            yield match["text"], now - datetime.fromisoformat(match["time"]).timestamp()
        except ValueError:
            continue  # there is no such time: it is no line of ours


def _summary(texts: list[str]) -> Counter[str]:
    """Count texts; those that differ in numbers and identifiers only are one, and the last of them stands for it."""
    shown = {_DIFFERENT.sub("N", text): text for text in texts}
    return Counter(shown[_DIFFERENT.sub("N", text)] for text in texts)


CHECKS = (
    Check(
        id="disk-space",
        title="there is room on the disks",
        looks_at=f"The file systems of `cniDir`, `binDir` and the configurations: less than {_FEW} MiB is a warning, "
        f"less than {_VERY_FEW} an error.",
        meaning='Pods fail: "no space left on device". Nothing is attached that cannot be recorded.',
        remedy="Make room.",
        look=space,
    ),
    Check(
        id="disk-inodes",
        title="there is room for more files",
        looks_at=f"The inodes of the same file systems: less than {_FEW_FILES} is a warning, less than "
        f"{_VERY_FEW_FILES} an error.",
        meaning='The same: "no space left on device", with space left.',
        remedy="Remove small files.",
        look=inodes,
    ),
    Check(
        id="disk-writable",
        title="the disks can be written to",
        looks_at="How these file systems are mounted. Nothing is written.",
        meaning="Where `cniDir` is: pods neither start nor end. Elsewhere it is a warning: nothing can be updated.",
        remedy="Look at dmesg for errors of the disk.",
        look=writable,
    ),
    Check(
        id="log-errors",
        title="the log has no recent errors",
        looks_at="The last lines (--log-lines) of `logFile` with the level error or panic that are younger than an "
        "hour; alike ones are counted.",
        meaning="Whatever the messages say.",
        remedy="docs/troubleshooting.md has the messages and their causes.",
        look=log,
    ),
)
