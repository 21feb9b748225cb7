"""`make bench` runs to its end: one round, everything that is there, results that add up."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.root, pytest.mark.slow]


def test_one_round_gives_a_row_for_each_task_and_leaves_nothing_behind(tmp_path: Path) -> None:
    before = set(Path("/run/netns").glob("mpy-bench-*"))
    output = tmp_path / "results.json"
    command = [sys.executable, "-m", "tests.bench", "--rounds=1", "--burst-rounds=1", f"--output={output}"]
    done = subprocess.run(
        [*command, "--single=/nowhere/multus"], check=False, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stdout + done.stderr
    document = json.loads(output.read_text())
    measured = {(row["task"], row["variant"]) for row in document["rows"]}
    tasks = [f"{verb} {count}" for verb in ("ADD", "DEL") for count in (0, 1, 2, 4)]
    assert measured == {(task, variant) for task in tasks for variant in ("bare", "module")} | {("VERSION", "module")}
    assert [row["failures"] for row in document["burst"]] == [0] * 4
    assert any("/nowhere/multus" in text for text in document["skipped"])
    assert set(Path("/run/netns").glob("mpy-bench-*")) <= before
