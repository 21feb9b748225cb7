"""The plugin recorder: its answers and its records, as a real program, and its parts in this process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from multus_py.cni import versions
from plugins import recorder

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONObject, JSONValue

FILE = Path(recorder.__file__)
ENVIRON = {
    "CNI_CONTAINERID": "abc",
    "CNI_NETNS": "/ns",
    "CNI_IFNAME": "eth0",
    "CNI_ARGS": 'A="1"',
    "CNI_PATH": "/bin",
}
CONFIG: JSONObject = {"cniVersion": "1.1.0", "name": "net", "type": "fake"}
VERBS = ("ADD", "CHECK", "DEL", "GC", "STATUS")


class Installed:
    """The plugin under the name `fake` in a directory, and in this process."""

    def __init__(self, directory: Path) -> None:
        self.executable = directory / "fake"
        self.executable.symlink_to(FILE)
        self.script = directory / "fake.json"
        self.log = directory / "fake.log"

    def tell(self, **answers: JSONValue) -> None:
        self.script.write_text(json.dumps(answers))

    def records(self, path: Path | None = None) -> list[JSONObject]:
        return [json.loads(line) for line in (path or self.log).read_text().splitlines()]

    def answer(self, command: str, config: JSONObject | bytes = CONFIG) -> int:
        """Answer a call in this process, to its own descriptors."""
        stdin = config if isinstance(config, bytes) else json.dumps(config).encode()
        environ = {**ENVIRON, "CNI_COMMAND": command, "HOME": "/root"}
        return recorder.Recorder(str(self.executable), environ, stdin).answer()

    def run(self, command: str, config: JSONObject | bytes = CONFIG) -> subprocess.CompletedProcess[bytes]:
        """Start it as a program."""
        stdin = config if isinstance(config, bytes) else json.dumps(config).encode()
        environ = {**ENVIRON, "CNI_COMMAND": command, "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"}
        return subprocess.run([self.executable], env=environ, input=stdin, capture_output=True, check=False)


@pytest.fixture(name="fake")
def _fake(tmp_path: Path) -> Installed:
    return Installed(tmp_path)


# ---------------------------------------------------------------------------------------------- without instructions


@pytest.mark.parametrize("version", versions.SUPPORTED)
def test_without_instructions_add_has_an_empty_result_in_every_version(fake: Installed, version: str) -> None:
    ended = fake.run("ADD", {**CONFIG, "cniVersion": version})

    assert ended.returncode == 0
    assert json.loads(ended.stdout)["cniVersion"] == version


def test_without_instructions_it_hands_on_the_previous_result(fake: Installed) -> None:
    previous: JSONObject = {"cniVersion": "1.1.0", "ips": [{"address": "192.0.2.7/24"}]}

    assert json.loads(fake.run("ADD", {**CONFIG, "prevResult": previous}).stdout) == previous


@pytest.mark.parametrize("command", VERBS[1:])
def test_without_instructions_everything_else_succeeds(fake: Installed, command: str) -> None:
    ended = fake.run(command)

    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"", b"")


def test_without_instructions_bad_input_is_refused_as_any_plugin_does(fake: Installed) -> None:
    assert json.loads(fake.run("ADD", b"nope").stdout)["code"] == 6
    assert json.loads(fake.run("ADD", {**CONFIG, "cniVersion": "9.9.9"}).stdout)["code"] == 1


def test_version_is_answered_without_input(fake: Installed) -> None:
    assert json.loads(fake.run("VERSION", b"nope").stdout)["supportedVersions"] == list(versions.SUPPORTED)


def test_without_a_command_it_says_what_it_is(fake: Installed) -> None:
    ended = fake.run("")

    assert (ended.returncode, ended.stdout) == (0, b"")
    assert ended.stderr.decode().splitlines()[0] == recorder.ABOUT


def test_nothing_is_written_where_nobody_asked_for_it(fake: Installed) -> None:
    fake.run("ADD")

    assert [each.name for each in fake.executable.parent.iterdir()] == ["fake"]


# --------------------------------------------------------------------------------------------------------------- told

TOLD: dict[str, tuple[JSONObject, int, str, str]] = {
    "text": ({"stdout": "hello\n"}, 0, "hello\n", ""),
    "text and a status": ({"stdout": "no", "exit": 7}, 7, "no", ""),
    "an empty text": ({"stdout": ""}, 0, "", ""),
    "a status only": ({"exit": 3}, 3, "", ""),
    "stderr": ({"stderr": "oh", "exit": 3}, 3, "", "oh"),
    "an error": ({"error": {"code": 11, "msg": "later"}}, 1, '{\n    "code": 11,\n    "msg": "later"\n}', ""),
    "an error with another status": ({"error": {}, "exit": 5}, 5, "{}", ""),
    "a result": (
        {"result": {"interfaces": [{"name": "$CNI_IFNAME", "sandbox": "$CNI_NETNS"}], "x": "$CNI_ARGS"}},
        0,
        json.dumps({"interfaces": [{"name": "eth0", "sandbox": "/ns"}], "x": 'A="1"'}, indent=4),
        "",
    ),
}


@pytest.mark.parametrize("told", TOLD.values(), ids=TOLD)
@pytest.mark.parametrize("command", ["ADD", "DEL", "VERSION"])
def test_it_answers_as_told(
    fake: Installed, capfd: pytest.CaptureFixture[str], command: str, told: tuple[JSONObject, int, str, str]
) -> None:
    answer, status, stdout, stderr = told
    fake.tell(**{command: answer})

    assert fake.answer(command) == status
    assert capfd.readouterr() == (stdout, stderr)


def test_one_answer_can_be_for_all_commands_that_have_none(fake: Installed, capfd: pytest.CaptureFixture[str]) -> None:
    answers: JSONObject = {"*": {"stdout": "any"}, "DEL": {"stdout": "del"}}
    fake.tell(**answers)

    for command in ("ADD", "DEL", "GC"):
        fake.answer(command)

    assert capfd.readouterr().out == "anydelany"


def test_answers_in_turn_are_counted_in_the_record(fake: Installed, capfd: pytest.CaptureFixture[str]) -> None:
    fake.log.touch()
    fake.tell(ADD=[{"stdout": "1"}, {"stdout": "2"}], DEL=[{"stdout": "d"}])

    for command in ("ADD", "DEL", "ADD", "ADD", "DEL"):
        fake.answer(command)

    assert capfd.readouterr().out == "1d22d"


def test_without_a_record_the_first_answer_is_always_the_one(
    fake: Installed, capfd: pytest.CaptureFixture[str]
) -> None:
    fake.tell(ADD=[{"stdout": "1"}, {"stdout": "2"}])

    fake.answer("ADD")
    fake.answer("ADD")

    assert capfd.readouterr().out == "11"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_it_ends_itself_by_a_signal(fake: Installed, number: signal.Signals) -> None:
    fake.tell(ADD={"signal": int(number), "stdout": "last words"})

    ended = fake.run("ADD")

    assert (ended.returncode, ended.stdout) == (-number, b"last words")


def test_a_signal_that_is_ignored_is_no_end(fake: Installed, capfd: pytest.CaptureFixture[str]) -> None:
    fake.tell(ADD={"signal": int(signal.SIGURG)})

    assert fake.answer("ADD") == 0
    assert capfd.readouterr().out == ""


def test_it_waits_before_it_answers(fake: Installed) -> None:
    fake.tell(ADD={"sleep": 0.2, "stdout": "{}"})
    start = time.monotonic()

    assert fake.run("ADD").stdout == b"{}"
    assert time.monotonic() - start >= 0.2


# ------------------------------------------------------------------------------------------------------------- written


def test_a_call_is_written_down(fake: Installed, capfd: pytest.CaptureFixture[str]) -> None:
    fake.log.touch()

    fake.answer("ADD")

    [entry] = fake.records()
    assert isinstance(entry.pop("time"), float)
    assert entry == {
        "plugin": "fake",
        "command": "ADD",
        "cni": {**ENVIRON, "CNI_COMMAND": "ADD"},
        "environ": None,
        "config": CONFIG,
        "text": None,
        "pid": os.getpid(),
    }


def test_the_whole_environment_is_written_down_on_request(fake: Installed, capfd: pytest.CaptureFixture[str]) -> None:
    fake.log.touch()
    fake.tell(ADD={"environ": True})

    fake.answer("ADD")

    assert fake.records()[0]["environ"] == {**ENVIRON, "CNI_COMMAND": "ADD", "HOME": "/root"}


@pytest.mark.parametrize("stdin", [b"nope\xff", b"[]", b""])
def test_input_that_is_no_configuration_is_written_down_as_text(
    fake: Installed, capfd: pytest.CaptureFixture[str], stdin: bytes
) -> None:
    fake.log.touch()

    fake.answer("ADD", stdin)

    assert fake.records()[0]["config"] is None
    assert fake.records()[0]["text"] == stdin.decode(errors="replace")


def test_the_configuration_can_name_script_and_record(
    fake: Installed, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    fake.tell(ADD={"stdout": "not this one"})
    (tmp_path / "script").write_text('{"ADD":{"stdout":"this one"}}')
    config: JSONObject = {**CONFIG, "recorder": {"script": f"{tmp_path}/script", "record": f"{tmp_path}/record"}}

    fake.answer("ADD", config)

    assert capfd.readouterr().out == "this one"
    assert fake.records(tmp_path / "record")[0]["config"] == config
    assert not fake.log.exists()


def test_calls_at_the_same_time_do_not_mix_their_lines(fake: Installed) -> None:
    fake.log.touch()
    environ = {**ENVIRON, "CNI_COMMAND": "ADD", "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"}
    big = json.dumps({**CONFIG, "x": "y" * 20_000}).encode()
    processes = [
        subprocess.Popen([fake.executable], env=environ, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        for _ in range(4)
    ]
    for process in processes:
        process.communicate(big)

    assert len(fake.records()) == 4


# -------------------------------------------------------------------------------------------------- in this process


def test_its_main_function_says_what_it_is(fake: Installed, capfd: pytest.CaptureFixture[str]) -> None:
    assert recorder.main(str(fake.executable), {}) == 0
    assert recorder.ABOUT in capfd.readouterr().err


def test_its_main_function_looks_beside_the_executable(fake: Installed, capfd: pytest.CaptureFixture[str]) -> None:
    fake.tell(VERSION={"stdout": "mine"})

    assert recorder.main(str(fake.executable), {"CNI_COMMAND": "VERSION"}) == 0
    assert capfd.readouterr().out == "mine"


def test_without_instructions_the_given_variables_count(fake: Installed, capfd: pytest.CaptureFixture[str]) -> None:
    assert fake.answer("ADD") == 0
    assert json.loads(capfd.readouterr().out) == {"cniVersion": "1.1.0"}
