"""A node in good health, with one pod that runs and one that waits, for tests to make ill.

eth0 of pods - bridge cluster0 | node | eth1 --- eth1 | peer        the API server listens on the node's 127.0.0.1
"""

from __future__ import annotations

import base64
import dataclasses
import json
import shutil
import subprocess
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath

from multus_py.doctor import examination, table
from multus_py.doctor.options import Options
from multus_py.doctor.view import View
from multus_py.findings.finding import Finding, Severity
from multus_py.inventory.places import Places
from multus_py.lab import kubeconfig, manifests, netlink
from multus_py.lab.apiserver import APIServer
from multus_py.lab.certs import Authority
from multus_py.lab.links import End, Veth
from multus_py.lab.netns import Namespace
from multus_py.lab.node import node
from multus_py.lab.objects import JSON, Object, section
from tests.integration.flows import networks

NODE = "node1"
DAY = 86_400.0


def token(*, expires_in: float) -> str:
    """Return a service account's token, as far as anybody here looks at it."""
    claims = {"exp": int(time.time() + expires_in), "sub": "system:serviceaccount:kube-system:multus"}
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in ({}, claims)]
    return ".".join([*parts, "signature"])


class Patient:
    """The node."""

    def __init__(self, stack: ExitStack, directory: Path, *, name: str, authority: Authority) -> None:
        """Make everything, to be taken away by the stack."""
        self.stack = stack
        self.directory = directory
        self.node = stack.enter_context(node(f"{name}-node", directory, built=None))
        self.peer = stack.enter_context(Namespace(f"{name}-peer"))
        stack.enter_context(Veth(End(self.node.namespace, "eth1"), End(self.peer, "eth1")))
        listener = self.node.namespace.listen("127.0.0.1", 6443)
        self.api = APIServer(listen=listener, authority=authority, tokens={token(expires_in=DAY): "lab"})
        self.serving = stack.enter_context(ExitStack())
        self.serving.enter_context(self.api)
        self.conf_dir = directory / "cni"
        self.conf_dir.mkdir()
        (directory / "runtime").mkdir()
        self.log = directory / "multus.log"
        self.options = Options(
            conf_dir=PurePosixPath(self.conf_dir),
            bin_dir=PurePosixPath(self.node.plugins),
            node=NODE,
            api_timeout=1.0,
            places=Places(runtime_results=(directory / "runtime",), device_info=directory / "devinfo"),
        )
        self._configure()
        self.sandbox = self._start()

    def _configure(self) -> None:
        self.api.kubeconfig(self.node.kubeconfig)
        self.primary = self.node.cluster_network("198.51.100.0/24")
        (self.conf_dir / "10-cluster.conf").write_text(json.dumps(self.primary))
        self.config = self.conf_dir / "00-multus.conf"
        log: Object = {"logFile": str(self.log), "logLevel": "error", "logToStderr": False}
        self.write(self.node.multus_config(self.primary, **log))
        self.api.create(manifests.network("storage", networks.storage(self.node, mtu=1400)))

    def _start(self) -> Namespace:
        """Start a pod, and let another one wait."""
        pod = self.api.create(manifests.pod("web", "storage", node=NODE))
        sandbox = self.stack.enter_context(self.node.sandbox(pod))
        self.node.runtime(self.document).add(sandbox)
        self.container_id = sandbox.container_id
        self.api.edit("pod", "web", lambda old: old.update(status={"phase": "Running"}), subresource="status")
        self.pod("next", "storage")
        return sandbox.namespace

    @property
    def document(self) -> Object:
        """Return the Multus configuration."""
        found: Object = json.loads(self.config.read_bytes())
        return found

    def write(self, config: Object) -> None:
        """Write the Multus configuration."""
        self.config.write_text(json.dumps(config, indent=2))

    def configure(self, **keys: JSON) -> None:
        """Change keys of the Multus configuration; None takes one away."""
        changed: Object = {key: value for key, value in (self.document | keys).items() if value is not None}
        self.write(changed)

    def look(self, **options: object) -> None:
        """Change where doctor looks."""
        self.options = dataclasses.replace(self.options, **options)  # type: ignore[arg-type]  # the test's own words

    def pod(self, name: str, asked: JSON, **keys: str) -> None:
        """Have a pod wait on this node."""
        self.api.create(manifests.pod(name, asked, node=NODE, **keys))

    def network(self, name: str, config: Object | str | None, *, namespace: str = "default") -> None:
        """Create a NAD."""
        self.api.create(manifests.network(name, config, namespace=namespace))

    def change_network(self, name: str, config: Object) -> None:
        """Change a NAD."""
        self.api.edit("nad", name, lambda old: section(old, "spec").update(config=json.dumps(config)))

    def relogin(self, *, expires_in: float) -> None:
        """Give the node another token."""
        self.api.tokens.clear()
        self.api.tokens[token(expires_in=expires_in)] = "lab"
        self.api.kubeconfig(self.node.kubeconfig)

    def relogin_by_certificate(
        self, *, begins_in: float = -DAY, ends_in: float = DAY, token: bool = False, **parts: bytes
    ) -> None:
        """Give the node a client certificate, in the place of its token or beside it; times are from now on.

        `parts` go in the place of its `certificate`, or of its `key`.
        """
        now = datetime.now(UTC)
        valid = (now + timedelta(seconds=begins_in), now + timedelta(seconds=ends_in))
        access = kubeconfig.Access(
            url=self.api.url,
            authority=self.api.authority.pem,
            token=self.api.token() if token else "",
            client=dataclasses.replace(self.api.authority.client("lab", valid=valid), **parts),
        )
        kubeconfig.write(self.node.kubeconfig, access)

    def plugin(self, name: str, content: bytes | None = None, *, mode: int = 0o755) -> None:
        """Put a file in the place of a plugin, by default a copy of it."""
        path = self.node.plugins / name
        data = path.read_bytes() if content is None else content
        path.unlink(missing_ok=True)
        path.write_bytes(data)
        path.chmod(mode)

    def sysctl(self, name: str, value: str) -> None:
        """Set a kernel parameter of the node's namespace."""
        path = Path("/proc/sys") / name.replace(".", "/")
        netlink.inside(self.node.namespace.path, lambda: path.write_text(value))

    def mount(self, where: Path, options: str) -> None:
        """Mount a small file system."""
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", where], check=True)
        self.stack.callback(lambda: subprocess.run(["umount", where], check=True))

    def mount_image(self, where: Path) -> None:
        """Put what a directory has on a file system that is full and read-only, as the image of a system is."""
        copy = self.directory / "image"
        copy.mkdir()
        self.mount(copy, "size=1g")
        shutil.copytree(where, copy, symlinks=False, dirs_exist_ok=True)
        size = sum(path.stat().st_size for path in copy.rglob("*")) + (1 << 20)
        subprocess.run(["mount", "-o", f"remount,ro,size={size}", copy], check=True)
        self.bind(copy, where)

    def bind(self, what: Path, where: Path) -> None:
        """Let a directory be seen in another place, too."""
        subprocess.run(["mount", "--bind", what, where], check=True)
        self.stack.callback(lambda: subprocess.run(["umount", where], check=True))

    def examine(self, *ids: str) -> list[Finding]:
        """Examine the node as it is."""
        checks = table.chosen(ids)
        with View(self.options) as view:
            return netlink.inside(self.node.namespace.path, lambda: list(examination.examine(view, checks)))

    def complaints(self) -> dict[str, list[Finding]]:
        """Return what is wrong, by check."""
        found: dict[str, list[Finding]] = {}
        for finding in self.examine():
            if finding.severity in {Severity.ERROR, Severity.WARNING}:
                found.setdefault(finding.id, []).append(finding)
        return found
