"""`multus validate`, from source: what it reads, what it prints, and how it ends."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from multus_py.cli import main
from tests.unit.validate import marked

GOOD = marked.nad('{"cniVersion": "1.0.0", "type": "macvlan", "master": "eth1"}')
WARNS = marked.nad('{"type": "macvlan", "master": "eth1"}')
BROKEN = marked.nad('{"cniVersion": "1.0.0", "type": "macvlan",\n "mastr": "eth1"}')


def write(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.write_text(text)
    return str(path)


def test_nothing_wrong_is_said_and_is_success(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["validate", write(tmp_path, "a.yaml", GOOD)]) == 0
    assert capsys.readouterr().out == "1 file: nothing wrong\n"


def test_an_error_names_file_line_and_remedy_and_is_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write(tmp_path, "a.yaml", BROKEN)
    assert main.main(["validate", file]) == 1
    assert capsys.readouterr().out.splitlines() == [
        f"{file}:7: error: nad net: spec.config.mastr: the key is not known, and master is missing [misspelt-key]",
        "    Did you mean master? Write that.",
        "1 file: 1 error",
    ]


@pytest.mark.parametrize(("arguments", "status"), [([], 0), (["--strict"], 1)])
def test_warnings_are_failure_when_strict(arguments: list[str], status: int, tmp_path: Path) -> None:
    assert main.main(["validate", *arguments, write(tmp_path, "a.yaml", WARNS)]) == status


def test_json_is_for_programs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["validate", "-o", "json", write(tmp_path, "a.yaml", BROKEN)]) == 1
    document = json.loads(capsys.readouterr().out)
    assert [finding["id"] for finding in document["findings"]] == ["misspelt-key"]
    assert document["summary"]["error"] == 1


def test_sarif_has_all_rules(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["validate", "--output=sarif", write(tmp_path, "a.yaml", BROKEN)]) == 1
    (run,) = json.loads(capsys.readouterr().out)["runs"]
    assert run["tool"]["driver"]["rules"][run["results"][0]["ruleIndex"]]["id"] == "misspelt-key"


def test_a_directory_stands_for_what_may_be_checked_in_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, "b.yaml", BROKEN)
    write(tmp_path, "a.conf", '{"cniVersion": "1.0.0", "name": "a", "type": "bridge"}')
    write(tmp_path, "notes.txt", "no: manifest: at all")
    assert main.main(["validate", str(tmp_path)]) == 1
    assert "2 files: 1 error" in capsys.readouterr().out


def test_a_file_that_is_named_twice_is_read_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["validate", "--strict", write(tmp_path, "a.yaml", GOOD), str(tmp_path)]) == 0
    assert "1 file: nothing wrong" in capsys.readouterr().out


def test_a_directory_with_nothing_to_check_is_a_finding(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "below").mkdir()
    write(tmp_path / "below", "a.yaml", GOOD)
    assert main.main(["validate", str(tmp_path)]) == 1
    assert "only the files right in it are read" in capsys.readouterr().out


def test_a_file_that_cannot_be_read_is_a_finding(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["validate", str(tmp_path / "none.yaml"), write(tmp_path, "a.yaml", GOOD)]) == 1
    assert "none.yaml: error: cannot be read: No such file or directory [unreadable-file]" in capsys.readouterr().out


def test_standard_input_is_a_file_called_dash() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "multus_py", "validate", "-"], input=BROKEN, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stdout.startswith("-:7: error: nad net: spec.config.mastr: ")
    assert not done.stderr


def test_a_device_without_end_is_too_large(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["validate", "/dev/zero"]) == 1
    assert "[file-too-large]" in capsys.readouterr().out


def test_a_node_has_configurations_of_its_own(tmp_path: Path) -> None:
    definition = write(tmp_path, "a.yaml", GOOD.partition("spec:")[0])
    validate = ["validate", "--strict", definition, "--conf-dir"]
    assert main.main([*validate, str(tmp_path / "no-node")]) == 0
    assert main.main([*validate, str(tmp_path)]) == 1
    write(tmp_path, "net.conf", '{"cniVersion": "1.0.0", "name": "net", "type": "bridge"}')
    assert main.main([*validate, str(tmp_path)]) == 0


def test_a_kubeconfig_that_is_not_there_is_a_finding(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write(tmp_path, "a.yaml", GOOD)
    assert main.main(["validate", "--kubeconfig", str(tmp_path / "none"), file]) == 1
    assert "[cluster-unavailable]" in capsys.readouterr().out
