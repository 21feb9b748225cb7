"""A command loads what it needs and not what others need; a closed pipe and Ctrl-C are no tracebacks."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.terminal import Terminal, terminal

LOADED = "import sys; from multus_py.cli import main; main.parser({!r}); print(*sys.modules)"


def loaded(command: str) -> set[str]:
    done = subprocess.run([sys.executable, "-c", LOADED.format(command)], check=True, capture_output=True, text=True)
    return set(done.stdout.split())


@pytest.mark.parametrize("command", ["daemon", "install", "version"])
def test_commands_of_a_node_load_nothing_of_those_for_people(command: str) -> None:
    others = {"rich", "shtab", "multus_py.inventory", "multus_py.doctor", "multus_py.validate"}
    assert loaded(command) & others == set()


STREAMS = {
    "a reader that has seen enough": ("completion bash | true", 141, ""),
    "a reader of help that has seen enough": ("--help | true", 141, ""),
    "no standard output": ("version >&-", 0, ""),
    "no standard streams": ("version <&- >&- 2>&-", 0, ""),
    "no standard input": (
        "plan -f - --cni-conf-dir /nowhere <&-",
        1,
        "multus plan: no Multus configuration in /nowhere",
    ),
    "a full disk": ("completion bash > /dev/full", 1, "multus: No space left on device"),
    "a full disk for help": ("--help > /dev/full", 1, "multus: No space left on device"),
}
"""What follows the program's name in a shell, the status, and how standard error begins."""


@pytest.mark.parametrize(("line", "status", "error"), STREAMS.values(), ids=list(STREAMS))
def test_streams_that_are_closed_or_full_are_no_tracebacks(line: str, status: int, error: str) -> None:
    command = f"{sys.executable} -m multus_py {line}; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr[: len(error) or None]) == (status, "", error)


@pytest.mark.parametrize(
    "locale", [{"PYTHONIOENCODING": "ascii"}, {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "LC_ALL": "C"}], ids=str
)
def test_what_is_printed_is_utf_8_whatever_the_locale(locale: dict[str, str], tmp_path: Path) -> None:
    manifest = tmp_path / "pod.yaml"
    manifest.write_text("apiVersion: v1\nkind: Pod\nmetadata: {name: gr\u00fcn}\n", encoding="utf-8")
    argv = [sys.executable, "-m", "multus_py", "validate", str(manifest)]
    done = subprocess.run(argv, env=os.environ | locale, check=False, capture_output=True)
    assert (done.returncode, done.stderr) == (1, b"")
    assert 'found "gr\u00fcn"'.encode() in done.stdout


def at_terminal(*words: str, **environment: str) -> AbstractContextManager[Terminal]:
    base = {name: text for name, text in os.environ.items() if name not in {"NO_COLOR", "TERM"}}
    return terminal([sys.executable, "-m", "multus_py", *words], base | {"TERM": "xterm", **environment})


def test_ctrl_c_ends_a_command_without_a_traceback(tmp_path: Path) -> None:
    config = tmp_path / "00-multus.conf"
    config.write_text('{"type": "multus", "delegates": [{"name": "n", "type": "ptp"}]}')
    pipe = tmp_path / "pod.yaml"
    os.mkfifo(pipe)
    words = ("plan", "-f", str(pipe), "--multus-conf-file", str(config))
    with at_terminal(*words) as screen, pipe.open("w"):  # which takes until the program reads
        screen.write("\x03")
        assert screen.ended() == 130
    assert "Traceback" not in screen.shown


@pytest.mark.parametrize(
    ("environment", "progress", "colours"),
    [({}, True, True), ({"NO_COLOR": "1"}, True, False), ({"TERM": "dumb"}, False, False)],
    ids=["a terminal", "NO_COLOR", "a dumb one"],
)
def test_progress_and_colours_are_for_terminals(
    tmp_path: Path, environment: dict[str, str], *, progress: bool, colours: bool
) -> None:
    manifest = tmp_path / "pod.yaml"
    manifest.write_text("apiVersion: v1\nkind: Pod\nmetadata: {name: Wrong}\n")
    with at_terminal("validate", str(manifest), **environment) as screen:
        assert screen.ended() == 1
    assert "invalid-name" in screen.shown
    assert ("checking" in screen.shown) is progress
    assert screen.shown.count("\x1b[?25l") == screen.shown.count("\x1b[?25h"), "the cursor is back"
    assert (re.search("\x1b\\[[0-9;]*3[0-9]m", screen.shown) is not None) is colours


def test_help_lists_every_command_with_what_it_does() -> None:
    done = subprocess.run([sys.executable, "-m", "multus_py", "--help"], check=True, capture_output=True, text=True)
    for command in ("validate", "doctor", "show", "plan", "gc", "install", "uninstall", "daemon", "completion"):
        assert f"\n    {command} " in done.stdout
