"""The same sources give the same bytes."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_two_builds_are_equal_byte_by_byte(single_file: Path, tmp_path: Path) -> None:
    """Built twice here, since dist/multus may be older than the sources; at another path, and from another folder."""
    if not (ROOT / "build/venv").is_dir():
        pytest.skip("dist/multus was not built here: make build")
    outs = [tmp_path / "first", tmp_path / "a longer name/second"]
    for out in outs:
        done = subprocess.run(
            ["flock", ROOT / "build.spec", ROOT / "tools/build"],
            env={**os.environ, "OUT": str(out)},
            cwd=tmp_path,
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr

    first, second = [(out / "multus").read_bytes() for out in outs]
    assert first == second
