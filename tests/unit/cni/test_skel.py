from __future__ import annotations

import errno
import itertools
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import hypothesis
import pytest
from hypothesis import strategies

from multus_py.cni import args, errors, skel, versions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from multus_py.base.jsontext import JSONObject, JSONValue

ABOUT = "a plugin"
VERBS = ("ADD", "CHECK", "DEL", "GC", "STATUS")
CONFIG: JSONObject = {"cniVersion": "1.1.0", "name": "net", "type": "x"}
ROOT = Path(__file__).parents[3]


class Plugin:
    """A plugin with everything around it: variables, streams, and a handler for each command."""

    def __init__(self, answer: Callable[[skel.Request], JSONObject | None] = lambda _: None) -> None:
        self.requests: list[skel.Request] = []
        self.out: list[bytes] = []
        self.err = b""
        self.reads = 0
        self._answer = answer

    def run(
        self,
        command: str = "ADD",
        config: JSONValue | bytes = None,
        *,
        environ: dict[str, str] | None = None,
        supported: tuple[str, ...] = versions.SUPPORTED,
        about: str = ABOUT,
        own_netns: str = "/nowhere",
        verbs: tuple[str, ...] = VERBS,
    ) -> int:
        given = {
            "CNI_COMMAND": command,
            "CNI_CONTAINERID": "abc",
            "CNI_NETNS": "/ns",
            "CNI_IFNAME": "eth0",
            "CNI_PATH": "/bin",
            **(environ or {}),
        }
        data = config if isinstance(config, bytes) else json.dumps(CONFIG if config is None else config).encode()
        return skel.run(
            dict.fromkeys(verbs, self._handle),
            about=about,
            supported=supported,
            environ={name.encode(): text.encode() for name, text in given.items()},
            stdin=lambda: self._read(data),
            stdout=self.out.append,
            stderr=self._hear,
            own_netns=own_netns,
        )

    @property
    def text(self) -> str:
        assert len(self.out) == 1, "written more than once, or not at all"
        return self.out[0].decode()

    @property
    def document(self) -> JSONValue:
        document: JSONValue = json.loads(self.text)
        return document

    def _handle(self, request: skel.Request) -> JSONObject | None:
        self.requests.append(request)
        return self._answer(request)

    def _read(self, data: bytes) -> bytes:
        self.reads += 1
        return data

    def _hear(self, text: bytes) -> None:
        self.err += text


def _error(plugin: Plugin, status: int) -> JSONValue:
    assert status == 1
    assert plugin.requests == []
    return plugin.document


# -------------------------------------------------------------------------------------------------- without a command


@pytest.mark.parametrize("environ", [{}, {"CNI_CONTAINERID": "%%"}], ids=["alone", "with a bad id"])
def test_without_a_command_it_says_what_it_is(environ: dict[str, str]) -> None:
    plugin = Plugin()

    assert plugin.run("", environ=environ, supported=("0.4.0", "1.0.0")) == 0
    assert plugin.err == b"a plugin\nCNI protocol versions supported: 0.4.0, 1.0.0\n"
    assert (plugin.out, plugin.reads) == ([], 0)


def test_without_a_command_and_anything_to_say_it_is_an_error() -> None:
    plugin = Plugin()

    assert _error(plugin, plugin.run("", about="")) == {
        "code": 4,
        "msg": "required env variables [CNI_COMMAND] missing",
    }


# ------------------------------------------------------------------------------------------------------------- VERSION


def test_version_is_answered_on_one_line_without_looking_at_stdin() -> None:
    plugin = Plugin()

    assert plugin.run("VERSION", b"garbage") == 0
    assert plugin.text == (
        '{"cniVersion":"1.1.0","supportedVersions":["0.1.0","0.2.0","0.3.0","0.3.1","0.4.0","1.0.0","1.1.0"]}\n'
    )
    assert plugin.reads == 0


# ------------------------------------------------------------------------------------------------------------ variables


def test_all_missing_variables_are_named_before_stdin_is_read() -> None:
    plugin = Plugin()
    status = plugin.run(environ={"CNI_NETNS": "", "CNI_IFNAME": "", "CNI_PATH": ""})

    assert _error(plugin, status) == {
        "code": 4,
        "msg": "required env variables [CNI_NETNS,CNI_IFNAME,CNI_PATH] missing",
    }
    assert plugin.reads == 0


def test_an_invalid_variable_is_an_error_with_details() -> None:
    plugin = Plugin()

    assert _error(plugin, plugin.run(environ={"CNI_CONTAINERID": "a/b"})) == {
        "code": 4,
        "msg": "invalid characters in containerID",
        "details": "a/b",
    }


# -------------------------------------------------------------------------------------------------------- configuration

BAD_CONFIGS: dict[str, tuple[bytes, JSONObject]] = {
    "garbage": (
        b"nope",
        {"code": 6, "msg": "error unmarshall network config: Expecting value at line 1, column 1"},
    ),
    "nothing": (b"", {"code": 6, "msg": "error unmarshall network config: unexpected end of JSON input"}),
    "an array": (
        b"[]",
        {"code": 6, "msg": "error unmarshall network config: expected a JSON object, found an array"},
    ),
    "not UTF-8": (b"\xff", {"code": 6, "msg": "error unmarshall network config: not UTF-8 text (byte 0)"}),
    "a number for a name": (
        b'{"name":1}',
        {"code": 6, "msg": "error unmarshall network config: name: expected a string, found 1"},
    ),
    "null": (b"null", {"code": 7, "msg": "missing network name"}),
    "no name": (b"{}", {"code": 7, "msg": "missing network name"}),
    "an empty name": (b'{"name":""}', {"code": 7, "msg": "missing network name"}),
    "a bad name": (
        b'{"name":"a/b"}',
        {"code": 7, "msg": "invalid characters found in network name", "details": "a/b"},
    ),
    "a name with a newline": (
        b'{"name":"net\\n"}',
        {"code": 7, "msg": "invalid characters found in network name", "details": "net\n"},
    ),
}


@pytest.mark.parametrize("command", [*VERBS, "unknown"])
@pytest.mark.parametrize(("config", "expected"), BAD_CONFIGS.values(), ids=BAD_CONFIGS)
def test_a_bad_configuration_is_refused_before_anything_else(command: str, config: bytes, expected: JSONObject) -> None:
    plugin = Plugin()

    assert _error(plugin, plugin.run(command, config)) == expected


@pytest.mark.parametrize("command", ["add", "UPDATE", "ADD "])
def test_an_unknown_command_is_named(command: str) -> None:
    plugin = Plugin()
    status = plugin.run(command, {"name": "net", "cniVersion": "9.9.9"})

    assert _error(plugin, status) == {"code": 4, "msg": f"unknown CNI_COMMAND: {command}"}


def test_stdin_that_cannot_be_read_is_an_error() -> None:
    out: list[bytes] = []

    def broken() -> bytes:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    environ = {b"CNI_COMMAND": b"GC", b"CNI_PATH": b"/bin"}
    assert skel.run({}, environ=environ, stdin=broken, stdout=out.append, stderr=out.append) == 1
    assert json.loads(out[0]) == {"code": 5, "msg": "error reading from stdin: input/output error"}


# ------------------------------------------------------------------------------------------------------------- versions

MINIMUM = {"ADD": "", "DEL": "", "CHECK": "0.4.0", "GC": "1.1.0", "STATUS": "1.1.0"}


@pytest.mark.parametrize("version", [*versions.SUPPORTED, ""])
@pytest.mark.parametrize("command", VERBS)
def test_each_command_has_a_minimum_version(command: str, version: str) -> None:
    plugin = Plugin()
    status = plugin.run(command, {"name": "net", "cniVersion": version})

    if versions.at_least(version, MINIMUM[command]):
        assert status == 0
        assert [request.version for request in plugin.requests] == [version or "0.1.0"]
    else:
        assert _error(plugin, status) == {"code": 1, "msg": f"config version does not allow {command}"}


def test_the_version_is_read_without_regard_to_case_and_null_is_none() -> None:
    plugin = Plugin()
    plugin.run(config={"NAME": "net", "CNIVersion": "0.4.0"})
    plugin.run(config={"name": "net", "cniVersion": None})

    assert [request.version for request in plugin.requests] == ["0.4.0", "0.1.0"]


_NO_PART = 'failed to convert major version part "x": strconv.Atoi: parsing "x": invalid syntax'
BAD_VERSIONS: dict[str, tuple[str, str, JSONObject]] = {
    **{
        f"unknown, {command}": (
            command,
            "9.9.9",
            {
                "code": 1,
                "msg": "incompatible CNI versions",
                "details": 'config is "9.9.9", plugin supports ["0.4.0" "1.1.0"]',
            },
        )
        for command in ("ADD", "DEL")
    },
    "malformed, ADD": (
        "ADD",
        "x",
        {
            "code": 1,
            "msg": "incompatible CNI versions",
            "details": 'config is "x", plugin supports ["0.4.0" "1.1.0"]',
        },
    ),
    "equal as a number only": (
        "ADD",
        "0.4",
        {
            "code": 1,
            "msg": "incompatible CNI versions",
            "details": 'config is "0.4", plugin supports ["0.4.0" "1.1.0"]',
        },
    ),
    "absent, and 0.1.0 not supported": (
        "ADD",
        "",
        {
            "code": 1,
            "msg": "incompatible CNI versions",
            "details": 'config is "0.1.0", plugin supports ["0.4.0" "1.1.0"]',
        },
    ),
    **{f"malformed, {command}": (command, "x", {"code": 6, "msg": _NO_PART}) for command in ("CHECK", "GC", "STATUS")},
    **{
        f"too new, {command}": (command, "1.2.0", {"code": 1, "msg": f"plugin version does not allow {command}"})
        for command in ("CHECK", "GC", "STATUS")
    },
    "between two supported ones": (
        "CHECK",
        "1.0.1",
        {
            "code": 1,
            "msg": "incompatible CNI versions",
            "details": 'config is "1.0.1", plugin supports ["0.4.0" "1.1.0"]',
        },
    ),
}


@pytest.mark.parametrize(("command", "version", "expected"), BAD_VERSIONS.values(), ids=BAD_VERSIONS)
def test_a_version_that_does_not_fit_is_refused(command: str, version: str, expected: JSONObject) -> None:
    plugin = Plugin()
    status = plugin.run(command, {"name": "net", "cniVersion": version}, supported=("0.4.0", "1.1.0"))

    assert _error(plugin, status) == expected


def test_a_supported_version_that_is_malformed_is_found_out_when_looked_at() -> None:
    plugin = Plugin()

    assert plugin.run("CHECK", supported=("1.1.0", "x")) == 0
    plugin = Plugin()
    assert _error(plugin, plugin.run("CHECK", supported=("x", "1.1.0"))) == {"code": 6, "msg": _NO_PART}


def test_a_version_that_is_no_text_is_refused() -> None:
    plugin = Plugin()

    assert _error(plugin, plugin.run(config={"name": "net", "cniVersion": 1})) == {
        "code": 6,
        "msg": "decoding version from network config: cniVersion: expected a string, found 1",
    }


# ------------------------------------------------------------------------------------------------------------ handlers


def test_a_handler_gets_the_whole_request() -> None:
    plugin = Plugin()
    plugin.run("ADD", b'{ "cniVersion":"0.4.0", "name":"net" }', environ={"CNI_ARGS": "K=V"})

    assert plugin.requests == [
        skel.Request(
            call=args.Call(command="ADD", container_id="abc", netns="/ns", ifname="eth0", args="K=V", path=("/bin",)),
            config=b'{ "cniVersion":"0.4.0", "name":"net" }',
            version="0.4.0",
            name="net",
        )
    ]


def test_a_result_is_printed_with_four_blanks_and_without_a_newline_at_the_end() -> None:
    plugin = Plugin(lambda _: {"cniVersion": "1.1.0", "dns": {"domain": "<&>"}, "ips": []})

    assert plugin.run() == 0
    assert plugin.text.splitlines() == [
        "{",
        '    "cniVersion": "1.1.0",',
        '    "dns": {',
        r'        "domain": "\u003c\u0026\u003e"',
        "    },",
        '    "ips": []',
        "}",
    ]
    assert plugin.text.endswith("}")


def test_an_add_without_a_result_has_an_empty_one() -> None:
    plugin = Plugin()

    assert plugin.run(config={"name": "net", "cniVersion": "1.0.0"}) == 0
    assert plugin.document == {"cniVersion": "1.0.0"}


@pytest.mark.parametrize("command", ["CHECK", "DEL", "GC", "STATUS"])
def test_other_commands_print_nothing(command: str) -> None:
    plugin = Plugin()

    assert plugin.run(command) == 0
    assert plugin.text == ""


@pytest.mark.parametrize("command", VERBS)
def test_a_command_without_a_handler_succeeds_silently(command: str) -> None:
    plugin = Plugin()

    assert plugin.run(command, verbs=()) == 0
    assert plugin.text == ""


def test_a_cni_error_is_printed_as_it_is() -> None:
    plugin = Plugin(lambda _: _raise(errors.CNIError(11, "later <x>", "d")))

    assert plugin.run() == 1
    assert plugin.text == '{\n    "code": 11,\n    "msg": "later \\u003cx\\u003e",\n    "details": "d"\n}'
    assert plugin.err == b""


def _raise(error: BaseException) -> NoReturn:
    raise error


def _recurse(request: skel.Request) -> None:
    _recurse(request)


class _ObscureError(Exception):
    def __str__(self) -> str:
        return "a\udcffb"


FAILURES: dict[str, tuple[Callable[[skel.Request], None], str]] = {
    "an error": (lambda _: _raise(ValueError("bad")), "internal error: ValueError: bad"),
    "an error without a text": (lambda _: _raise(ValueError()), "internal error: ValueError"),
    "an exit": (lambda _: sys.exit(3), "internal error: SystemExit: 3"),
    "an exit with success": (lambda _: sys.exit(0), "internal error: SystemExit: 0"),
    "an interrupt": (lambda _: _raise(KeyboardInterrupt()), "internal error: KeyboardInterrupt"),
    "no memory": (lambda _: _raise(MemoryError()), "internal error: MemoryError"),
    "no stack": (_recurse, "internal error: RecursionError: maximum recursion depth exceeded"),
    "text that cannot be encoded": (lambda _: _raise(_ObscureError()), "internal error: _ObscureError: a?b"),
}


@pytest.mark.parametrize("command", VERBS)
@pytest.mark.parametrize(("handler", "message"), FAILURES.values(), ids=FAILURES)
def test_whatever_a_handler_raises_becomes_one_document(
    command: str, handler: Callable[[skel.Request], None], message: str
) -> None:
    plugin = Plugin(handler)

    assert plugin.run(command) == 1
    assert plugin.document == {"code": 999, "msg": message}
    assert plugin.err.startswith(b"Traceback")


def test_a_result_that_cannot_be_written_as_json_is_an_error() -> None:
    plugin = Plugin(lambda _: {"x": object()})  # type: ignore[dict-item]

    assert plugin.run() == 1
    document = plugin.document
    assert isinstance(document, dict)
    assert document["code"] == 999


def test_a_stderr_that_fails_does_not_keep_the_document_back() -> None:
    out: list[bytes] = []

    def broken(_text: bytes) -> None:
        raise BrokenPipeError

    environ = {b"CNI_COMMAND": b"GC", b"CNI_PATH": b"/bin"}
    config = json.dumps(CONFIG).encode()
    status = skel.run(
        {"GC": lambda _: _raise(ValueError("bad"))},
        environ=environ,
        stdin=lambda: config,
        stdout=out.append,
        stderr=broken,
    )

    assert status == 1
    assert [json.loads(text) for text in out] == [{"code": 999, "msg": "internal error: ValueError: bad"}]


@pytest.mark.parametrize("error", [BrokenPipeError(errno.EPIPE, "Broken pipe"), KeyboardInterrupt()])
def test_a_stdout_that_fails_is_a_failure(error: BaseException) -> None:
    err: list[bytes] = []
    status = skel.run(
        {}, environ={b"CNI_COMMAND": b"VERSION"}, stdin=bytes, stdout=lambda _: _raise(error), stderr=err.append
    )

    assert status == 1
    assert err[0].startswith(b"cannot write to stdout: ")


# ---------------------------------------------------------------------------------------------------------- namespaces

OVERRIDES = {"": True, "1": False, "TRUE": False, "yes": True}


@pytest.mark.parametrize(("override", "checked"), OVERRIDES.items(), ids=map(repr, OVERRIDES))
@pytest.mark.parametrize("command", ["ADD", "DEL"])
def test_our_own_namespace_is_refused_before_the_handler_is_called(
    tmp_path: Path, command: str, override: str, *, checked: bool
) -> None:
    (tmp_path / "ns").touch()
    (tmp_path / "own").hardlink_to(tmp_path / "ns")
    plugin = Plugin()
    environ = {"CNI_NETNS": str(tmp_path / "ns"), "CNI_NETNS_OVERRIDE": override}

    status = plugin.run(command, environ=environ, own_netns=str(tmp_path / "own"))

    if checked:
        assert _error(plugin, status) == {
            "code": 8,
            "msg": "plugin's netns and netns from CNI_NETNS should not be the same",
        }
    else:
        assert (status, len(plugin.requests)) == (0, 1)


def test_check_may_look_at_our_own_namespace(tmp_path: Path) -> None:
    (tmp_path / "ns").touch()
    path = str(tmp_path / "ns")

    assert Plugin().run("CHECK", environ={"CNI_NETNS": path}, own_netns=path) == 0


@pytest.mark.parametrize("netns", ["", "/nowhere/else"], ids=["none", "gone"])
def test_del_needs_no_namespace(netns: str) -> None:
    assert Plugin().run("DEL", environ={"CNI_NETNS": netns}) == 0


def test_another_namespace_is_fine(tmp_path: Path) -> None:
    (tmp_path / "ns").touch()
    (tmp_path / "own").touch()

    assert Plugin().run(environ={"CNI_NETNS": str(tmp_path / "ns")}, own_netns=str(tmp_path / "own")) == 0


# ------------------------------------------------------------------------------------------------------- as a process

SCRIPT = """
import sys
from multus_py.cni import skel
sys.exit(skel.run({"ADD": lambda request: {"cniVersion": request.version}}, about="a plugin"))
"""


def _process(environ: dict[str, str], stdin: bytes = b"", script: str = SCRIPT) -> subprocess.CompletedProcess[bytes]:
    given = {"PYTHONPATH": str(ROOT), **environ}
    return subprocess.run([sys.executable, "-c", script], env=given, input=stdin, capture_output=True, check=False)


@pytest.fixture(name="descriptors")
def _descriptors() -> Iterator[Callable[[int, int], None]]:
    """Return a function that puts one of our descriptors in the place of another, until the end of the test."""
    saved: dict[int, int] = {}

    def put(fd: int, place: int) -> None:
        saved[place] = os.dup(place)
        os.dup2(fd, place)
        os.close(fd)

    yield put
    for place, fd in saved.items():
        os.dup2(fd, place)
        os.close(fd)


def test_the_streams_are_the_descriptors_0_1_and_2(
    tmp_path: Path, descriptors: Callable[[int, int], None], capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    (tmp_path / "stdin").write_text(json.dumps(CONFIG))
    descriptors(os.open(tmp_path / "stdin", os.O_RDONLY), 0)

    environ = {b"CNI_COMMAND": b"GC", b"CNI_PATH": b"/bin"}
    assert skel.run({"GC": lambda request: {"name": request.name}}, environ=environ) == 0
    assert skel.run({}, about=ABOUT, environ={}) == 0

    captured = capfdbinary.readouterr()
    assert captured.out == b'{\n    "name": "net"\n}'
    assert captured.err.startswith(b"a plugin\n")


def test_a_stderr_that_nobody_reads_is_no_failure(descriptors: Callable[[int, int], None]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    descriptors(writing, 2)

    assert skel.run({}, about=ABOUT, environ={}) == 0


ADD = {"CNI_COMMAND": "ADD", "CNI_CONTAINERID": "a", "CNI_NETNS": "/x", "CNI_IFNAME": "e", "CNI_PATH": "/"}


def test_the_defaults_are_the_process_own_streams_and_variables() -> None:
    ended = _process(ADD, b'{"cniVersion":"1.0.0","name":"net"}')

    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b'{\n    "cniVersion": "1.0.0"\n}', b"")


def test_the_about_text_goes_to_stderr() -> None:
    ended = _process({})

    assert (ended.returncode, ended.stdout) == (0, b"")
    assert ended.stderr.startswith(b"a plugin\nCNI protocol versions supported: 0.1.0, ")


def test_the_process_own_namespace_is_refused() -> None:
    ended = _process({**ADD, "CNI_NETNS": "/proc/self/ns/net"}, b'{"cniVersion":"1.0.0","name":"net"}')

    assert ended.returncode == 1
    assert json.loads(ended.stdout)["code"] == 8


@pytest.mark.parametrize("closed", [1, 2], ids=["stdout", "stderr"])
def test_a_closed_stream_is_no_traceback(closed: int) -> None:
    ended = _process({**ADD, "CNI_COMMAND": "VERSION"}, script=f"import os; os.close({closed})\n{SCRIPT}")

    assert ended.returncode == (1 if closed == 1 else 0)
    assert b"Traceback" not in ended.stderr


# ------------------------------------------------------------------------------------------------------------ any input

TEXT = strategies.text(alphabet="ab1./:;= \né", max_size=4)


@hypothesis.given(
    command=strategies.sampled_from([*VERBS, "VERSION", "x", ""]),
    environ=strategies.dictionaries(
        strategies.sampled_from(["CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME", "CNI_PATH", "CNI_ARGS"]), TEXT
    ),
    config=strategies.binary(max_size=20)
    | strategies.dictionaries(
        strategies.sampled_from(["name", "cniVersion", "NAME"]),
        TEXT | strategies.sampled_from(versions.SUPPORTED) | strategies.none() | strategies.integers(),
    ).map(lambda document: json.dumps(document).encode()),
    handler=strategies.sampled_from([None, *(handler for handler, _ in FAILURES.values())]),
)
def test_whatever_comes_there_is_one_document_and_the_right_status(
    command: str,
    environ: dict[str, str],
    config: bytes,
    handler: Callable[[skel.Request], None] | None,
) -> None:
    plugin = Plugin(handler or (lambda _: {"cniVersion": "1.1.0"}))

    status = plugin.run(command, config, environ=environ)

    if not command:
        assert (status, plugin.out) == (0, [])
        return
    assert status in (0, 1)
    assert status == 1 or command != "x"
    if status:
        document = plugin.document
        assert isinstance(document, dict)
        assert document.keys() - {"details"} == {"code", "msg"}
    assert len(plugin.requests) <= 1


def test_the_table_of_minimum_versions_is_the_one_that_is_tested() -> None:
    assert {command: minimum for command, minimum in MINIMUM.items() if minimum} == versions.MINIMUM
    assert set(itertools.chain(VERBS, ("VERSION",))) == set(args.COMMANDS)
