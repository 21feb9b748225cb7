"""A node's folders, and a daemon that is a process of its own and looks after them."""

from __future__ import annotations

import base64
import contextlib
import functools
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Self

from prometheus_client import parser

from tests.packaging.calls import eventually

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONObject, JSONValue

ROOT = Path(__file__).parents[3]
SOURCE: tuple[str | Path, ...] = (sys.executable, "-m", "multus_py")
ENVIRONMENT = {"PATH": os.environ["PATH"], "KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "6443"}
BRIDGE: JSONObject = {
    "cniVersion": "1.0.0",
    "name": "cluster",
    "plugins": [
        {"type": "bridge", "ipam": {"type": "host-local", "subnet": "10.1.0.0/16"}},
        {"type": "portmap", "capabilities": {"portMappings": True}},
    ],
}


def token(expires: int, *, name: str = "one") -> str:
    """Return a service account's token, as far as anybody here looks at it."""
    parts = [{"alg": "RS256"}, {"exp": expires, "sub": name}]
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return ".".join([*encoded, f"signature-of-{name}"])


class Node:
    """The folders of a node, with a service account as the kubelet mounts it."""

    def __init__(self, directory: Path) -> None:
        self.net_d = directory / "net.d"
        self.net_d.mkdir()
        self.account = directory / "serviceaccount"
        self.account.mkdir()
        self._mounted = 0
        self.mount_account(token=token(4_000_000_000), authority="CA 1")

    @property
    def config(self) -> Path:
        """The configuration of a primary network of CNI 1.0.0 and later."""
        return self.net_d / "00-multus.conflist"

    @property
    def kubeconfig(self) -> Path:
        return self.net_d / "multus.d/multus.kubeconfig"

    def put(self, name: str, document: JSONValue | str) -> Path:
        """Write a file the way that careful programs do: beside it, and renamed."""
        unfinished = self.net_d / f".{name}.unfinished"
        unfinished.write_text(document if isinstance(document, str) else json.dumps(document))
        return unfinished.rename(self.net_d / name)

    def delegate(self) -> JSONObject | None:
        """Return the primary network that the configuration has; None when there is no configuration."""
        if not self.config.exists():
            return None
        found: JSONObject = json.loads(self.config.read_text())["plugins"][0]["delegates"][0]
        return found

    def mount_account(self, *, token: str, authority: str) -> None:
        """Put a token and a CA there, the way the kubelet does: all at once, behind a link."""
        self._mounted += 1
        version = self.account / f"..version{self._mounted}"
        version.mkdir()
        (version / "token").write_text(token)
        (version / "ca.crt").write_text(authority)
        (self.account / "..new").symlink_to(version.name)
        (self.account / "..new").rename(self.account / "..data")
        for name in ("token", "ca.crt"):
            link = self.account / name
            if not link.is_symlink():
                link.symlink_to(f"..data/{name}")

    def user(self) -> JSONValue:
        """Return the token in the kubeconfig; None when there is none."""
        if not self.kubeconfig.exists():
            return None
        found: JSONValue = json.loads(self.kubeconfig.read_text())["users"][0]["user"]["token"]
        return found

    def listing(self) -> list[str]:
        """Return the names of the files in the directory and below."""
        return sorted(str(path.relative_to(self.net_d)) for path in self.net_d.rglob("*") if path.is_file())


class Daemon:
    """A daemon. As a context it is ended at the end, if it has not ended by then."""

    def __init__(
        self,
        node: Node,
        *flags: str | Path,
        program: Sequence[str | Path] = SOURCE,
        environment: Mapping[str, str] = ENVIRONMENT,
    ) -> None:
        self._net_d = node.net_d
        self.port = _free_port()
        self._log = node.net_d.parent / f"log-{self.port}"
        own = [f"--cni-conf-dir={node.net_d}", f"--service-account-dir={node.account}"]
        web = [f"--metrics-port={self.port}", "--metrics-address=127.0.0.1"]
        with self._log.open("w") as log:
            self.process = subprocess.Popen(
                [*program, "daemon", *own, *web, *flags],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                env={**environment, "PYTHONPATH": str(ROOT)},
                cwd="/",
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.process.kill()
        self.process.wait()

    def log(self, event: str = "") -> list[str]:
        """Return the lines of the log, those of one kind of event if one is given; without the time stamps."""
        lines = [line.partition(" ")[2] for line in self._log.read_text().splitlines()]
        return [line for line in lines if f"event={event}" in line]

    def text(self) -> str:
        """Return the whole log."""
        return self._log.read_text()

    def get(self, path: str) -> tuple[int, str]:
        """Ask for a path; return status and body. Status 0: nobody answers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read().decode()
        except ConnectionRefusedError:
            return 0, ""
        finally:
            connection.close()

    def figure(self, name: str, **labels: str) -> float:
        """Return a metric."""
        families = parser.text_string_to_metric_families(self.get("/metrics")[1])
        samples = [sample for family in families for sample in family.samples]
        (value,) = [sample.value for sample in samples if (sample.name, sample.labels) == (name, labels)]
        return value

    def count(self, name: str, **labels: str) -> float:
        """Return a metric, 0 while it does not exist."""
        try:
            return self.figure(name, **labels)
        except ValueError:
            return 0.0

    def repairs(self, what: str) -> float:
        """Return how often something was put right."""
        return self.figure("multus_node_config_repairs_total", what=what)

    def until_ready(self) -> None:
        """Wait until the node is configured."""
        self.until(lambda: self.get("/readyz")[0] == 200)

    def until_looked(self) -> None:
        """Wait until what was there before has been seen: until there were two more looks, each with a cause."""
        for _ in range(2):
            looks = self._looks()
            (self._net_d / "nothing").touch()
            self.until(functools.partial(self._has_looked, looks))

    def _has_looked(self, before: float) -> bool:
        return self._looks() > before

    def _looks(self) -> float:
        return self.figure("multus_node_config_checks_total") + self.figure("multus_node_config_errors_total")

    def until(self, condition: Callable[[], object], *, seconds: float = 20) -> None:
        """Wait until something is so; it has to be while the daemon lives."""
        try:
            eventually(lambda: self.process.poll() is not None or condition(), seconds=seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}:\n{self.text()}") from None
        assert self.process.poll() is None, f"it has ended:\n{self.text()}"

    def open_files(self) -> list[Path]:
        """Return what it has open."""
        found = []
        for path in Path(f"/proc/{self.process.pid}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):  # it was closed since the folder was read
                found.append(path.readlink())
        return found

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to stop; return its exit status."""
        self.process.send_signal(number)
        return self.process.wait(timeout=20)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
