"""Pods that come and go, several at a time, on a node with a daemon, a bridge, and a second network."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from random import Random

from multus_py.lab import manifests
from multus_py.lab.objects import JSON, text
from tests.integration.flows import networks
from tests.integration.flows.daemon import NODE
from tests.integration.flows.world import Pod, World
from tests.soak import meters
from tests.soak.meters import Sample

WORKERS = 4
_NETWORKS = (None, "data", "data,data", "data,chain")
"""What a pod may ask for."""


@contextmanager
def soaking(name: str) -> Iterator[World]:
    """Make the world; in the end everything of it goes."""
    with tempfile.TemporaryDirectory(prefix="multus-soak-") as directory, ExitStack() as stack:
        world = World(stack, Path(directory), name=name)
        world.network("data", networks.storage(world.node))
        ipam = world.node.host_local("192.0.2.0/24")
        plugins: list[JSON] = [{"type": "bridge", "bridge": "chain0", "ipam": ipam}, {"type": "tuning"}]
        world.network("chain", {"cniVersion": "1.0.0", "name": "chain", "plugins": plugins})
        world.daemon.stop()
        world.daemon.start()
        yield world


def run(world: World, cycles: int, *, rounds: int, seed: int) -> Iterator[tuple[int, Sample]]:
    """Let so many pods come and go, and return a sample of the node at rest after each round."""
    random = Random(seed)
    seeds = [(f"pod{number}", random.random()) for number in range(cycles)]
    with ThreadPoolExecutor(WORKERS) as pool:
        for number in range(rounds):
            first, last = cycles * number // rounds, cycles * (number + 1) // rounds
            for _ in pool.map(lambda pod: _cycle(world, *pod), seeds[first:last]):
                pass
            yield last, meters.read(world)


def _cycle(world: World, name: str, seed: float) -> None:
    """Let one pod come and go, as a cluster does; one in four goes without its namespace, one in ten twice."""
    random = Random(seed)
    asked = random.choice(_NETWORKS)
    made = world.api.create(manifests.pod(name, asked, node=NODE))
    with world.node.sandbox(made) as sandbox:
        pod = Pod(name, text(made, "metadata", "namespace"), sandbox)
        pod.result = world.runtime.add(sandbox)
        expected = ["eth0", *(f"net{index + 1}" for index in range(len(asked.split(",")) if asked else 0))]
        assert pod.names == expected, (pod.names, expected)
        assert [entry["interface"] for entry in world.status(pod)] == expected
        world.events(pod, count=len(expected))
        netns = "" if random.random() < 0.25 else None
        if netns == "":
            sandbox.namespace.remove()
        for _ in range(2 if random.random() < 0.1 else 1):
            world.runtime.delete(sandbox, netns=netns)
        world.api.delete("pod", name)
    for event in world.api.list("events"):
        if text(event, "involvedObject", "name") == name:
            world.api.delete("event", text(event, "metadata", "name"))
