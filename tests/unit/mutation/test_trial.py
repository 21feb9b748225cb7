"""A mutant is tried in a child's memory: tests that notice it, tests that do not, and tests that cannot be run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
MODULE = "def double(a):\n    return a * 2\n"
TESTS = {
    "noticed": ("assert double(3) == 6", "return a * 3", "False"),
    "overlooked": ("assert double(0) == 0", "return a * 3", "True"),
    "without an end": ("double(1)", "while True: pass", "False"),
}
"""A test, a mistake, and whether the mistake survives the test."""
TRIAL = """
import sys
from tests.mutation import trial
trial.PATIENCE = 1
path, tests, source = sys.argv[1:]
print(trial.survives("doubling", path, compile(source, path, "exec"), [tests]))
"""


def tried(directory: Path, body: str, *, tests: str = "test_doubling.py") -> subprocess.CompletedProcess[str]:
    """Try a module with a mistake, in a process that has nothing of the package loaded."""
    module = directory / "doubling.py"
    module.write_text(MODULE)
    (directory / "pytest.ini").write_text(f"[pytest]\npythonpath = {directory}\nmarkers = hypothesis: properties\n")
    command = [sys.executable, "-c", TRIAL, str(module), str(directory / tests), f"def double(a):\n    {body}\n"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert module.read_text() == MODULE
    return done


@pytest.mark.slow
@pytest.mark.parametrize(("test", "body", "survives"), TESTS.values(), ids=list(TESTS))
def test_a_mistake_survives_if_and_only_if_no_test_notices(tmp_path: Path, test: str, body: str, survives: str) -> None:
    (tmp_path / "test_doubling.py").write_text(f"from doubling import double\n\ndef test_it():\n    {test}\n")
    done = tried(tmp_path, body)
    assert done.stdout.split() == [survives], done.stderr


@pytest.mark.slow
def test_without_tests_nothing_is_said(tmp_path: Path) -> None:
    done = tried(tmp_path, "return a", tests="absent.py")
    assert done.stdout == ""
    assert "UnfitError: pytest ended with status 4" in done.stderr
