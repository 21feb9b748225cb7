"""The operator's commands of the built program."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

import multus_py


def output(*command: str | Path) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_version_says_what_it_is_and_needs(single_file: Path, plugin_directory: Path, layout: Path) -> None:
    single, installed = output(single_file, "version"), output(plugin_directory / "multus", "version")

    lines = single.splitlines()
    assert lines[0].startswith(f"multus {multus_py.VERSION} (build ")
    assert lines[1].startswith("python 3.")
    assert lines[2].startswith("glibc  2.")
    assert lines[3] == f"layout single file {single_file}"
    assert installed.splitlines() == [*lines[:3], f"layout installed in {layout}"]


@pytest.mark.parametrize("option", ["-v", "-version", "--version"])
def test_the_originals_option_works(program: Path, option: str) -> None:
    assert output(program, option) == f"multus: version:{multus_py.VERSION}\n"


def test_help_names_the_commands_but_not_the_lab(program: Path) -> None:
    text = output(program, "--help")

    assert all(f"\n    {command}" in text for command in ("install", "uninstall", "daemon", "version"))
    assert "lab" not in text


def test_an_unknown_command_is_refused(program: Path) -> None:
    done = subprocess.run([program, "frobnicate"], check=False, capture_output=True, text=True)

    assert done.returncode == 2
    assert "unknown command: frobnicate" in done.stderr


def test_an_installed_program_installs_itself_elsewhere(plugin_directory: Path, tmp_path: Path) -> None:
    output(plugin_directory / "multus", "install", "--cni-bin-dir", tmp_path)
    output(tmp_path / "multus", "uninstall", "--cni-bin-dir", tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_done_is_said_on_stderr(program: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [program, "uninstall", "--cni-bin-dir", tmp_path], check=False, capture_output=True, text=True
    )

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"multus uninstall: nothing of this program is installed in {tmp_path}\n"


def test_manifests_are_checked_with_nothing_but_the_build(program: Path) -> None:
    config = '{"cniVersion": "1.0.0", "type": "macvlan", "mastr": "eth1", "ipam": {"type": "dhcp"}}'
    manifest = "apiVersion: k8s.cni.cncf.io/v1\nkind: NetworkAttachmentDefinition\nmetadata: {name: ä日}\n"
    done = subprocess.run(
        [program, "validate", "-"],
        input=f"{manifest}spec:\n  config: '{config}'\n",
        check=False,
        capture_output=True,
        text=True,
    )

    assert (done.returncode, done.stderr) == (1, "")
    assert "[invalid-name]" in done.stdout
    assert "-:5: error: nad ä日: spec.config.mastr: the key is not known, and master is missing" in done.stdout
