from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from multus_py.base import jsontext
from multus_py.cluster import errors, kubeconfig, url

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONObject

CA = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
EXEC = {"apiVersion": "client.authentication.k8s.io/v1", "command": "get-token"}


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def config(
    cluster: JSONObject | None = None,
    user: JSONObject | None = None,
    *,
    current: str | None = "x",
    **sections: object,
) -> dict[str, object]:
    cluster = {"server": "https://10.0.0.1:6443", **(cluster or {})}
    return {
        "clusters": [{"name": "c", "cluster": cluster}],
        "users": [{"name": "u", "user": user or {}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": current,
        **sections,
    }


def load(directory: Path, document: object) -> kubeconfig.Access:
    path = directory / "kubeconfig"
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return kubeconfig.load(str(path))


def test_a_kubeconfig_says_where_and_who(tmp_path: Path) -> None:
    access = load(tmp_path, config({"certificate-authority-data": b64(CA), "tls-server-name": "api"}, {"token": "t"}))
    assert str(access.server) == "https://10.0.0.1:6443"
    assert (access.ca, access.tls_server_name, access.token, access.insecure) == (CA, "api", "t", False)
    assert access.source == str(tmp_path / "kubeconfig")


def test_yaml_is_read_too(tmp_path: Path) -> None:
    access = load(
        tmp_path,
        """# comment
apiVersion: v1
kind: Config
clusters:
- name: c
  cluster: {server: "https://10.0.0.1:6443", insecure-skip-tls-verify: true}
users:
- name: u
  user:
    token: >-
      abc
current-context: x
contexts:
- {name: x, context: {cluster: c, user: u}}
""",
    )
    assert (access.insecure, access.token) == (True, "abc")


ODD = ["2026-01-01", "{1: 2}", "!!set {a}", "!!binary aGk=", "0x" + "f" * 5000, '"\\ud800"']


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: odd[:10])
def test_what_a_plugin_is_told_of_the_cluster_is_json_whatever_yaml_it_is_from(tmp_path: Path, odd: str) -> None:
    access = load(
        tmp_path,
        f"""
clusters:
- name: c
  cluster:
    server: https://10.0.0.1:6443
    extensions: [{{name: client.authentication.k8s.io/exec, extension: {odd}}}]
users:
- name: u
  user: {{exec: {{command: get-token, apiVersion: client.authentication.k8s.io/v1, provideClusterInfo: true}}}}
""",
    )
    assert access.exec_plugin is not None
    told = access.exec_plugin.cluster
    assert told is not None
    assert json.loads(jsontext.dumps(told).encode()) == told


@pytest.mark.parametrize(
    ("text", "loaded"), [(json.dumps(config()), False), ("clusters: []", True)], ids=["JSON", "YAML"]
)
def test_yaml_is_loaded_only_for_yaml(tmp_path: Path, text: str, *, loaded: bool) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text(text)
    code = (
        "import sys\nfrom multus_py.cluster import errors, kubeconfig\n"
        "try: kubeconfig.load(sys.argv[1])\nexcept errors.ConfigError: pass\n"
        "print('yaml' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert done.stdout == f"{loaded}\n"


def test_without_yaml_the_message_says_so(tmp_path: Path) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text("clusters: []")
    code = (
        "import sys\nsys.modules['yaml'] = None\nfrom multus_py.cluster import errors, kubeconfig\n"
        "try: kubeconfig.load(sys.argv[1])\nexcept errors.ConfigError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert "PyYAML is not installed" in done.stdout


def test_the_current_context_chooses_among_many(tmp_path: Path) -> None:
    document = {
        "clusters": [{"name": n, "cluster": {"server": f"https://{n}.example"}} for n in ("a", "b", "c")],
        "users": [{"name": n, "user": {"token": n}} for n in ("a", "b", "c")],
        "contexts": [
            {"name": n, "context": {"cluster": n, "user": u}} for n, u in (("a", "b"), ("b", "c"), ("b", "a"))
        ],
        "current-context": "b",
    }
    access = load(tmp_path, document)
    assert (access.server.host, access.token) == ("b.example", "c")  # the first of equal names


@pytest.mark.parametrize("contexts", [[], None], ids=["none", "null"])
def test_without_contexts_the_only_cluster_and_user_are_meant(tmp_path: Path, contexts: object) -> None:
    access = load(tmp_path, config(user={"token": "t"}, contexts=contexts, current=""))
    assert (access.server.host, access.token) == ("10.0.0.1", "t")


def test_without_a_current_context_the_only_one_is_meant(tmp_path: Path) -> None:
    clusters = [{"name": n, "cluster": {"server": f"https://{n}.example"}} for n in ("a", "c")]
    access = load(tmp_path, config(clusters=clusters, current=None))
    assert access.server.host == "c.example"


def test_a_context_without_a_user_means_nobody(tmp_path: Path) -> None:
    access = load(tmp_path, config(user={"token": "t"}, contexts=[{"name": "x", "context": {"cluster": "c"}}]))
    assert access.token == ""


def test_a_kubeconfig_without_users_means_nobody(tmp_path: Path) -> None:
    assert load(tmp_path, config(users=[], contexts=[], current="")).token == ""


@pytest.mark.parametrize("relative", [True, False], ids=["relative", "absolute"])
def test_certificates_and_keys_can_stand_in_files(tmp_path: Path, *, relative: bool) -> None:
    (tmp_path / "pki").mkdir()
    for name in ("ca", "crt", "key"):
        (tmp_path / "pki" / name).write_text(name)
    base = "pki" if relative else str(tmp_path / "pki")
    user: JSONObject = {"client-certificate": f"{base}/crt", "client-key": f"{base}/key", "tokenFile": f"{base}/token"}
    access = load(tmp_path, config({"certificate-authority": f"{base}/ca"}, user))
    assert (access.ca, access.client_certificate, access.client_key) == ("ca", "crt", "key")
    assert access.token_file == str(tmp_path / "pki" / "token")  # it need not be there yet


def test_data_in_the_file_itself_wins(tmp_path: Path) -> None:
    cluster: JSONObject = {"certificate-authority": "nowhere", "certificate-authority-data": b64("inline")}
    assert load(tmp_path, config(cluster)).ca == "inline"


def test_base64_may_have_line_breaks_and_certificates_comments(tmp_path: Path) -> None:
    data = base64.encodebytes(f"# bücher\n{CA}".encode()).decode()
    assert load(tmp_path, config({"certificate-authority-data": data})).ca == f"# bcher\n{CA}"


def test_a_proxy_is_taken_with_its_user(tmp_path: Path) -> None:
    proxy = load(tmp_path, config({"proxy-url": "http://me:secret@proxy:3128/"})).proxy_url
    assert proxy == url.URL(scheme="http", host="proxy", port=3128, user="me:secret")


def test_an_exec_plugin_is_taken_with_all_it_needs(tmp_path: Path) -> None:
    spec: JSONObject = {
        **EXEC,
        "args": ["-x", "1"],
        "env": [{"name": "A", "value": "b"}],
        "installHint": "get it there",
        "interactiveMode": "IfAvailable",
        "provideClusterInfo": True,
    }
    extension: JSONObject = {"name": "client.authentication.k8s.io/exec", "extension": {"audience": "x"}}
    other: JSONObject = {"name": "other", "extension": {}}
    cluster: JSONObject = {
        "certificate-authority-data": b64(CA),
        "tls-server-name": "api",
        "extensions": [other, extension],
    }
    plugin = load(tmp_path, config(cluster, {"exec": spec})).exec_plugin
    assert plugin == kubeconfig.ExecPlugin(
        command="get-token",
        api_version="client.authentication.k8s.io/v1",
        args=("-x", "1"),
        env=(("A", "b"),),
        install_hint="get it there",
        cluster={
            "server": "https://10.0.0.1:6443",
            "tls-server-name": "api",
            "certificate-authority-data": b64(CA),
            "config": {"audience": "x"},
        },
    )


@pytest.mark.parametrize(
    ("command", "found"),
    [("get", "get"), ("./get", "{dir}/./get"), ("bin/get", "{dir}/bin/get"), ("/bin/get", "/bin/get")],
)
def test_a_plugins_path_is_relative_to_the_file(tmp_path: Path, command: str, found: str) -> None:
    plugin = load(tmp_path, config(user={"exec": {**EXEC, "command": command}})).exec_plugin
    assert plugin is not None
    assert plugin.command == found.format(dir=tmp_path)
    assert plugin.cluster is None


def test_tokens_and_keys_are_not_shown(tmp_path: Path) -> None:
    user: JSONObject = {
        "token": "secret-1",
        "client-certificate-data": b64("secret-2"),
        "client-key-data": b64("secret-3"),
        "exec": {**EXEC, "args": ["secret-4"], "env": [{"name": "A", "value": "secret-5"}]},
    }
    access = load(tmp_path, config({"proxy-url": "http://u:secret-6@proxy:1"}, user))
    assert "secret" not in f"{access!r} {access} {access.exec_plugin!r} {access.proxy_url!r}"


BAD: list[tuple[str, object, str]] = [
    ("empty", "", "it has no cluster"),
    ("a list", "[]", "expected an object, found an array"),
    ("neither JSON nor YAML", "a: b: c\n - secret", r"neither JSON \(.*\) nor YAML at line 1$"),
    ("not text", "\x00secret", "neither JSON .* nor YAML"),
    ("no clusters", config(clusters=None), 'clusters has no entry with the name "c"'),
    ("no such context", config(current="y"), 'contexts has no entry with the name "y"'),
    ("no such user", config(users=[]), 'users has no entry with the name "u"'),
    (
        "context without cluster",
        config(contexts=[{"name": "x", "context": {}}]),
        r"contexts\[0\].context.cluster is missing",
    ),
    (
        "two clusters",
        config(clusters=[{"name": "a"}, {"name": "b"}], contexts=None, current=None),
        "clusters has 2 entries",
    ),
    ("clusters is a string", config(clusters="secret"), "clusters: expected an array, found a string"),
    ("cluster is a string", config(clusters=["secret"]), r"clusters\[0\]: expected an object, found a string"),
    ("user is a string", config(users=[{"name": "u", "user": "secret"}]), "user: expected an object, found a string"),
    ("token is a number", config(user={"token": 123456}), "user.token: expected a string, found a number"),
    ("no server", config({"server": ""}), "cluster.server is missing"),
    ("bad server", config({"server": "ftp://x"}), "cluster.server: its scheme"),
    ("user in the server", config({"server": "https://u:secret@x"}), "cluster.server: a user name"),
    ("bad base64", config({"certificate-authority-data": "s?cret"}), "certificate-authority-data is not base64"),
    ("no such file", config({"certificate-authority": "nowhere"}), "certificate-authority of .* No such file"),
    ("certificate without key", config(user={"client-certificate-data": b64("x")}), "needs both"),
    ("key without certificate", config(user={"client-key-data": b64("x")}), "needs both"),
    (
        "CA and insecure",
        config({"certificate-authority-data": b64(CA), "insecure-skip-tls-verify": True}),
        "drop one",
    ),
    ("insecure is a string", config({"insecure-skip-tls-verify": "true"}), "expected true or false"),
    ("proxy over TLS", config({"proxy-url": "https://proxy"}), "only proxies of the form http://HOST:PORT"),
    ("SOCKS proxy", config({"proxy-url": "socks5://proxy"}), "proxy-url: its scheme"),
    ("proxy with a path", config({"proxy-url": "http://proxy/secret"}), "only proxies of the form"),
    ("password", config(user={"username": "u", "password": "secret"}), "user.username: Kubernetes has dropped"),
    ("auth provider", config(user={"auth-provider": {"name": "gcp"}}), "user.auth-provider: .*exec plugin"),
    ("impersonation", config(user={"as": "admin"}), "user.as: impersonation is not supported"),
    ("exec without command", config(user={"exec": {**EXEC, "command": ""}}), "exec.command is missing"),
    (
        "exec of another version",
        config(user={"exec": {**EXEC, "apiVersion": "v1alpha1"}}),
        "exec.apiVersion must be one of",
    ),
    ("exec with questions", config(user={"exec": {**EXEC, "interactiveMode": "Always"}}), "nobody is there"),
    (
        "exec with odd args",
        config(user={"exec": {**EXEC, "args": [1234567]}}),
        r"args\[0\]: expected a string, found a n",
    ),
    ("exec with odd env", config(user={"exec": {**EXEC, "env": ["secret"]}}), r"env\[0\]: expected an object"),
]


@pytest.mark.parametrize(("document", "complaint"), [case[1:] for case in BAD], ids=[case[0] for case in BAD])
def test_what_cannot_be_used_is_named_with_its_place_and_without_secrets(
    tmp_path: Path, document: object, complaint: str
) -> None:
    with pytest.raises(errors.ConfigError, match=complaint) as caught:
        load(tmp_path, document)
    message = str(caught.value)
    assert str(tmp_path / "kubeconfig") in message
    assert "secret" not in message
    assert "123456" not in message


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(errors.ConfigError, match=r"cannot read kubeconfig .*/nowhere: No such file"):
        kubeconfig.load(str(tmp_path / "nowhere"))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["name", "cluster", "user", "server", "exec", "token", "x"]), inner, max_size=3
        )
    ),
    max_leaves=8,
)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(("clusters", "users", "contexts", "current-context"), VALUES)))
def test_any_document_is_either_taken_or_refused(
    tmp_path_factory: pytest.TempPathFactory, document: dict[str, object]
) -> None:
    try:
        load(tmp_path_factory.getbasetemp(), document)
    except errors.ConfigError:
        pass


def service_account(directory: Path, **variables: str) -> kubeconfig.Access | None:
    environ = {name.encode(): text.encode() for name, text in variables.items()}
    return kubeconfig.in_cluster(environ, directory=str(directory))


@pytest.mark.parametrize(
    ("host", "server"), [("10.0.0.1", "https://10.0.0.1:443"), ("fd00::1", "https://[fd00::1]:443")]
)
def test_a_pod_finds_its_access_in_its_mount(tmp_path: Path, host: str, server: str) -> None:
    (tmp_path / "token").write_text("t")
    (tmp_path / "ca.crt").write_text(CA)
    access = service_account(tmp_path, KUBERNETES_SERVICE_HOST=host, KUBERNETES_SERVICE_PORT="443")
    assert access is not None
    assert (str(access.server), access.ca, access.token_file) == (server, CA, str(tmp_path / "token"))
    assert access.source == ""


@pytest.mark.parametrize(
    "variables",
    [{}, {"KUBERNETES_SERVICE_HOST": "h"}, {"KUBERNETES_SERVICE_PORT": "1"}],
    ids=["neither", "only a host", "only a port"],
)
def test_outside_of_a_pod_there_is_no_such_access(tmp_path: Path, variables: dict[str, str]) -> None:
    (tmp_path / "token").write_text("t")
    assert service_account(tmp_path, **variables) is None


def test_a_pod_without_a_token_has_no_such_access(tmp_path: Path) -> None:
    assert service_account(tmp_path, KUBERNETES_SERVICE_HOST="h", KUBERNETES_SERVICE_PORT="1") is None


@pytest.mark.parametrize(
    ("host", "complaint"), [("a b", "give no server"), ("h", "cannot read the service account's CA")]
)
def test_a_mount_that_is_of_no_use_is_an_error(tmp_path: Path, host: str, complaint: str) -> None:
    (tmp_path / "token").write_text("t")
    with pytest.raises(errors.ConfigError, match=complaint):
        service_account(tmp_path, KUBERNETES_SERVICE_HOST=host, KUBERNETES_SERVICE_PORT="443")


@pytest.mark.parametrize("form", ["JSON", "YAML"])
def test_a_torn_kubeconfig_is_a_clear_error_or_still_says_where(tmp_path: Path, form: str) -> None:
    """As a crash of the machine leaves it: what was cut from an address or a token leads to a refusal later."""
    path = tmp_path / "kubeconfig"
    load(tmp_path, config({"certificate-authority-data": b64(CA)}, {"token": "t"}))
    text = path.read_text() if form == "JSON" else yaml.safe_dump(json.loads(path.read_text()))
    for length in range(0, len(text), 1 if form == "JSON" else 11):
        path.write_text(text[:length])
        try:
            said = str(kubeconfig.load(str(path)).server)
        except errors.ConfigError as error:
            said = str(error)
        assert "https://10.0.0.1:6443".startswith(said) or str(path) in said
