"""Where the API server is, whom to trust, and who we are: kubeconfig files, and what a pod finds mounted.

Proxy variables of the environment are not looked at: a runtime's settings for pulling images are not meant for the API
server.
"""

from __future__ import annotations

import binascii

from multus_py.base import files, jsontext, value
from multus_py.base.fields import FieldError, Fields
from multus_py.cluster import errors, url

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from multus_py.base.jsontext import JSONObject, JSONValue
    from multus_py.cluster.url import URL

_SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
_EXEC_EXTENSION = "client.authentication.k8s.io/exec"
_EXEC_VERSIONS = ("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1")
# Going on without them would mean to act as somebody else than the file says.
_UNSUPPORTED = {
    "auth-provider": "Kubernetes has dropped it; use an exec plugin",
    "username": "Kubernetes has dropped passwords; use a token or a client certificate",
    "as": "impersonation is not supported",
    "as-uid": "impersonation is not supported",
    "as-groups": "impersonation is not supported",
    "as-user-extra": "impersonation is not supported",
}


class Guarded(Fields):
    """Fields of a document with secrets in it: messages say what kind of value was found, never which."""

    def wrong(self, key: str, expected: str, found: JSONValue) -> FieldError:
        """Build the error for a field that holds something else than it should."""
        return FieldError(f"{self.path(key)}: expected {expected}, found {jsontext.kind(found)}")


def guarded(found: JSONValue, where: str) -> Guarded:
    """Look at an object with secrets in it. Its keys are exact: Kubernetes decodes these with regard to case.

    Raises:
        FieldError: It is another kind of value.
    """
    if found is not None and not isinstance(found, dict):
        raise FieldError(f"{where}: expected an object, found {jsontext.kind(found)}")
    return Guarded(found or {}, where, folded=False)


class ExecPlugin(value.Value):
    """A program that knows our credentials (Kubernetes: client-go credential plugins)."""

    command: str
    """A path, or a name that is looked for in PATH."""
    api_version: str
    args: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    install_hint: str = ""
    cluster: JSONObject | None = None
    """What it is told about the cluster; None when it does not want to know."""

    def __repr__(self) -> str:
        """Show which program it is; its environment may hold secrets."""
        return f"ExecPlugin({self.command!r})"


class Access(value.Value):
    """How to reach one API server."""

    server: URL
    ca: str = ""
    """Certificates to trust, as PEM; empty means those that the machine trusts."""
    insecure: bool = False
    """Whether the server's certificate is not looked at."""
    tls_server_name: str = ""
    """The name that the certificate must have, if it is not the host's."""
    proxy_url: URL | None = None
    token: str = ""
    token_file: str = ""
    """Read at the first request, and again after a 401; goes before `token`."""
    client_certificate: str = ""
    client_key: str = ""
    exec_plugin: ExecPlugin | None = None
    source: str = ""
    """The file that all this is from; empty for in-cluster access."""

    def __repr__(self) -> str:
        """Show the server and the file, nothing that is secret."""
        return f"Access(server={self.server!r}, source={self.source!r})"


def load(path: str) -> Access:
    """Read a kubeconfig, and the certificates that it names.

    The current context is used; without one, the only context, or the only cluster with the only user.

    Raises:
        ConfigError: It cannot be read, or says nothing that can be used.
    """
    try:
        return _Kubeconfig(path).access()
    except FieldError as error:
        raise errors.ConfigError(f"kubeconfig {path}: {error}") from error


def in_cluster(environ: Mapping[bytes, bytes], *, directory: str = _SERVICE_ACCOUNT) -> Access | None:
    """Return the access that Kubernetes gives to a pod; None when we are not in one that has it.

    Args:
        environ: Where KUBERNETES_SERVICE_HOST and _PORT are looked for.
        directory: Where the service account's token and CA are mounted.

    Raises:
        ConfigError: There is something, but it is of no use.
    """
    host = environ.get(b"KUBERNETES_SERVICE_HOST", b"").decode(errors="replace")
    port = environ.get(b"KUBERNETES_SERVICE_PORT", b"").decode(errors="replace")
    token_file = f"{directory}/token"
    if not (host and port and files.is_regular(token_file)):
        return None
    try:
        server = url.parse(f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}")
    except ValueError as error:
        raise errors.ConfigError(f"KUBERNETES_SERVICE_HOST and _PORT give no server: {error}") from error
    return Access(
        server=server, ca=_pem(_read(f"{directory}/ca.crt", "the service account's CA")), token_file=token_file
    )


def _read(path: str, what: str) -> bytes:
    try:
        return files.read(path)
    except OSError as error:
        raise errors.ConfigError(f"cannot read {what} {path}: {error.strerror}") from error


def _pem(data: bytes) -> str:
    """Take PEM as text. Comments around the certificates may be in any encoding; the TLS library wants ASCII."""
    return data.decode("ascii", "ignore")


def _parse(path: str) -> JSONValue:
    data = _read(path, "kubeconfig")
    try:
        return jsontext.loads(data)
    except jsontext.JSONError as error:
        not_json = str(error)
    try:
        from multus_py.base import yamltext  # not for the kubeconfigs that we write: those are JSON
    except ImportError:
        raise errors.ConfigError(f"kubeconfig {path}: not JSON ({not_json}), and PyYAML is not installed") from None
    try:
        return yamltext.loads(data)
    except yamltext.YAMLError as error:
        where = f" at line {error.line}" if error.line else ""  # not what: the text may be full of secrets
        raise errors.ConfigError(f"kubeconfig {path}: neither JSON ({not_json}) nor YAML{where}") from None


class _Kubeconfig:
    """One file while it is read."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._root = guarded(_parse(path), "")

    def access(self) -> Access:
        """Choose cluster and user, and read both."""
        cluster, user = self._chosen()
        for key, advice in _UNSUPPORTED.items():
            if user.has(key):
                raise self._error(f"{user.path(key)}: {advice}")
        ca, insecure = self._trust(cluster)
        certificate, key = self._client_certificate(user)
        return Access(
            server=self._server(cluster),
            ca=ca,
            insecure=insecure,
            tls_server_name=cluster.text("tls-server-name"),
            proxy_url=self._proxy(cluster),
            token=user.text("token"),
            token_file=self._relative(user.text("tokenFile")),
            client_certificate=certificate,
            client_key=key,
            exec_plugin=self._exec_plugin(user, cluster),
            source=self._path,
        )

    def _chosen(self) -> tuple[Guarded, Guarded]:
        """Return cluster and user: those of the current context, or the only ones there are."""
        context = self._entry("contexts", "context", self._root.text("current-context"))
        cluster_name = user_name = ""
        if context is not None:
            cluster_name, user_name = context.text("cluster"), context.text("user")
            if not cluster_name:
                raise self._error(f"{context.path('cluster')} is missing")
        cluster = self._entry("clusters", "cluster", cluster_name)
        if cluster is None:
            raise self._error("it has no cluster")
        anonymous = context is not None and not user_name
        return cluster, (None if anonymous else self._entry("users", "user", user_name)) or guarded(None, "user")

    def _entry(self, section: str, key: str, name: str) -> Guarded | None:
        """Return what a list has under a name; without one the only entry, or None when there is none at all."""
        entries = [guarded(item, f"{section}[{index}]") for index, item in enumerate(self._root.array(section))]
        if name:
            entries = [entry for entry in entries if entry.text("name") == name][:1]
            if not entries:
                raise self._error(f'{section} has no entry with the name "{name}"')
        if len(entries) > 1:
            raise self._error(f"{section} has {len(entries)} entries, and no current-context says which one to use")
        for entry in entries:
            return guarded(entry.object(key), entry.path(key))
        return None

    def _server(self, cluster: Guarded) -> URL:
        server = self._url(cluster, "server")
        if server.user:
            raise self._error(f"{cluster.path('server')}: a user name is not supported there")
        return server

    def _proxy(self, cluster: Guarded) -> URL | None:
        if not cluster.text("proxy-url"):
            return None
        proxy = self._url(cluster, "proxy-url")
        if (proxy.scheme, proxy.path) != ("http", ""):
            raise self._error(f"{cluster.path('proxy-url')}: only proxies of the form http://HOST:PORT are supported")
        return proxy

    def _url(self, entry: Guarded, key: str) -> URL:
        text = entry.text(key)
        if not text:
            raise self._error(f"{entry.path(key)} is missing")
        try:
            return url.parse(text)
        except ValueError as error:
            raise self._error(f"{entry.path(key)}: {error}") from error

    def _trust(self, cluster: Guarded) -> tuple[str, bool]:
        ca = self._material(cluster, "certificate-authority")
        insecure = cluster.flag("insecure-skip-tls-verify")
        if ca and insecure:  # client-go refuses it as well: one of the two is a mistake
            raise self._error(f"{cluster.where} has a certificate-authority and insecure-skip-tls-verify; drop one")
        return ca, insecure

    def _client_certificate(self, user: Guarded) -> tuple[str, str]:
        certificate, key = self._material(user, "client-certificate"), self._material(user, "client-key")
        if bool(certificate) != bool(key):
            raise self._error(f"{user.where} needs both client-certificate and client-key, or neither")
        return certificate, key

    def _material(self, entry: Guarded, key: str) -> str:
        """Return PEM that stands in the file itself (`KEY-data`, which wins), or in one that it names (`KEY`)."""
        inline = entry.text(f"{key}-data")
        if inline:
            try:
                return _pem(binascii.a2b_base64("".join(inline.split()), strict_mode=True))
            except ValueError:  # binascii.Error is one
                raise self._error(f"{entry.path(key)}-data is not base64 text") from None
        path = self._relative(entry.text(key))
        return _pem(_read(path, f"the {key} of kubeconfig {self._path},")) if path else ""

    def _relative(self, path: str) -> str:
        """Take a path as relative to the kubeconfig's directory."""
        return f"{files.directory_of(self._path)}/{path}" if path and not path.startswith("/") else path

    def _exec_plugin(self, user: Guarded, cluster: Guarded) -> ExecPlugin | None:
        if not user.has("exec"):
            return None
        spec = guarded(user.object("exec"), user.path("exec"))
        command, api_version = spec.text("command"), spec.text("apiVersion")
        if not command:
            raise self._error(f"{spec.path('command')} is missing")
        if api_version not in _EXEC_VERSIONS:
            raise self._error(f"{spec.path('apiVersion')} must be one of {', '.join(_EXEC_VERSIONS)}")
        if spec.text("interactiveMode") == "Always":
            raise self._error(f"{spec.path('interactiveMode')}: nobody is there to answer {command}")
        env = [guarded(item, f"{spec.path('env')}[{index}]") for index, item in enumerate(spec.array("env"))]
        return ExecPlugin(
            command=self._relative(command) if "/" in command else command,
            api_version=api_version,
            args=spec.strings("args"),
            env=tuple((item.text("name"), item.text("value")) for item in env),
            install_hint=spec.text("installHint"),
            cluster=self._description(cluster) if spec.flag("provideClusterInfo") else None,
        )

    def _description(self, cluster: Guarded) -> JSONObject:
        """Describe the cluster to a plugin that asks for it (spec.cluster of an ExecCredential)."""
        ca = self._material(cluster, "certificate-authority")
        description: JSONObject = {
            "server": cluster.text("server"),
            "tls-server-name": cluster.text("tls-server-name"),
            "insecure-skip-tls-verify": cluster.flag("insecure-skip-tls-verify"),
            "certificate-authority-data": binascii.b2a_base64(ca.encode(), newline=False).decode(),
            "proxy-url": cluster.text("proxy-url"),
        }
        for index, item in enumerate(cluster.array("extensions")):
            extension = guarded(item, f"{cluster.path('extensions')}[{index}]")
            if extension.text("name") == _EXEC_EXTENSION:
                description["config"] = extension.raw("extension")
        return {key: found for key, found in description.items() if found}

    def _error(self, problem: str) -> errors.ConfigError:
        return errors.ConfigError(f"kubeconfig {self._path}: {problem}")
