"""A node of the lab: a network namespace, a directory for everything that a node keeps, and a cluster network."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from multus_py.lab import executable, runtime
from multus_py.lab.netns import NETNS_DIR, Namespace
from multus_py.lab.objects import JSON, Object, section, text
from multus_py.lab.runtime import Runtime, Sandbox

BRIDGE = "cluster0"
"""The bridge of the cluster network, in every node."""
_DIRECTORIES = ("bin", "net.d", "state", "ipam")


@dataclass(frozen=True)
class Node:
    """What stands for a machine that runs pods."""

    namespace: Namespace
    directory: Path
    """Holds the plugins (`bin`), configurations (`net.d`), records and cached results (`state`), addresses (`ipam`)."""
    multus: str
    """What `bin/multus` is, for people."""

    @property
    def kubeconfig(self) -> Path:
        """Return where Multus finds the way to the API server."""
        return self.directory / "multus.kubeconfig"

    @property
    def daemon(self) -> Path:
        """Return where Multus looks for a daemon; there is none unless somebody starts one."""
        return self.directory / "daemon"

    @property
    def plugins(self) -> Path:
        """Return the directory of plugins."""
        return self.directory / "bin"

    @property
    def state(self) -> Path:
        """Return the directory of records and cached results."""
        return self.directory / "state"

    @property
    def addresses(self) -> Path:
        """Return the directory in which host-local notes who has which address, one directory a network."""
        return self.directory / "ipam"

    def host_local(self, subnet: str, **keys: JSON) -> Object:
        """Return an `ipam` section for host-local that keeps its notes on this node."""
        return {"type": "host-local", "dataDir": str(self.addresses), "subnet": subnet, **keys}

    def cluster_network(self, *subnets: str, version: str = "1.0.0") -> Object:
        """Return the configuration of the cluster network: a bridge, which is the pods' default gateway."""
        ranges: list[JSON] = [[{"subnet": subnet}] for subnet in subnets]
        ipam: Object = {"type": "host-local", "dataDir": str(self.addresses), "ranges": ranges}
        return {
            "cniVersion": version,
            "name": "cluster",
            "type": "bridge",
            "bridge": BRIDGE,
            "isDefaultGateway": True,
            "ipam": ipam,
        }

    def multus_config(self, *delegates: JSON, **keys: JSON) -> Object:
        """Return a `00-multus.conf` for this node; keyword arguments add to it or replace what is in it."""
        config: Object = {
            "cniVersion": "1.0.0",
            "name": "multus-cni-network",
            "type": "multus",
            "kubeconfig": str(self.kubeconfig),
            "daemonSocketDir": str(self.daemon),
            "binDir": str(self.plugins),
            "confDir": str(self.directory / "net.d"),
            "cniDir": str(self.state),
            "delegates": list(delegates),
        }
        return config | keys

    def runtime(self, config: Object) -> Runtime:
        """Return the node's container runtime, for a configuration."""
        return Runtime(config, namespace=self.namespace, plugins=self.plugins)

    def sandbox(self, pod: Object | None = None) -> AbstractContextManager[Sandbox]:
        """Make a sandbox for a pod, under a new container id; it exists until the end of the context."""
        container_id = secrets.token_hex(32)
        name = text(section(pod or {}, "metadata"), "name") or container_id[:8]
        return runtime.sandbox(f"{self.namespace.name}-{name}", container_id=container_id, pod=pod)

    def leftovers(self, *known: str) -> list[str]:
        """Return everything on the node that some pod has left behind: interfaces, files, namespaces.

        Args:
            known: The interfaces that belong to the node itself, besides `lo` and bridges, which plugins keep.
        """
        interfaces = (f"interface {link.name}" for link in self.namespace.interfaces() if link.kind != "bridge")
        expected = {f"interface {name}" for name in ("lo", *known)}
        state = (f"state {path.relative_to(self.state)}" for path in self.state.rglob("*") if path.is_file())
        addresses = (
            f"address {path.relative_to(self.addresses)}"
            for path in self.addresses.rglob("*")
            if path.is_file() and path.name != "lock" and not path.name.startswith("last_reserved_ip.")
        )
        namespaces = (f"namespace {path.name}" for path in NETNS_DIR.glob(f"{self.namespace.name}-*"))
        return sorted({*interfaces, *state, *addresses, *namespaces} - expected)


@contextmanager
def node(name: str, directory: Path, *, built: Path | None = executable.BUILT) -> Iterator[Node]:
    """Make a node; its namespace exists until the end of the context, its directory is the caller's.

    Args:
        name: The name of the namespace.
        directory: Where it keeps everything. It must exist, and be empty.
        built: The executable to use as Multus; None for this package.

    Raises:
        LinkError: The namespace cannot be made.
        MissingPluginsError: The machine has no reference plugins.
        subprocess.CalledProcessError: Multus cannot be installed.
    """
    for part in _DIRECTORIES:
        (directory / part).mkdir(mode=0o700)
    plugins = directory / "bin"
    executable.link_plugins(plugins)
    multus = executable.install_multus(plugins, built=built)
    with Namespace(name) as namespace:
        yield Node(namespace, directory, multus)
