"""Upgrades under load: processes keep starting DIR/multus while versions are swapped, and not one of them notices."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import pytest

from multus_py import frozen
from multus_py.install import installation, place, program
from multus_py.install.program import Program

DIST = Path(__file__).parents[2] / "dist/multus"
SWAPS = 100
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not DIST.is_file(), reason="there is no dist/multus: make build"),
]


@pytest.fixture
def builds(tmp_path: Path) -> list[Program]:
    """Return three builds whose parts tell which one they are of."""
    subprocess.run([DIST, "install", "--cni-bin-dir", tmp_path], check=True, stdout=subprocess.DEVNULL)
    original = (tmp_path / "multus").resolve().parent
    return [_variant(original, tmp_path / letter, letter) for letter in "ABC"]


def _variant(original: Path, directory: Path, letter: str) -> Program:
    """Copy a layout, and write a letter into the executable, the bundle, and the record."""
    shutil.copytree(original, directory)
    _write_into(directory / "multus", b'{"cniVersion":"1.1.0","supp', letter)
    _write_into(directory / "lib" / frozen.BUNDLE, b"CNI protocol versions supported", letter)
    record = directory / "lib/build.json"
    record.write_text(json.dumps(json.loads(record.read_text()) | {"id": letter}))
    return program.running({}, executable=str(directory / "multus"), built=True)


def _write_into(path: Path, text: bytes, letter: str) -> None:
    data = path.read_bytes()
    assert data.count(text) == 1
    path.write_bytes(data.replace(text, text[:-1] + letter.encode()))


# What a process says, and where in it the letters of the build are: of the executable, the bundle, the record.
QUESTIONS: dict[str, tuple[list[str], dict[str, str], re.Pattern[bytes]]] = {
    "VERSION": ([], {"CNI_COMMAND": "VERSION"}, re.compile(rb'^\{"cniVersion":"1\.1\.0","sup([ABC])orted')),
    "about": ([], {}, re.compile(rb"\nCNI protocol versions supporte([ABC]): ")),
    "version": (["version"], {}, re.compile(rb"\(build ([ABC])\)(?s:.*)/\.multus-[\d.]+-([ABC])$")),
}


class Load:
    """Threads that start the program again and again, and count what it says."""

    def __init__(self, executable: Path) -> None:
        self._executable = executable
        self._over = threading.Event()
        self.answers: Counter[str] = Counter()
        self.failures: list[str] = []
        self._threads = [
            threading.Thread(target=self._ask, args=[question]) for question in QUESTIONS for _ in range(2)
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, question: str) -> None:
        arguments, environ, pattern = QUESTIONS[question]
        while not self._over.is_set():
            done = subprocess.run(
                [self._executable, *arguments],
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                check=False,
            )
            found = pattern.search(done.stdout.strip())
            if done.returncode or not found or len(set(found.groups())) != 1:
                self.failures.append(f"{question}: {done.returncode}: {done.stdout!r}")
            else:
                self.answers[f"{question} {found[1].decode()}"] += 1


@pytest.fixture
def plugins(tmp_path: Path) -> Iterator[Path]:
    directory = tmp_path / "bin"
    directory.mkdir()
    yield directory
    shutil.rmtree(directory)


def test_a_hundred_swaps_harm_no_call(builds: list[Program], plugins: Path) -> None:
    installation.install(builds[0], plugins)
    here = place.Place(plugins)

    with Load(plugins / "multus") as load:
        for number in range(SWAPS):
            installation.install(builds[number % 3], plugins)
            assert len(here.versions()) <= 3

    assert load.failures == []
    assert {answer for answer in load.answers if load.answers[answer] >= 5} >= {
        f"{question} {letter}" for question in QUESTIONS for letter in "ABC"
    }, "every build was really started in every way"


def test_versions_that_nobody_runs_are_gone_after_the_load(builds: list[Program], plugins: Path) -> None:
    for build in builds:
        installation.install(build, plugins)

    with Load(plugins / "multus"):
        for build in builds:
            installation.install(build, plugins)
    installation.install(builds[0], plugins)

    assert [path.name[-1] for path in place.Place(plugins).versions()] == ["A", "C"]
