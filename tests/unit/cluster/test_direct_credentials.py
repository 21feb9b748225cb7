"""The direct adapter's credentials: read again when the API server does not know them (any more)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from multus_py.base.log import Log, Options
from multus_py.cluster import errors, kubeconfig, url
from multus_py.cluster.direct import Direct
from multus_py.lab.apiserver import APIServer
from multus_py.lab.faults import Answer, Fault
from tests.fakes.clock import FakeClock
from tests.unit.cluster.asking import Fixture, rotate

if TYPE_CHECKING:
    pass


@pytest.mark.parametrize("form", ["inline", "file"])
def test_a_token_that_was_rotated_is_read_again(server: APIServer, tmp_path: Path, form: str) -> None:
    path = tmp_path / "kubeconfig"
    server.kubeconfig(path, form="file" if form == "file" else "inline")
    direct = Direct(kubeconfig.load(str(path)), clock=FakeClock(), log=Log(Options(stderr=False)))
    direct.get_pod("default", "web")
    rotate(server)
    server.kubeconfig(path, form="file" if form == "file" else "inline")
    assert direct.get_pod("default", "web").name == "web"
    direct.close()


def test_a_plugin_is_asked_once_a_call_and_again_when_its_token_is_too_old(fixture: Fixture, tmp_path: Path) -> None:
    tokens = tmp_path / "tokens"
    script = tmp_path / "plugin"
    api_version = "client.authentication.k8s.io/v1"
    script.write_text(
        f"#!/bin/sh\necho x >> {tokens}.asked\n"
        f'echo "{{\\"apiVersion\\":\\"{api_version}\\",\\"kind\\":\\"ExecCredential\\",'
        f'\\"status\\":{{\\"token\\":\\"$(cat {tokens})\\"}}}}"\n'
    )
    script.chmod(0o755)
    tokens.write_text(fixture.server.token())
    plugin = kubeconfig.ExecPlugin(command=str(script), api_version=api_version)
    direct = fixture.open(fixture.access.replace(token_file="", exec_plugin=plugin, source=""))
    direct.get_pod("default", "web")
    direct.get_pod("default", "web")
    rotate(fixture.server)
    tokens.write_text("fresh")
    direct.get_pod("default", "web")
    assert Path(f"{tokens}.asked").read_text() == "x\nx\n"


ECHOES = (400, 401, 403, 404, 409, 422, 429, 500)


@pytest.mark.parametrize("code", ECHOES)
def test_a_server_that_quotes_the_token_does_not_get_it_into_messages_or_the_log(fixture: Fixture, code: int) -> None:
    token = fixture.server.token()
    quoting = Answer(code, f"what is this: Authorization: Bearer {token}")
    fixture.server.inject(Fault(quoting, times=None))
    with pytest.raises(errors.ClusterError, match=r"Bearer \(our token\)") as caught:
        fixture.pod()
    answers = fixture.direct.get_nads([("default", "a"), ("default", "b")])
    assert all(isinstance(each, errors.ClusterError) for each in answers)
    assert token not in f"{caught.value} {answers} {fixture.direct!r} {fixture.access!r} {fixture.log_file.read_text()}"


def test_the_in_cluster_token_is_read_again(fixture: Fixture, tmp_path: Path) -> None:
    mount = tmp_path / "mount"
    fixture.server.service_account(mount)
    server = url.parse(fixture.server.url)
    environ = {b"KUBERNETES_SERVICE_HOST": server.host.encode(), b"KUBERNETES_SERVICE_PORT": str(server.port).encode()}
    access = kubeconfig.in_cluster(environ, directory=str(mount))
    assert access is not None
    direct = fixture.open(access)
    direct.get_pod("default", "web")
    rotate(fixture.server)
    fixture.server.service_account(mount)
    direct.get_pod("default", "web")


def test_an_unknown_token_is_an_error_when_time_is_over(fixture: Fixture) -> None:
    rotate(fixture.server)
    with pytest.raises(errors.UnauthorizedError, match="401 Unauthorized"):
        fixture.pod()
    assert 5 < sum(fixture.clock.sleeps) <= 10, "the apiTimeout, which none of the waits goes beyond"


def test_a_token_that_comes_after_a_while_is_waited_for(fixture: Fixture) -> None:
    rotate(fixture.server)
    fixture.server.inject(Fault(Answer(401), times=5))
    fixture.server.kubeconfig(fixture.path)
    assert fixture.pod().name == "web"
    assert len(fixture.clock.sleeps) == 2


def test_a_kubeconfig_that_is_gone_when_it_is_read_again_is_named(fixture: Fixture) -> None:
    rotate(fixture.server)
    fixture.path.unlink()
    with pytest.raises(errors.ConfigError, match=r"cannot get pods .*cannot read kubeconfig"):
        fixture.pod()


def test_an_unusable_credential_is_an_error_of_the_operation(fixture: Fixture) -> None:
    direct = fixture.open(fixture.access.replace(token_file="/nowhere"))
    with pytest.raises(errors.ConfigError, match=r"cannot get pods .*cannot read the token in /nowhere"):
        direct.get_pod("default", "web")
