"""The kubeconfig: made of a service account, and understood by the plugin that it is for."""

from __future__ import annotations

import pytest

from multus_py.cluster import kubeconfig
from multus_py.hostconfig import account
from multus_py.hostconfig.errors import HostConfigError
from tests.unit.hostconfig.node import ENVIRONMENT, Node, token


def test_the_plugin_understands_it(node: Node) -> None:
    (node.account / "token").write_text("secret\n")
    path = node.root / "kubeconfig"
    path.write_bytes(account.read(node.options, ENVIRONMENT).kubeconfig)

    access = kubeconfig.load(str(path))

    assert (str(access.server), access.ca, access.token) == ("https://10.96.0.1:443", "CA", "secret")


SERVERS = {
    "IPv6": ({"KUBERNETES_SERVICE_HOST": "fd00::1"}, "https://[fd00::1]:443"),
    "a name": ({"KUBERNETES_SERVICE_HOST": "api.example"}, "https://api.example:443"),
    "another protocol": ({"KUBERNETES_SERVICE_PROTOCOL": "http"}, "http://10.96.0.1:443"),
}


@pytest.mark.parametrize(("environment", "server"), SERVERS.values(), ids=list(SERVERS))
def test_the_server_is_where_the_environment_says(node: Node, environment: dict[str, str], server: str) -> None:
    content = account.read(node.options, ENVIRONMENT | environment).kubeconfig.decode()
    assert f'"server": "{server}"' in content


def test_without_verification_there_is_no_ca(node: Node) -> None:
    node.reconcile(skip_tls_verify=True)
    access = kubeconfig.load(str(node.kubeconfig))
    assert (access.insecure, access.ca) == (True, "")


@pytest.mark.parametrize("missing", ["KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"])
def test_without_a_server_the_message_says_what_to_set(node: Node, missing: str) -> None:
    environment = {key: value for key, value in ENVIRONMENT.items() if key != missing}
    with pytest.raises(HostConfigError, match=r"are not both set.*--skip-kubeconfig"):
        account.read(node.options, environment)


@pytest.mark.parametrize("name", ["token", "ca.crt"])
def test_without_a_service_account_the_message_says_what_to_do(node: Node, name: str) -> None:
    (node.account / name).unlink()
    with pytest.raises(
        HostConfigError, match=rf"service account's .*/{name}: No such file.*automountServiceAccountToken"
    ):
        account.read(node.options, ENVIRONMENT)


def test_an_empty_token_is_an_error(node: Node) -> None:
    (node.account / "token").write_text("\n")
    with pytest.raises(HostConfigError, match="token is empty"):
        account.read(node.options, ENVIRONMENT)


def test_the_token_is_not_shown(node: Node) -> None:
    (node.account / "token").write_text("secret")
    assert "secret" not in repr(account.read(node.options, ENVIRONMENT))


EXPIRIES = {
    "a service account's": (token(exp=1_700_003_600, sub="x"), 1_700_003_600.0),
    "without an end": (token(sub="x"), None),
    "with an end that is none": (token(exp="tomorrow"), None),
    "opaque": ("abcdef", None),
    "with dots, but no JWT": ("a.b.c", None),
    "with a payload that is no object": ("a.NQ.c", None),
    "beyond ASCII": ("a.\xfc.c", None),
}


@pytest.mark.parametrize(("text", "expires"), EXPIRIES.values(), ids=list(EXPIRIES))
def test_a_token_says_when_it_expires(text: str, expires: float | None) -> None:
    assert account.expiry(text) == expires
