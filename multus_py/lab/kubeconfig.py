"""Writes kubeconfig files, in each of the forms that a client has to understand."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from multus_py.lab.certs import ClientCertificate
from multus_py.lab.objects import JSON, Object

Form: TypeAlias = Literal["inline", "file"]
"""Where a secret or a certificate stands: in the kubeconfig itself, or in a file beside it that it names."""


@dataclass(frozen=True)
class Access:
    """What a kubeconfig says. Whatever is empty or None is left out."""

    url: str
    authority: bytes = b""
    insecure: bool = False
    token: str = ""
    client: ClientCertificate | None = None


def write(path: Path, access: Access, *, form: Form = "inline", yaml: bool = False) -> Path:
    """Write a kubeconfig, and with the form `file` the files that it names (`PATH.ca.crt`, `PATH.token`, …).

    All of them are readable by their owner only.
    """
    cluster: Object = {"server": access.url}
    user: Object = {}
    if access.insecure:
        cluster["insecure-skip-tls-verify"] = True
    if access.authority:
        cluster |= _material(path, form, key="certificate-authority", suffix=".ca.crt", content=access.authority)
    if access.token:
        user |= _token(path, form, access.token)
    if access.client is not None:
        certificate, key = access.client.certificate, access.client.key
        user |= _material(path, form, key="client-certificate", suffix=".client.crt", content=certificate)
        user |= _material(path, form, key="client-key", suffix=".client.key", content=key)
    config: Object = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "lab", "cluster": cluster}],
        "users": [{"name": "lab", "user": user}],
        "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": "lab"}}],
        "current-context": "lab",
    }
    _write_private(path, (_yaml(config) if yaml else json.dumps(config, indent=2) + "\n").encode())
    return path


def write_service_account(directory: Path, *, authority: bytes, token: str, namespace: str) -> None:
    """Write the three files that a pod finds at its service account's mount."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, content in (("ca.crt", authority), ("token", token.encode()), ("namespace", namespace.encode())):
        _write_private(directory / name, content)


def _token(path: Path, form: Form, token: str) -> Object:
    if form == "inline":
        return {"token": token}
    beside = path.with_name(path.name + ".token")
    _write_private(beside, token.encode())
    return {"tokenFile": str(beside)}


def _material(path: Path, form: Form, *, key: str, suffix: str, content: bytes) -> Object:
    if form == "inline":
        return {f"{key}-data": base64.b64encode(content).decode()}
    beside = path.with_name(path.name + suffix)
    _write_private(beside, content)
    return {key: str(beside)}


def _write_private(path: Path, content: bytes) -> None:
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_bytes(content)


def _yaml(value: JSON, indent: str = "") -> str:
    """Write block YAML with quoted scalars; enough for a kubeconfig, and no second door to a YAML library."""
    lines = []
    if isinstance(value, dict):
        for key, item in value.items():
            nested = isinstance(item, dict | list) and bool(item)
            lines.append(
                f"{indent}{key}:\n{_yaml(item, indent + '  ')}" if nested else f"{indent}{key}: {json.dumps(item)}\n"
            )
    elif isinstance(value, list):
        lines += [f"{indent}- {_yaml(item, indent + '  ').lstrip()}" for item in value]
    return "".join(lines)
