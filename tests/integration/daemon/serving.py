"""A daemon with a socket, in front of the lab's API server, and what calls ask it."""

from __future__ import annotations

import contextlib
import resource
import socket
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from multus_py.base.clock import SystemClock
from multus_py.base.log import Log, Options
from multus_py.cluster import frames, kubeconfig, wire
from multus_py.cluster.daemon import Daemon as Client
from multus_py.cluster.direct import Direct
from multus_py.cluster.fallback import Fallback
from multus_py.lab.apiserver import APIServer
from tests.integration.daemon.running import BRIDGE, SOURCE, Daemon, Node

if TYPE_CHECKING:
    from multus_py.base.fields import Fields
    from multus_py.base.jsontext import JSONObject
    from multus_py.cluster.port import Cluster

NETWORKS = "k8s.v1.cni.cncf.io/networks"
NODE = "node1"
STATUS = {"k8s.v1.cni.cncf.io/network-status": "[]"}


@dataclass
class Served:
    """What there is: the API server, the daemon's directory, and the way to start one more daemon."""

    server: APIServer
    node: Node
    kubeconfig: Path
    directory: Path
    program: Sequence[str | Path] = SOURCE
    fallbacks: int = 0
    """How many calls did without the daemon."""

    @property
    def socket(self) -> Path:
        return self.directory / "multus-py.sock"

    def daemon(self, *flags: str) -> Daemon:
        """Start a daemon."""
        own = [f"--socket-dir={self.directory}", f"--node-name={NODE}", f"--kubeconfig={self.kubeconfig}"]
        return Daemon(self.node, "--skip-kubeconfig", *own, *flags, program=self.program)

    @contextlib.contextmanager
    def warm(self, *flags: str, nads: int) -> Iterator[Daemon]:
        """Start a daemon, and wait until it has everything in memory."""
        with self.daemon(*flags) as daemon:
            daemon.until(self.socket.exists)
            daemon.until(
                lambda: all(daemon.count("multus_cache_watches_total", kind=kind) for kind in ("pods", "nads"))
            )
            daemon.until(lambda: daemon.count("multus_cache_objects", kind="nads") == nads)
            yield daemon

    def client(self, *, timeout: float = 2.0) -> Client:
        """Return what a call asks the daemon with."""
        return Client(str(self.socket), clock=SystemClock(), timeout=timeout)

    def call(self, *, timeout: float = 2.0) -> Cluster:
        """Return what a call asks: the daemon, and the API server when that is of no help."""
        return Fallback(self.client(timeout=timeout), self._direct, log=_log(), count=self._count)

    def create_pod(self, name: str, **annotations: str) -> str:
        """Create a pod; return its UID."""
        metadata: JSONObject = {"name": name, "namespace": "default", "annotations": {**annotations}}
        pod = self.server.create({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"nodeName": NODE}})
        made = pod["metadata"]
        assert isinstance(made, dict)
        return str(made["uid"])

    def create_nad(self, name: str) -> None:
        """Create a NAD."""
        metadata: JSONObject = {"name": name, "namespace": "default"}
        nad: JSONObject = {"kind": "NetworkAttachmentDefinition", "metadata": metadata}
        config = '{"cniVersion": "1.0.0", "type": "macvlan", "master": "eth0"}'
        self.server.create({"apiVersion": "k8s.cni.cncf.io/v1", **nad, "spec": {"config": config}})

    def annotations(self, name: str) -> dict[str, str]:
        """Return a pod's annotations, as the API server has them."""
        metadata = self.server.get("pod", name)["metadata"]
        assert isinstance(metadata, dict)
        found = metadata["annotations"]
        assert isinstance(found, dict)
        return {key: str(text) for key, text in found.items()}

    def _direct(self) -> Cluster:
        return Direct(kubeconfig.load(str(self.kubeconfig)), clock=SystemClock(), log=_log())

    def _count(self) -> None:
        self.fallbacks += 1


@contextlib.contextmanager
def served(directory: Path, *, program: Sequence[str | Path] = SOURCE) -> Iterator[Served]:
    """Start an API server for a node whose daemon is still to be started."""
    node = Node(directory)
    node.put("10-bridge.conflist", BRIDGE)
    with APIServer() as server:
        access = server.kubeconfig(directory / "kubeconfig")
        yield Served(server, node, access, directory / "run", program)


class Caller:
    """A connection to the daemon that waits as long as it takes."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(path))

    def ask(self, question: JSONObject) -> Fields:
        """Return the answer to a question."""
        self._socket.sendall(frames.pack(question, frames.MAX_REQUEST))
        with self._socket.makefile("rb") as stream:
            return frames.unpack(stream.read(frames.size(stream.read(frames.HEADER_SIZE), frames.MAX_ANSWER)))

    def close(self) -> None:
        """Hang up."""
        self._socket.close()


def herd(world: Served, uids: dict[str, str]) -> None:
    """Let that many calls ask at the same time, each with its connection open until all have been answered."""
    callers = {name: Caller(world.socket) for name in uids}
    asked = threading.Barrier(len(callers))
    wrong: list[BaseException] = []

    def ask(name: str, uid: str) -> None:
        try:
            asked.wait()
            question = wire.Resolve(namespace="default", name=name, uid=uid)
            found = wire.Resolved.read(callers[name].ask(question.document()))
            assert found.pod is not None
            assert found.nads
            asked.wait()
            status = wire.SetStatus(namespace="default", name=name, uid=uid, annotations=STATUS)
            assert callers[name].ask(status.document()).raw("v") == 1
        except BaseException as error:  # noqa: BLE001 - it is raised where the others are waited for
            wrong.append(error)
            asked.abort()

    threads = [threading.Thread(target=ask, args=each) for each in uids.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for caller in callers.values():
        caller.close()
    assert wrong == []


def resident(daemon: Daemon) -> float:
    """Return the bytes of memory that it has."""
    pages = int(Path(f"/proc/{daemon.process.pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def _log() -> Log:
    return Log(Options(stderr=False))
