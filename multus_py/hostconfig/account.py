"""The kubeconfig that Multus uses on the node, made of the service account of the pod that this runs in.

The token stands in the file: the node does not see the pod's directory. Kubernetes replaces a token long before it
expires, and whoever calls `read` again then gets the new one (B36).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from multus_py.base import jsontext
from multus_py.hostconfig.errors import HostConfigError

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONObject
    from multus_py.hostconfig.options import Options

_NAME = "multus"


@dataclass(frozen=True, kw_only=True)
class Account:
    """The service account, as a kubeconfig."""

    kubeconfig: bytes = field(repr=False)
    expires: float | None
    """When the token expires, in seconds since 1970; None when it does not say so."""


def read(options: Options, environment: Mapping[str, str]) -> Account:
    """Read the service account, and say where its API server is.

    Raises:
        HostConfigError: There is no service account, or part of it is missing.
    """
    token = _read(options.service_account_dir / "token").decode(errors="replace").strip()
    cluster: JSONObject = {"server": _server(environment)}
    if options.skip_tls_verify:
        cluster["insecure-skip-tls-verify"] = True
    else:
        authority = _read(options.service_account_dir / "ca.crt")
        cluster["certificate-authority-data"] = base64.b64encode(authority).decode()
    document: JSONObject = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": _NAME, "cluster": cluster}],
        "users": [{"name": _NAME, "user": {"token": token}}],
        "contexts": [{"name": _NAME, "context": {"cluster": _NAME, "user": _NAME}}],
        "current-context": _NAME,
    }
    text = jsontext.dumps(document, indent=2) + "\n"
    return Account(kubeconfig=text.encode(), expires=expiry(token))


def expiry(token: str) -> float | None:
    """Return when a token says that it expires; None when it is no JWT, or says nothing of it."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = jsontext.loads_object(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError):
        return None
    expires = claims.get("exp")
    return float(expires) if isinstance(expires, int | float) and not isinstance(expires, bool) else None


def _server(environment: Mapping[str, str]) -> str:
    host, port = environment.get("KUBERNETES_SERVICE_HOST", ""), environment.get("KUBERNETES_SERVICE_PORT", "")
    if not (host and port):
        raise HostConfigError(
            "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not both set, so it is not known where the API "
            "server is. Kubernetes sets them in every pod; outside of one, set them, or name a kubeconfig of your own "
            "with --multus-kubeconfig-file-host and --skip-kubeconfig"
        )
    protocol = environment.get("KUBERNETES_SERVICE_PROTOCOL") or "https"
    return f"{protocol}://[{host}]:{port}" if ":" in host else f"{protocol}://{host}:{port}"


def _read(path: Path) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise HostConfigError(
            f"cannot read the service account's {path}: {error.strerror}. Kubernetes mounts it into every pod that "
            "does not forbid it (automountServiceAccountToken); outside of a pod, name its directory with "
            "--service-account-dir, or a kubeconfig of your own with --multus-kubeconfig-file-host and "
            "--skip-kubeconfig"
        ) from error
    if not content.strip():
        raise HostConfigError(f"the service account's {path} is empty")
    return content
