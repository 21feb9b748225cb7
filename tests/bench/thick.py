"""The Go Multus in its thick form: a daemon that the shim talks to, and that starts the plugins itself.

The daemon finds its API server as a pod does, through the environment and the service account's files; so it gets a
mount namespace in which those are.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import kubernetes

from tests.bench import networks

_ACCOUNT = Path("/run/secrets/kubernetes.io/serviceaccount")
_START_SECONDS = 60.0
_SCRIPT = f'mount --bind "$1" {_ACCOUNT} && exec "$2" -config "$3"'


class ThickError(Exception):
    """The daemon cannot be used here."""


@dataclass(frozen=True)
class Thick:
    """A daemon that runs."""

    pid: int
    config: bytes
    """What the daemon wrote for the runtime: the shim's configuration."""


@contextmanager
def running(
    daemon: Path,
    *,
    kubeconfig: Path,
    directory: Path,
    plugins: Path,
    cluster_network: Mapping[str, object],
    node: str = "",
) -> Iterator[Thick]:
    """Run the daemon in this network namespace.

    Args:
        daemon: The program.
        kubeconfig: Where the API server is.
        directory: For whatever it writes.
        plugins: The delegates.
        cluster_network: The primary network.
        node: The node whose pods it follows; "" for all pods of the cluster.

    Raises:
        ThickError: The kubeconfig has no token to give to it, or it does not start.
    """
    account = directory / "account"
    env = _write_account(account, kubeconfig) | ({"MULTUS_NODE_NAME": node} if node else {})
    config = _write_config(directory, plugins, cluster_network)
    made = [path for path in (_ACCOUNT, *_ACCOUNT.parents) if not path.exists()]
    _ACCOUNT.mkdir(parents=True, exist_ok=True)
    log = directory / "log"
    command = ["unshare", "--mount", "--propagation=slave", "sh", "-c", _SCRIPT, "sh"]
    command += [str(account), str(daemon), str(config)]
    try:
        with log.open("wb") as output, subprocess.Popen(command, env=env, stdout=output, stderr=output) as process:
            try:
                yield Thick(process.pid, _wait_for_config(directory, process, log))
            finally:
                process.kill()  # it has nothing to lose, and its own way to end takes ten seconds
    finally:
        for path in made:
            with suppress(OSError):
                path.rmdir()


def _write_account(account: Path, kubeconfig: Path) -> dict[str, str]:
    """Write a service account's files; return the environment that names the server."""
    access = kubernetes.client.Configuration()
    kubernetes.config.load_kube_config(str(kubeconfig), client_configuration=access)
    token = (access.get_api_key_with_prefix("BearerToken", alias="authorization") or "").removeprefix("Bearer ")
    server = urlsplit(access.host)
    if not token or not access.ssl_ca_cert or server.hostname is None:
        raise ThickError("the daemon needs a kubeconfig with a token and a certificate authority")
    account.mkdir(parents=True)
    shutil.copy(access.ssl_ca_cert, account / "ca.crt")
    (account / "token").write_text(token)
    (account / "namespace").write_text("kube-system")
    where = {"KUBERNETES_SERVICE_HOST": server.hostname, "KUBERNETES_SERVICE_PORT": str(server.port or 443)}
    return {"PATH": os.environ.get("PATH", "/usr/sbin:/usr/bin"), **where}


def _write_config(directory: Path, plugins: Path, cluster_network: Mapping[str, object]) -> Path:
    for name in ("master", "conf"):
        (directory / name).mkdir()
    (directory / "master" / "10-primary.conf").write_bytes(networks.encode(cluster_network))
    config = {
        "cniVersion": networks.VERSION,
        "logLevel": "error",
        "logToStderr": True,
        "socketDir": str(directory / "socket"),
        "daemonSocketDir": str(directory / "socket"),
        "multusConfigFile": "auto",
        "multusAutoconfigDir": str(directory / "master"),
        "cniConfigDir": str(directory / "conf"),
        "binDir": str(plugins),
        "cniDir": str(directory / "state"),
    }
    path = directory / "daemon-config.json"
    path.write_text(json.dumps(config))
    return path


def _wait_for_config(directory: Path, process: subprocess.Popen[bytes], log: Path) -> bytes:
    """Wait until the daemon serves and has written the shim's configuration, which it does last."""
    deadline = time.monotonic() + _START_SECONDS
    written, socket = directory / "conf" / "00-multus.conf", directory / "socket" / "multus.sock"
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError, ValueError):
            config = written.read_bytes()
            json.loads(config)  # it is not written in one step
            if socket.exists():
                return config
        time.sleep(0.1)
    raise ThickError(f"the daemon does not start: {log.read_text(errors='replace')[-600:]}")
