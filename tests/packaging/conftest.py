"""The built program, from `make build`; without it these tests are skipped, and say so."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.fakes.plugins import PluginDirectory
from tests.packaging.calls import Caller

DIST = Path(__file__).parents[2] / "dist/multus"


@pytest.fixture(scope="session")
def single_file() -> Path:
    if not DIST.is_file():
        pytest.skip("there is no dist/multus: make build")
    return DIST


@pytest.fixture(scope="session")
def plugin_directory(single_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a directory that the program was installed to. Tests share it, so they only read."""
    directory = tmp_path_factory.mktemp("bin")
    subprocess.run([single_file, "install", "--cni-bin-dir", directory], check=True, stdout=subprocess.DEVNULL)
    return directory


@pytest.fixture(scope="session")
def layout(plugin_directory: Path) -> Path:
    """Return the directory of the installed version."""
    return (plugin_directory / "multus").resolve().parent


@pytest.fixture(params=["installed", "single file"])
def program(request: pytest.FixtureRequest, single_file: Path, plugin_directory: Path) -> Path:
    """Return the program, in both of its forms."""
    return plugin_directory / "multus" if request.param == "installed" else single_file


@pytest.fixture
def caller(program: Path, tmp_path: Path) -> Caller:
    """Return what makes calls of the program, with a recording plugin as the delegate."""
    return _caller(program, tmp_path)


@pytest.fixture
def single_caller(single_file: Path, tmp_path: Path) -> Caller:
    """Return what makes calls of the single file."""
    return _caller(single_file, tmp_path)


def _caller(program: Path, directory: Path) -> Caller:
    delegates = PluginDirectory(directory / "delegates")
    delegates.install("bridge")
    return Caller(program, delegates, directory)
