"""What the pods themselves cost the API server: an ADD and a DEL of each, by real programs with real plugins."""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from multus_py.lab.netns import Namespace
from tests.bench import networks, process, thick
from tests.bench.variants import Meta, Pod
from tests.e2e.machine import run
from tests.e2e.scale import population
from tests.e2e.scale.field import Cost, Field

NETWORKS = 2
_AT_ONCE, _ROUNDS = 4, 2
_PODS = "203.0.113.128/25"
_PLUGIN_FOLDERS = (Path("/usr/lib/cni"), Path("/opt/cni/bin"))


@dataclass(frozen=True)
class Bill:
    """What the pods of one node cost, one after the other."""

    way: str
    pods: int
    cost: Cost


class Calls:
    """Runs the calls of a node's pods."""

    def __init__(self, field: Field, node: str, *, directory: Path, sandboxes: Sequence[Namespace]) -> None:
        """Prepare.

        Args:
            field: The cluster, and what measures.
            node: Whose pods they are.
            directory: For records, addresses and the like.
            sandboxes: Where the pods get their interfaces: as many pods at a time as there are of these.
        """
        self._field = field
        self._node = node
        self._directory = directory
        self._plugins = next(folder for folder in _PLUGIN_FOLDERS if (folder / "macvlan").exists())
        self._pods = [
            Pod(population.NAMESPACE, name, uid, NETWORKS, sandboxes[number % len(sandboxes)].path)
            for number, (name, uid) in enumerate(field.population.pods_of(node))
        ]
        self._at_once = len(sandboxes)
        ranges = [[{"subnet": _PODS}]]
        ipam = {"type": "host-local", "dataDir": str(directory / "leases"), "ranges": ranges}
        self._primary: Mapping[str, object] = {**networks.primary(directory), "ipam": ipam}

    def direct(self) -> Bill:
        """Let each call ask the API server itself."""
        return self._bill("multus-py, without a daemon", self._meta(sys.executable, "-m", "multus_py"))

    def through_daemon(self) -> Bill:
        """Let each call ask the cache of its node, which has to be current."""
        sockets = self._directory / self._node
        return self._bill(
            "multus-py, through its daemon", self._meta(sys.executable, "-m", "multus_py", daemon=sockets)
        )

    def go_thin(self, program: Path) -> Bill:
        """Let the Go Multus do it."""
        return self._bill("Go Multus, thin", self._meta(str(program)))

    def go_thick(self, program: Path) -> tuple[Bill, Bill]:
        """Let the Go Multus and its daemon do it; return what the start of the daemon cost, and what the calls did."""
        with ExitStack() as stack:
            made: list[thick.Thick] = []
            directory = self._directory / "thick"
            directory.mkdir()
            running = thick.running(
                program.with_name("multus-daemon"),
                kubeconfig=self._field.access,
                directory=directory,
                plugins=self._plugins,
                cluster_network=self._primary,
                node=self._node,
            )
            start, _ = self._field.cost(lambda: made.append(stack.enter_context(running)))
            shim = str(program.with_name("multus-shim"))
            meta = Meta("thick", "", (shim,), made[0].config, self._plugins, made[0].pid)
            return Bill("Go Multus, thick: start of its daemon", 0, start), self._bill("Go Multus, thick", meta)

    def _meta(self, *argv: str, daemon: Path | None = None) -> Meta:
        config = networks.multus(
            self._primary,
            kubeconfig=self._field.access,
            plugins=self._plugins,
            state=self._directory / "state",
            daemon=daemon,
        )
        return Meta("one", "", argv, config, self._plugins)

    def _bill(self, way: str, variant: Meta) -> Bill:
        cost, _ = self._field.cost(lambda: self._attach_and_detach(variant))
        return Bill(way, len(self._pods) * _ROUNDS, cost)

    def _attach_and_detach(self, variant: Meta) -> None:
        shares = [self._pods[number :: self._at_once] * _ROUNDS for number in range(self._at_once)]
        with ThreadPoolExecutor(self._at_once) as threads:
            for _ in threads.map(functools.partial(_attach_and_detach, variant), shares):
                pass


@contextmanager
def prepared(field: Field, directory: Path) -> Iterator[Calls]:
    """Make what the plugins need of a machine, for the pods of the first node."""
    with ExitStack() as stack:
        sandboxes = [stack.enter_context(Namespace(f"multus-scale-pod{number}")) for number in range(_AT_ONCE)]
        run(["ip", "link", "add", population.UPLINK, "type", "veth", "peer", "name", "far"])
        run(["ip", "link", "set", population.UPLINK, "up"])
        yield Calls(field, field.population.nodes[0], directory=directory, sandboxes=sandboxes)


def _attach_and_detach(variant: Meta, pods: Sequence[Pod]) -> None:
    """Attach and detach pods, one after the other."""
    for pod in pods:
        container = f"scale-{pod.name}"
        results = [_done(step) for step in variant.add(pod, container)]
        for step in variant.delete(pod, container, results):
            _done(step)


def _done(step: process.Step) -> bytes:
    outcome = process.run(step)
    assert outcome.status == 0, f"{step.argv}: {outcome.stdout!r} {outcome.stderr!r}"
    return outcome.stdout
