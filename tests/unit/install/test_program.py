from __future__ import annotations

import platform
from pathlib import Path

import pytest

import multus_py
from multus_py import singlefile
from multus_py.install import program
from tests.unit.install.layouts import make_layout


def test_a_layout_says_what_it_is(tmp_path: Path) -> None:
    found = make_layout(tmp_path / "layout", version="1.2.3", id="abc")

    assert found.directory == tmp_path / "layout"
    assert found.build
    assert found.build.directory_name == ".multus-1.2.3-abc"
    assert found.describe().splitlines() == [
        "multus 1.2.3 (build abc)",
        "python 3.11.2",
        "glibc  2.36 or newer, x86_64",
        f"layout installed in {tmp_path / 'layout'}",
    ]


def test_a_program_unpacked_from_a_single_file_names_the_file(tmp_path: Path) -> None:
    make_layout(tmp_path / "layout")

    found = program.running(
        {singlefile.ORIGIN.decode(): "/somewhere/multus"}, executable=str(tmp_path / "layout/multus"), built=True
    )

    assert found.single_file == Path("/somewhere/multus")
    assert found.describe().endswith("layout single file /somewhere/multus")


def test_source_says_where_it_is() -> None:
    found = program.running({"MULTUS_SINGLE_FILE": "/ignored"})

    assert found.build is None
    assert found.describe().splitlines() == [
        f"multus {multus_py.VERSION}",
        f"python {platform.python_version()}",
        f"layout source in {Path(__file__).parents[3]}",
    ]


@pytest.mark.parametrize("record", ["", "[]", "{}", '{"version": "1"}', "{"], ids=lambda text: text or "empty")
def test_a_damaged_record_is_none(tmp_path: Path, record: str) -> None:
    make_layout(tmp_path)
    (tmp_path / "lib/build.json").write_text(record)

    assert program.read_build(tmp_path) is None


def test_a_directory_without_a_record_is_no_build(tmp_path: Path) -> None:
    assert program.read_build(tmp_path) is None
