"""The second table: many pods at once, as after the reboot of a node. All are attached, then all are detached."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from multus_py.lab.netns import Namespace
from tests.bench import measure, networks, process
from tests.bench.process import Outcome
from tests.bench.variants import Pod, Variant

PODS = 30
NETWORKS = 2
"""How many extra networks each of them has."""


@dataclass(frozen=True)
class Wave:
    """What came of one verb for all pods."""

    verb: str
    variant: str
    seconds: float
    """From the first start to the last end."""
    walls: tuple[float, ...]
    """How long each pod waited."""
    cpu: float
    """Of all of them together."""
    failures: tuple[str, ...]
    """What the ones said that failed."""

    @property
    def rate(self) -> float:
        """Return how many pods a second were served well."""
        return (len(self.walls) - len(self.failures)) / self.seconds


class Crowd:
    """The pods."""

    def __init__(self, pods: Sequence[Pod], sandboxes: Sequence[Namespace]) -> None:
        """Use these pods, each in its own sandbox."""
        self._pods = pods
        self._sandboxes = sandboxes

    def attach_and_detach(self, variant: Variant) -> list[Wave]:
        """Attach all pods at once; when that is done, detach them all at once."""
        containers = [measure.container_id() for _ in self._pods]
        added, results = self._wave("ADD", variant, lambda index: self._add(variant, index, containers[index]))
        printed = [[outcome.stdout if outcome.status == 0 else b"" for outcome in outcomes] for outcomes in results]
        deleted, _ = self._wave(
            "DEL", variant, lambda index: self._delete(variant, index, containers[index], printed[index])
        )
        return [added, deleted]

    def _add(self, variant: Variant, index: int, container: str) -> list[Outcome]:
        return process.run_in_order(variant.add(self._pods[index], container))

    def _delete(self, variant: Variant, index: int, container: str, results: Sequence[bytes]) -> list[Outcome]:
        return process.run_in_order(variant.delete(self._pods[index], container, results))

    def _wave(
        self, verb: str, variant: Variant, run: Callable[[int], list[Outcome]]
    ) -> tuple[Wave, list[list[Outcome]]]:
        elsewhere = variant.cpu_elsewhere()
        start = time.perf_counter()
        with ThreadPoolExecutor(len(self._pods)) as threads:
            outcomes = list(threads.map(run, range(len(self._pods))))
        seconds = time.perf_counter() - start
        cpu = variant.cpu_elsewhere() - elsewhere + sum(outcome.cpu for pod in outcomes for outcome in pod)
        walls = tuple(sum(outcome.wall for outcome in pod) for pod in outcomes)
        failures = [
            f"{variant.label}, {verb} of {self._pods[index].name}: {problem}"
            for index, pod in enumerate(outcomes)
            if (problem := self._problem(verb, index, pod))
        ]
        return Wave(verb, variant.key, seconds, walls, cpu, tuple(failures)), outcomes

    def _problem(self, verb: str, index: int, outcomes: Sequence[Outcome]) -> str:
        if outcomes[-1].status != 0:
            return (outcomes[-1].stdout + outcomes[-1].stderr).decode(errors="replace")
        try:
            measure.check_interfaces(
                self._sandboxes[index], networks.interfaces(self._pods[index].networks) if verb == "ADD" else []
            )
        except measure.WrongResultError as error:
            return str(error)
        return ""
