"""A node for tests: its CNI directory and the mount of a service account, as directories."""

from __future__ import annotations

import base64
import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING

from multus_py.hostconfig import reconcile
from multus_py.hostconfig.options import Options
from tests.fakes.clock import FakeClock

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONObject, JSONValue
    from multus_py.hostconfig.reconcile import Outcome

ENVIRONMENT = {"KUBERNETES_SERVICE_HOST": "10.96.0.1", "KUBERNETES_SERVICE_PORT": "443"}
BRIDGE: JSONObject = {"cniVersion": "0.4.0", "name": "cluster", "type": "bridge"}


def chain(*types: str, version: str = "1.0.0", **keys: JSONValue) -> JSONObject:
    """Return a list of plugins."""
    return {"cniVersion": version, "name": "cluster", "plugins": [{"type": type} for type in types], **keys}


def multus(**keys: JSONValue) -> JSONObject:
    """Return a Multus configuration as somebody else may write it."""
    return {"cniVersion": "0.4.0", "name": "m", "type": "multus", "delegates": [BRIDGE], **keys}


def token(**claims: JSONValue) -> str:
    """Return a JWT; its signature is of no interest."""
    return ".".join(
        base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in ("{}", json.dumps(claims), "x")
    )


class Node:
    """One node; the options look at it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.directory = root / "net.d"
        self.account = root / "account"
        for directory in (self.directory, self.account):
            directory.mkdir()
        self.clock = FakeClock()
        (self.account / "ca.crt").write_text("CA")
        (self.account / "token").write_text("opaque")
        self.options = Options(
            cni_conf_dir=self.directory, autoconfig_dir=self.directory, service_account_dir=self.account
        )
        self.environment = dict(ENVIRONMENT)

    @property
    def kubeconfig(self) -> Path:
        return self.directory / "multus.d/multus.kubeconfig"

    def path(self, name: str) -> Path:
        return self.directory / name

    def put(self, name: str, content: JSONObject | str) -> Path:
        path = self.path(name)
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    def read(self, name: str) -> JSONObject:
        document: JSONObject = json.loads(self.path(name).read_bytes())
        return document

    def names(self) -> list[str]:
        """Return the names of the files, those of the kubeconfig's directory left out."""
        return sorted(path.name for path in self.directory.iterdir() if path.is_file())

    def reconcile(self, **options: object) -> Outcome:
        """Take one step, with some options changed."""
        self.options = dataclasses.replace(self.options, **options)  # type: ignore[arg-type]  # the test's own words
        return reconcile.reconcile(self.options, environment=self.environment, clock=self.clock)

    def words(self, **options: object) -> list[str]:
        """Take one step; return what it changed."""
        return [change.what for change in self.reconcile(**options).changes]
