"""The plugin passthru, in this process, and as the file that a runtime starts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import plugins
from multus_py.cni import skel, versions
from plugins import passthru

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONObject, JSONValue

FILE = Path(plugins.__path__[0]) / "passthru.py"
ENVIRON = {
    "CNI_CONTAINERID": "abc",
    "CNI_NETNS": "/ns",
    "CNI_IFNAME": "eth0",
    "CNI_PATH": "/bin",
    "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
}


def _answer(command: str, config: JSONObject) -> tuple[int, JSONValue]:
    out: list[bytes] = []
    status = skel.run(
        passthru.HANDLERS,
        environ={name.encode(): text.encode() for name, text in {**ENVIRON, "CNI_COMMAND": command}.items()},
        stdin=lambda: json.dumps(config).encode(),
        stdout=out.append,
    )
    return status, json.loads(out[0]) if out[0] else None


@pytest.mark.parametrize("version", versions.SUPPORTED)
def test_add_without_a_previous_result_has_an_empty_one(version: str) -> None:
    status, result = _answer("ADD", {"cniVersion": version, "name": "net"})

    dns: JSONObject = {} if versions.at_least(version, "1.0.0") else {"dns": {}}
    assert (status, result) == (0, {"cniVersion": version, **dns})


@pytest.mark.parametrize("version", versions.SUPPORTED)
def test_add_hands_on_the_previous_result_unchanged(version: str) -> None:
    previous: JSONObject = {"cniVersion": version, "ips": [], "unknown": [1]}

    assert _answer("ADD", {"cniVersion": version, "name": "net", "prevResult": previous}) == (0, previous)


@pytest.mark.parametrize("version", ["0.1.0", "0.2.0", "1.0.0", "1.1.0"])
def test_add_converts_a_previous_result_of_another_version(version: str) -> None:
    previous: JSONObject = {"cniVersion": "0.4.0", "ips": [{"version": "4", "address": "192.0.2.7/24"}]}

    status, result = _answer("ADD", {"cniVersion": version, "name": "net", "prevResult": previous})

    assert isinstance(result, dict)
    assert (status, result["cniVersion"]) == (0, version)
    assert "192.0.2.7/24" in json.dumps(result)


def test_a_previous_result_without_a_version_is_in_the_configuration_s() -> None:
    config: JSONObject = {"cniVersion": "1.0.0", "name": "net", "prevResult": {"ips": [{"address": "192.0.2.7/24"}]}}

    assert _answer("ADD", config) == (0, {"cniVersion": "1.0.0", "ips": [{"address": "192.0.2.7/24"}]})


@pytest.mark.parametrize(
    ("previous", "code"), [([], 6), ({"cniVersion": "7.0.0"}, 1)], ids=["an array", "an unknown version"]
)
def test_a_previous_result_that_is_none_is_an_error(previous: JSONValue, code: int) -> None:
    status, error = _answer("ADD", {"cniVersion": "1.0.0", "name": "net", "prevResult": previous})

    assert isinstance(error, dict)
    assert (status, error["code"]) == (1, code)


@pytest.mark.parametrize("command", ["CHECK", "DEL", "GC", "STATUS"])
def test_everything_else_succeeds_and_prints_nothing(command: str) -> None:
    assert _answer(command, {"cniVersion": "1.1.0", "name": "net"}) == (0, None)


# ------------------------------------------------------------------------------------------------------- as a program


@pytest.fixture(name="program", params=["itself", "a link", "a relative path"])
def _program(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "a link":
        (tmp_path / "passthru").symlink_to(FILE)
        return str(tmp_path / "passthru")
    return str(FILE) if request.param == "itself" else os.path.relpath(FILE, tmp_path)


def _run(program: str, tmp_path: Path, command: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    environ = {**ENVIRON, "CNI_COMMAND": command}
    return subprocess.run([program], env=environ, input=stdin, capture_output=True, check=False, cwd=tmp_path)


def test_it_can_be_started_from_anywhere(program: str, tmp_path: Path) -> None:
    ended = _run(program, tmp_path, "ADD", b'{"cniVersion":"1.0.0","name":"net"}')

    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b'{\n    "cniVersion": "1.0.0"\n}', b"")


def test_it_says_which_versions_it_knows(program: str, tmp_path: Path) -> None:
    assert json.loads(_run(program, tmp_path, "VERSION").stdout)["supportedVersions"] == list(versions.SUPPORTED)


def test_it_says_what_it_is(tmp_path: Path) -> None:
    ended = _run(str(FILE), tmp_path, "")

    assert (ended.returncode, ended.stdout) == (0, b"")
    assert ended.stderr.decode().splitlines()[0] == passthru.ABOUT


def test_its_main_function_answers_for_the_process(capfd: pytest.CaptureFixture[str]) -> None:
    assert "CNI_COMMAND" not in os.environ
    assert passthru.main() == 0
    assert passthru.ABOUT in capfd.readouterr().err
