"""The completion scripts are loaded by real shells, and complete commands, options and values there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.terminal import terminal

CASES = {
    "multus sho": "show ",
    "multus show netw": "networks ",
    "multus show pods --outp": "--output ",
    "multus show pods -o ya": "yaml ",
    "multus gc --dry": "--dry-run ",
    "multus lab de": "demo ",
}
"""What is typed before the tabulator, and what its last word becomes."""


def script(shell: str) -> str:
    argv = [sys.executable, "-m", "multus_py", "completion", shell]
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def bash(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bash") / "multus"
    path.write_text(script("bash"))
    return path


@pytest.fixture(scope="module")
def zsh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("zsh") / "_multus"
    path.write_text(script("zsh"))
    return path


@pytest.mark.parametrize("typed", CASES)
def test_bash_completes(bash: Path, typed: str) -> None:
    words = typed.split()
    ask = f"source {bash}; COMP_WORDS=({typed}) COMP_CWORD={len(words) - 1}; _shtab_multus; echo ${{COMPREPLY[*]}}"
    done = subprocess.run(["bash", "--norc", "-c", ask], check=True, capture_output=True, text=True)
    assert (done.stdout.strip(), done.stderr) == (CASES[typed].strip(), "")


@pytest.mark.skipif(shutil.which("zsh") is None, reason="there is no zsh: apt-get install zsh")
@pytest.mark.parametrize("typed", CASES)
def test_zsh_completes(zsh: Path, typed: str) -> None:
    environment = {"HOME": str(zsh.parent), "PATH": os.environ["PATH"], "TERM": "dumb"}
    with terminal(["zsh", "-f", "-i"], environment) as shell:
        shell.write(f"PS1=; fpath=({zsh.parent} $fpath); autoload -Uz compinit; compinit -u -D; print RE''ADY\n")
        shell.read_until("READY")
        shell.write(f"{typed}\t")
        shell.read_until(typed.rpartition(" ")[0] + " " + CASES[typed])
