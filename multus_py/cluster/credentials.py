"""What proves to the API server who we are: a token, a client certificate, or what a credential plugin answers.

Nothing in here logs, and no message holds a token, a key, or what a plugin wrote to its standard output.
"""

from __future__ import annotations

import posix

from multus_py.base import files, jsontext, process, value
from multus_py.base.fields import FieldError
from multus_py.cluster import errors, kubeconfig

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from multus_py.base.clock import Deadline
    from multus_py.base.jsontext import JSONObject
    from multus_py.base.process import Run
    from multus_py.cluster.kubeconfig import Access, ExecPlugin

_DEFAULT_PATH = b"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_MAX_SHOWN = 500


class Credential(value.Value):
    """What is shown to the server. All of it may be empty."""

    token: str = ""
    certificate: str = ""
    """As PEM, like the key."""
    key: str = ""

    def __repr__(self) -> str:
        """Show what there is, but not itself."""
        return f"Credential(token={bool(self.token)}, certificate={bool(self.certificate)})"


def obtain(access: Access, *, run: Run, environ: Mapping[bytes, bytes], deadline: Deadline) -> Credential:
    """Read the token, or ask the credential plugin.

    Args:
        access: Where they are.
        run: How programs are started.
        environ: The environment for a plugin; its PATH is where it is looked for.
        deadline: When a plugin must have answered.

    Raises:
        ConfigError: They are missing or of no use.
        UnavailableError: The plugin did not answer in time.
    """
    found = Credential()
    if access.exec_plugin is not None:
        found = _Plugin(access.exec_plugin, environ).ask(run, deadline)
    token = found.token or (_from_file(access.token_file) if access.token_file else access.token.strip())
    if not (token.isascii() and token.isprintable()) or " " in token:
        raise errors.ConfigError("the token has blanks, line breaks or characters outside ASCII in it")
    return Credential(
        token=token,
        certificate=found.certificate or access.client_certificate,
        key=found.key or access.client_key,
    )


def _from_file(path: str) -> str:
    try:
        token = files.read(path).decode(errors="replace").strip()
    except OSError as error:
        raise errors.ConfigError(f"cannot read the token in {path}: {error.strerror}") from error
    if not token:
        raise errors.ConfigError(f"there is no token in {path}: the file is empty")
    return token


class _Plugin:
    """A credential plugin while it is asked (Kubernetes: client.authentication.k8s.io)."""

    def __init__(self, plugin: ExecPlugin, environ: Mapping[bytes, bytes]) -> None:
        self._plugin = plugin
        self._environ = process.clean_environment(environ)
        self._environ.update((name.encode(), text.encode()) for name, text in plugin.env)

    def ask(self, run: Run, deadline: Deadline) -> Credential:
        """Run the program and read its answer."""
        self._environ[b"KUBERNETES_EXEC_INFO"] = jsontext.dumps(self._question()).encode()
        try:
            argv = (self._find(), *self._plugin.args)
            outcome = run(process.Program(argv=argv, environ=self._environ), deadline)
        except (OSError, ValueError) as error:  # ValueError: a NUL in an argument or a variable
            raise self._error(f"cannot be started: {getattr(error, 'strerror', None) or error}", hint=True) from error
        if outcome.timed_out:
            raise errors.UnavailableError(f"{self._name}: did not answer within {deadline.seconds:g} s")
        if outcome.code != 0:
            said = " ".join(outcome.stderr.decode(errors="replace").split())[:_MAX_SHOWN]
            raise self._error(f"{outcome.ending}: {said or 'it said nothing on stderr'}")
        return self._read(outcome.stdout)

    @property
    def _name(self) -> str:
        return f"credential plugin {self._plugin.command}"

    def _question(self) -> JSONObject:
        spec: JSONObject = {"interactive": False}
        if self._plugin.cluster is not None:
            spec["cluster"] = self._plugin.cluster
        return {"apiVersion": self._plugin.api_version, "kind": "ExecCredential", "spec": spec}

    def _find(self) -> str:
        if "/" in self._plugin.command:
            return self._plugin.command
        for directory in self._environ.get(b"PATH", _DEFAULT_PATH).decode(errors="surrogateescape").split(":"):
            path = f"{directory or '.'}/{self._plugin.command}"
            if files.is_regular(path) and posix.access(path, posix.X_OK):
                return path
        raise self._error("not found in PATH", hint=True)

    def _read(self, output: bytes) -> Credential:
        try:
            root = kubeconfig.guarded(jsontext.loads(output), "")
            if root.text("kind") != "ExecCredential" or root.text("apiVersion") != self._plugin.api_version:
                raise self._error(f"its answer is no ExecCredential of {self._plugin.api_version}")
            status = kubeconfig.guarded(root.object("status"), "status")
            token = status.text("token").strip()
            certificate, key = status.text("clientCertificateData"), status.text("clientKeyData")
        except (jsontext.JSONError, FieldError) as error:
            raise self._error(f"its answer is no ExecCredential: {error}") from error
        if bool(certificate) != bool(key):
            raise self._error("its answer has a certificate without a key, or a key without a certificate")
        if not (token or certificate):
            raise self._error("its answer has neither a token nor a client certificate")
        return Credential(token=token, certificate=certificate, key=key)

    def _error(self, problem: str, *, hint: bool = False) -> errors.ConfigError:
        text = f"{self._name}: {problem}"
        if hint and self._plugin.install_hint:
            text = f"{text}\n{self._plugin.install_hint}"
        return errors.ConfigError(text)
