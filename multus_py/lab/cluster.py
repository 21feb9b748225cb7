"""Two nodes and two links between them: for an API server that both can reach, and for the pods' second network.

node1: mgmt0 192.0.2.1/24, where the API server listens; eth1; the bridge cluster0 once a pod is there
node2: mgmt0 192.0.2.2/24; eth1; the bridge cluster0 once a pod is there
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from multus_py.lab import executable
from multus_py.lab.apiserver import APIServer
from multus_py.lab.links import End, Veth
from multus_py.lab.node import Node, node

MANAGEMENT, SECOND = "mgmt0", "eth1"
"""The two links, which have the same name at both ends."""
API_ADDRESS, API_PORT = "192.0.2.1", 6443


@dataclass(frozen=True)
class Cluster:
    """A cluster while it runs."""

    api: APIServer
    nodes: tuple[Node, Node]

    def leftovers(self) -> list[str]:
        """Return what pods have left behind on the nodes."""
        return [f"{made.namespace.name}: {what}" for made in self.nodes for what in made.leftovers(MANAGEMENT, SECOND)]


@contextmanager
def two_nodes(directory: Path, *, prefix: str, built: Path | None = executable.BUILT) -> Iterator[Cluster]:
    """Make the cluster; it runs until the end of the context.

    Args:
        directory: Where the nodes keep everything. It must exist, and be empty.
        prefix: What the names of the namespaces begin with.
        built: The executable to use as Multus; None for this package.

    Raises:
        LinkError: A namespace or a link cannot be made.
        MissingPluginsError: The machine has no reference plugins.
        subprocess.CalledProcessError: Multus cannot be installed.
    """
    with ExitStack() as stack:
        nodes = []
        for number in (1, 2):
            home = directory / f"node{number}"
            home.mkdir()
            nodes.append(stack.enter_context(node(f"{prefix}node{number}", home, built=built)))
        first, second = nodes
        left = End(first.namespace, MANAGEMENT, (f"{API_ADDRESS}/24",))
        right = End(second.namespace, MANAGEMENT, ("192.0.2.2/24",))
        stack.enter_context(Veth(left, right))
        stack.enter_context(Veth(End(first.namespace, SECOND), End(second.namespace, SECOND)))
        listener = first.namespace.listen(API_ADDRESS, API_PORT)
        api = stack.enter_context(APIServer(listen=listener, names=[API_ADDRESS]))
        for made in nodes:
            api.kubeconfig(made.kubeconfig)
        yield Cluster(api, (first, second))
