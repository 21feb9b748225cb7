"""Kubeconfig files, read back by the official client and by eye."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import kubernetes.config
import pytest
import yaml
from kubernetes.client import CoreV1Api

from multus_py.lab.apiserver import APIServer, Login
from multus_py.lab.certs import Authority
from multus_py.lab.kubeconfig import Form


def user_of_a_call(server: APIServer, path: Path) -> str:
    """Return whom the server takes a client with this kubeconfig for."""
    with kubernetes.config.new_client_from_config(config_file=str(path)) as client:
        CoreV1Api(client).list_namespace()
        client.rest_client.pool_manager.clear()
    return server.requests[-1].user


@pytest.mark.parametrize("as_yaml", [False, True], ids=["json", "yaml"])
@pytest.mark.parametrize("form", ["inline", "file"])
@pytest.mark.parametrize("login", ["token", "certificate"])
def test_every_form_lets_its_user_in(
    server: APIServer, tmp_path: Path, login: Login, form: Form, *, as_yaml: bool
) -> None:
    server.tokens["t0ken"] = "system:node:a"
    path = server.kubeconfig(tmp_path / "kubeconfig", login=login, user="system:node:a", form=form, yaml=as_yaml)
    assert user_of_a_call(server, path) == "system:node:a"


def test_yaml_and_json_say_the_same(server: APIServer, tmp_path: Path) -> None:
    as_json = server.kubeconfig(tmp_path / "a").read_text()
    as_yaml = server.kubeconfig(tmp_path / "b", yaml=True).read_text()
    assert yaml.safe_load(as_yaml) == json.loads(as_json)
    with pytest.raises(ValueError, match="Expecting value"):
        json.loads(as_yaml)


def test_files_stand_beside_the_kubeconfig_for_their_owner_only(server: APIServer, tmp_path: Path) -> None:
    server.kubeconfig(tmp_path / "kc", form="file")
    server.kubeconfig(tmp_path / "kc", form="file", login="certificate")
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert modes == dict.fromkeys(["kc", "kc.ca.crt", "kc.token", "kc.client.crt", "kc.client.key"], 0o600)


def test_verification_can_be_skipped(server: APIServer, tmp_path: Path) -> None:
    config = json.loads(server.kubeconfig(tmp_path / "kubeconfig", insecure=True).read_text())
    assert config["clusters"][0]["cluster"] == {"server": server.url, "insecure-skip-tls-verify": True}


def test_a_user_may_bring_nothing(server: APIServer, tmp_path: Path) -> None:
    config = json.loads(server.kubeconfig(tmp_path / "kubeconfig", login="none").read_text())
    assert config["users"] == [{"name": "lab", "user": {}}]


def test_a_user_without_token_is_an_error(server: APIServer, tmp_path: Path) -> None:
    with pytest.raises(LookupError, match="nobody"):
        server.kubeconfig(tmp_path / "kubeconfig", user="nobody")


def test_a_service_account_has_three_files(server: APIServer, tmp_path: Path) -> None:
    server.service_account(tmp_path / "mount")
    assert (tmp_path / "mount/token").read_text() == server.token()
    assert (tmp_path / "mount/namespace").read_text() == "kube-system"
    assert (tmp_path / "mount/ca.crt").read_bytes() == server.authority.pem


def test_one_authority_can_serve_several_servers(tmp_path: Path) -> None:
    authority = Authority()
    with APIServer(authority=authority) as first:
        path = first.kubeconfig(tmp_path / "kubeconfig")
    with APIServer(authority=authority, tokens=first.tokens) as second:
        path.write_text(path.read_text().replace(first.url, second.url))
        assert user_of_a_call(second, path) == "lab"


def test_an_ipv6_address_is_bracketed() -> None:
    with APIServer(listen=socket.create_server(("::1", 0), family=socket.AF_INET6)) as server:
        assert server.url.startswith("https://[::1]:")
