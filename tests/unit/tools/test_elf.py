from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tools import elf

pytestmark = pytest.mark.skipif(not shutil.which("objdump"), reason="needs binutils: `make build` installs it")

OBJDUMP = Path(shutil.which("objdump") or "objdump")


def test_a_program_is_linked_with_the_c_library() -> None:
    assert "libc.so.6" in elf.libraries(OBJDUMP)


def test_the_floor_is_the_newest_version_that_anything_asks_for(tmp_path: Path) -> None:
    floor = elf.glibc_floor([OBJDUMP])

    major, minor = map(int, floor.split("."))
    assert (2, 2) <= (major, minor) < (3, 0)
    assert elf.glibc_floor([OBJDUMP, OBJDUMP]) == floor


def test_versions_are_compared_as_numbers(tmp_path: Path) -> None:
    assert elf.newest(["2.4", "2.14", "2.9"]) == "2.14"


def test_the_closure_has_what_is_bundled_and_no_more() -> None:
    assert elf.closure(OBJDUMP, {"libc.so.6": OBJDUMP, "libunused.so.1": OBJDUMP}) == ["libc.so.6"]


def test_what_is_no_elf_file_is_an_error() -> None:
    with pytest.raises(elf.ELFError, match=r"test_elf\.py"):
        elf.libraries(Path(__file__))
