"""`install`, `uninstall` and `version`, from source; tests/packaging has the built program's."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import multus_py
from multus_py.cli import main
from multus_py.install import installation
from tests.unit.install.layouts import make_layout, names, start


def test_source_does_not_install(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["install", "--cni-bin-dir", str(tmp_path)]) == 1

    assert capsys.readouterr().err.startswith("multus install: this runs from source, and only a build can install")
    assert names(tmp_path) == []


def test_uninstalling_says_what_is_gone_and_what_is_not_ours(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plugins = tmp_path / "bin"
    plugins.mkdir()
    installation.install(make_layout(tmp_path / "build", version="1", id="a"), plugins)
    (plugins / "passthru").unlink()
    (plugins / "passthru").write_text("another one")

    assert main.main(["uninstall", "--cni-bin-dir", str(plugins)]) == 0

    assert capsys.readouterr().out.splitlines() == [
        f"removed {plugins}/multus",
        f"removed {plugins}/.multus-1-a",
        f"left {plugins}/passthru, which is another program's",
    ]


def test_uninstalling_waits_as_long_as_it_is_told_to(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plugins = tmp_path / "bin"
    plugins.mkdir()
    installation.install(make_layout(tmp_path / "build", version="1", id="a"), plugins)

    call: subprocess.Popen[bytes]
    with start(plugins / "multus") as call:
        status = main.main(["uninstall", "--cni-bin-dir", str(plugins), "--wait", "0.2"])
        call.kill()

    assert status == 1
    assert "still in use, so still there: .multus-1-a" in capsys.readouterr().err


def test_uninstalling_need_not_wait_at_all(tmp_path: Path) -> None:
    plugins = tmp_path / "bin"
    plugins.mkdir()
    installation.install(make_layout(tmp_path / "build", version="1", id="a"), plugins)
    call: subprocess.Popen[bytes]
    with start(plugins / "multus") as call:
        argv = [sys.executable, "-m", "multus_py", "uninstall", "--cni-bin-dir", str(plugins), "--wait", "0"]
        status = subprocess.run(argv, check=False, capture_output=True, timeout=30).returncode
        call.kill()

    assert status == 1


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["version"]) == 0

    assert capsys.readouterr().out.startswith(f"multus {multus_py.VERSION}\npython 3.")


@pytest.mark.parametrize("option", ["-v", "-version", "--version"])
def test_the_originals_option(capsys: pytest.CaptureFixture[str], option: str) -> None:
    with pytest.raises(SystemExit):
        main.main([option])

    assert capsys.readouterr().out == f"multus: version:{multus_py.VERSION}\n"
