"""A command loads what it needs and not what others need; a closed pipe and Ctrl-C are no tracebacks."""

from __future__ import annotations

import subprocess
import sys

import pytest

LOADED = "import sys; from multus_py.cli import main; main.parser({!r}); print(*sys.modules)"


def loaded(command: str) -> set[str]:
    done = subprocess.run([sys.executable, "-c", LOADED.format(command)], check=True, capture_output=True, text=True)
    return set(done.stdout.split())


@pytest.mark.parametrize("command", ["daemon", "install", "version"])
def test_commands_of_a_node_load_nothing_of_those_for_people(command: str) -> None:
    others = {"rich", "shtab", "multus_py.inventory", "multus_py.doctor", "multus_py.validate"}
    assert loaded(command) & others == set()


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    command = f"{sys.executable} -m multus_py completion bash | head -1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], check=True, capture_output=True, text=True)
    assert done.stderr == ""
    assert done.stdout.splitlines()[1] in {"0", "141"}


def test_help_lists_every_command_with_what_it_does() -> None:
    done = subprocess.run([sys.executable, "-m", "multus_py", "--help"], check=True, capture_output=True, text=True)
    for command in ("validate", "doctor", "show", "plan", "gc", "install", "uninstall", "daemon", "completion"):
        assert f"\n    {command} " in done.stdout
