"""What stands in a node's plugin directory."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from multus_py.lab import executable


def test_without_a_build_a_script_calls_the_package(tmp_path: Path) -> None:
    assert executable.install_multus(tmp_path, built=tmp_path / "none") == "python -m multus_py"
    done = subprocess.run([tmp_path / "multus", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("multus: version:")


def test_a_build_installs_itself(tmp_path: Path) -> None:
    built = tmp_path / "built"
    built.write_text('#!/bin/sh\ntest "$1 $2" = "install --cni-bin-dir" && echo "#!/bin/sh" > "$3/multus"\n')
    built.chmod(0o755)
    assert executable.install_multus(tmp_path, built=built) == str(built)
    assert (tmp_path / "multus").is_file()


def test_a_build_that_cannot_install_itself_is_an_error(tmp_path: Path) -> None:
    built = tmp_path / "built"
    built.write_text("#!/bin/sh\nexit 1\n")
    built.chmod(0o755)
    with pytest.raises(subprocess.CalledProcessError):
        executable.install_multus(tmp_path, built=built)


def test_plugins_are_linked_and_missing_ones_are_named(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.mkdir()
    target.mkdir()
    for name in (*executable.NEEDED, "multus"):
        (source / name).touch()
    executable.link_plugins(target, sources=(tmp_path / "none", source))
    assert sorted(path.name for path in target.iterdir()) == sorted(executable.NEEDED)
    for name in ("bridge", "tuning"):
        (source / name).unlink()
        (target / name).unlink()
    with pytest.raises(executable.MissingPluginsError, match=r"no plugin bridge, tuning in .*containernetworking-plug"):
        executable.link_plugins(target, sources=(source,))
