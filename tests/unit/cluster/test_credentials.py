"""Credentials, the plugins among them being real programs: shell scripts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from multus_py.base import process
from multus_py.base.clock import Deadline, SystemClock
from multus_py.cluster import credentials, errors, kubeconfig, url
from multus_py.cluster.credentials import Credential
from multus_py.cluster.kubeconfig import Access, ExecPlugin

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONObject, JSONValue

SERVER = url.parse("https://10.0.0.1")
VERSIONS = ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"]
V1 = VERSIONS[0]
PATH = b"/usr/bin:/bin"


def obtain(access: Access, *, seconds: float = 10, environ: dict[bytes, bytes] | None = None) -> Credential:
    deadline = Deadline(SystemClock(), seconds)
    environ = {b"PATH": PATH} if environ is None else environ
    return credentials.obtain(access, run=process.run, environ=environ, deadline=deadline)


def answer(version: str = V1, **status: str) -> str:
    return document({**status}, version=version)


def document(status: JSONValue, *, version: str = V1) -> str:
    return json.dumps({"apiVersion": version, "kind": "ExecCredential", "status": status})


def script(directory: Path, *lines: str) -> str:
    path = directory / "plugin"
    path.write_text("\n".join(["#!/bin/sh", *lines, ""]))
    path.chmod(0o755)
    return str(path)


def plugin(command: str, version: str = V1, **more: object) -> Access:
    made = ExecPlugin(command=command, api_version=version).replace(**more)
    return Access(server=SERVER, exec_plugin=made)


def test_a_token_is_trimmed() -> None:
    assert obtain(Access(server=SERVER, token=" t\n")) == Credential(token="t")


def test_a_token_file_goes_before_a_token_and_is_read_each_time(tmp_path: Path) -> None:
    path = tmp_path / "token"
    access = Access(server=SERVER, token="old", token_file=str(path))
    for token in ("first", "second"):
        path.write_text(f"\n{token} \n")
        assert obtain(access).token == token


def test_a_client_certificate_comes_with_its_key() -> None:
    access = Access(server=SERVER, client_certificate="c", client_key="k")
    assert obtain(access) == Credential(certificate="c", key="k")


def test_there_may_be_nothing() -> None:
    assert obtain(Access(server=SERVER)) == Credential()


@pytest.mark.parametrize(
    ("content", "complaint"),
    [(None, "cannot read the token in .*: No such file"), (" \n", "is empty")],
    ids=["missing", "empty"],
)
def test_a_token_file_without_a_token_is_an_error(tmp_path: Path, content: str | None, complaint: str) -> None:
    path = tmp_path / "token"
    if content is not None:
        path.write_text(content)
    with pytest.raises(errors.ConfigError, match=complaint):
        obtain(Access(server=SERVER, token_file=str(path)))


@pytest.mark.parametrize("token", ["a\r\nX: y", "a b", "sécret"])
def test_a_token_that_would_break_the_header_is_refused_without_being_shown(token: str) -> None:
    with pytest.raises(errors.ConfigError, match="blanks, line breaks") as caught:
        obtain(Access(server=SERVER, token=token))
    assert token not in str(caught.value)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_plugin_gives_a_token(tmp_path: Path, version: str) -> None:
    command = script(tmp_path, f"echo '{answer(version, token='t ')}'")
    assert obtain(plugin(command, version)) == Credential(token="t")


def test_a_plugin_gives_a_client_certificate(tmp_path: Path) -> None:
    command = script(tmp_path, f"echo '{answer(clientCertificateData='c', clientKeyData='k')}'")
    assert obtain(plugin(command)) == Credential(certificate="c", key="k")


def test_a_plugin_gets_its_arguments_its_variables_and_the_question(tmp_path: Path) -> None:
    heard = tmp_path / "heard"
    command = script(
        tmp_path,
        f'printf "%s\\n" "$*" "$GIVEN" "$KEPT" "$KUBERNETES_EXEC_INFO" "${{_PYI_X-unset}}" > {heard}',
        f"echo '{answer(token='t')}'",
    )
    cluster: JSONObject = {"server": "https://10.0.0.1"}
    access = plugin(command, args=("-a", "b"), env=(("GIVEN", "given"),), cluster=cluster)
    obtain(access, environ={b"PATH": PATH, b"KEPT": b"kept", b"_PYI_X": b"bundler"})
    args, given, kept, question, bundler = heard.read_text().splitlines()
    assert (args, given, kept, bundler) == ("-a b", "given", "kept", "unset")
    spec = {"interactive": False, "cluster": cluster}
    assert json.loads(question) == {"apiVersion": V1, "kind": "ExecCredential", "spec": spec}


def test_a_plugin_that_does_not_ask_for_the_cluster_is_not_told(tmp_path: Path) -> None:
    heard = tmp_path / "heard"
    command = script(tmp_path, f'echo "$KUBERNETES_EXEC_INFO" > {heard}', f"echo '{answer(token='t')}'")
    obtain(plugin(command))
    assert json.loads(heard.read_text())["spec"] == {"interactive": False}


def test_a_plugin_without_a_slash_is_looked_for_in_path(tmp_path: Path) -> None:
    (tmp_path / "first").mkdir()
    (tmp_path / "first" / "plugin").write_text("not executable")
    script(tmp_path, f"echo '{answer(token='t')}'")
    path = f"/nowhere:{tmp_path}/first:{tmp_path}".encode()
    assert obtain(plugin("plugin"), environ={b"PATH": path}).token == "t"


def test_a_plugin_brings_its_own_path(tmp_path: Path) -> None:
    script(tmp_path, f"echo '{answer(token='t')}'")
    assert obtain(plugin("plugin", env=(("PATH", str(tmp_path)),))).token == "t"


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [
        pytest.param(["echo secret; echo 'no\tlogin' >&2; exit 3"], "exit status 3: no login", id="fails"),
        pytest.param(["exit 3"], "exit status 3: it said nothing", id="fails silently"),
        pytest.param(["kill -9 $$"], "signal: killed", id="killed"),
        pytest.param(["echo secret"], "is no ExecCredential: ", id="not JSON"),
        pytest.param([":"], "is no ExecCredential: ", id="nothing"),
        pytest.param(["echo '\"secret\"'"], "is no ExecCredential: .*a string", id="a string"),
        pytest.param(['echo \'{"kind": "secret"}\''], "is no ExecCredential of client.auth", id="another kind"),
        pytest.param(
            [f"echo '{answer('v9', token='secret')}'"], "is no ExecCredential of client.auth", id="another version"
        ),
        pytest.param([f"echo '{answer()}'"], "neither a token nor a client certificate", id="empty"),
        pytest.param([f"echo '{answer(clientKeyData='secret')}'"], "a key without a certificate", id="half"),
        pytest.param(
            [f"echo '{document({'token': 123456})}'"],
            "status.token: expected a string",
            id="token is a number",
        ),
        pytest.param(
            [f"echo '{document('secret')}'"],
            "status: expected an object",
            id="status is a string",
        ),
    ],
)
def test_a_plugin_that_is_of_no_use_is_named_and_its_output_is_not_shown(
    tmp_path: Path, lines: list[str], complaint: str
) -> None:
    command = script(tmp_path, *lines)
    with pytest.raises(errors.ConfigError, match=complaint) as caught:
        obtain(plugin(command, install_hint="get it there"))
    assert f"credential plugin {command}: " in str(caught.value)
    assert "secret" not in str(caught.value)
    assert "123456" not in str(caught.value)
    assert "get it there" not in str(caught.value)


@pytest.mark.parametrize(
    ("command", "complaint"), [("plugin", "not found in PATH"), ("/nowhere/plugin", "No such file")]
)
@pytest.mark.parametrize("environ", [{b"PATH": b"/nowhere"}, {}], ids=["PATH", "no PATH"])
def test_a_plugin_that_is_not_there_is_an_error_with_the_hint_how_to_get_it(
    command: str, complaint: str, environ: dict[bytes, bytes]
) -> None:
    with pytest.raises(errors.ConfigError, match=f"{complaint}.*\nget it there"):
        obtain(plugin(command, install_hint="get it there"), environ=environ)


def test_an_argument_that_no_program_can_have_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(errors.ConfigError, match="cannot be started"):
        obtain(plugin(script(tmp_path), args=("a\0b",)))


def test_a_plugin_has_as_much_time_as_the_operation(tmp_path: Path) -> None:
    command = script(tmp_path, "exec sleep 60")
    with pytest.raises(errors.UnavailableError, match=r"did not answer within 0\.05 s"):
        obtain(plugin(command), seconds=0.05)


def test_a_credential_shows_what_it_is_but_not_itself() -> None:
    assert (
        repr(Credential(token="secret", certificate="secret", key="secret"))
        == "Credential(token=True, certificate=True)"
    )


def test_the_in_cluster_token_is_read_from_its_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("t\n")
    (tmp_path / "ca.crt").write_text("ca")
    environ = {b"KUBERNETES_SERVICE_HOST": b"h", b"KUBERNETES_SERVICE_PORT": b"1"}
    access = kubeconfig.in_cluster(environ, directory=str(tmp_path))
    assert access is not None
    assert obtain(access).token == "t"
