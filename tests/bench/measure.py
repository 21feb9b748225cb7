"""The first table's measurements: rounds in which every variant does every task once, each time in another order.

Variants are compared within a round, so what the machine does meanwhile meets all of them alike. A wrong result ends
the bench: a failure is not measured.
"""

from __future__ import annotations

import itertools
import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from multus_py.lab.netns import Namespace
from tests.bench import figures, networks, peak, process
from tests.bench.process import Outcome, Step
from tests.bench.variants import Pod, Variant

VERSION = "VERSION"
Statuses: TypeAlias = Callable[[str], Sequence[Mapping[str, object]]]
"""The network status of a pod, by the pod's name."""

_containers = itertools.count(1)


class WrongResultError(Exception):
    """A program did not do what it was started for."""


@dataclass(frozen=True)
class Cost:
    """What a task cost, in seconds."""

    wall: float
    cpu: float


@dataclass
class Samples:
    """All costs, in the order of the rounds, by task and variant."""

    costs: dict[tuple[str, str], list[Cost]] = field(default_factory=lambda: defaultdict(list))
    peaks: dict[tuple[str, str], float] = field(default_factory=dict)
    """The peak of memory in bytes, from runs that are not timed."""

    def walls(self, task: str, variant: str) -> list[float]:
        """Return the times on the clock."""
        return [cost.wall for cost in self.costs[task, variant]]

    def cpus(self, task: str, variant: str) -> list[float]:
        """Return the CPU times."""
        return [cost.cpu for cost in self.costs[task, variant]]


@dataclass(frozen=True)
class Subject:
    """A variant and the tasks that it is measured on: by the number of extra networks."""

    variant: Variant
    counts: Sequence[int] = networks.COUNTS
    parallel: bool = False
    """Whether it makes the extra networks at once: then only its ADD is of interest."""


class Bench:
    """Runs tasks and checks what came of them."""

    def __init__(self, pods: Mapping[int, Pod], sandbox: Namespace, statuses: Statuses, *, plugins: Path) -> None:
        """Use these pods, by the number of their networks, which all live in one sandbox, one after the other."""
        self._pods = pods
        self._sandbox = sandbox
        self._statuses = statuses
        self._plugins = plugins

    def round(self, subjects: Sequence[Subject], number: int, samples: Samples) -> None:
        """Let every variant do every task once.

        Raises:
            WrongResultError: One of them failed.
        """
        for subject in figures.rotated(subjects, number):
            if (steps := subject.variant.version()) and not subject.parallel:
                cost, _ = _run(VERSION, subject.variant, steps)
                samples.costs[VERSION, subject.variant.key].append(cost)
        for count in networks.COUNTS:
            for subject in figures.rotated([subject for subject in subjects if count in subject.counts], number):
                self._attach_and_detach(subject, self._pods[count], samples)

    def measure_peaks(self, subject: Subject, samples: Samples) -> None:
        """Find the peak of memory of every task. The plugins alone have none: they are what is not counted.

        Raises:
            WrongResultError: It failed.
            TraceError: It failed, or cannot be traced.
        """
        variant = subject.variant
        if not variant.version():
            return
        for step in variant.version():
            samples.peaks[VERSION, variant.key] = peak.own_peak(step, plugins=self._plugins).size
        for count in subject.counts:
            pod, container = self._pods[count], container_id()
            (step,) = variant.add(pod, container)
            traced = peak.own_peak(step, plugins=self._plugins)
            samples.peaks[add_task(count), variant.key] = traced.size
            (step,) = variant.delete(pod, container, [traced.stdout])
            samples.peaks[delete_task(count), variant.key] = peak.own_peak(step, plugins=self._plugins).size
            check_interfaces(self._sandbox, [])

    def _attach_and_detach(self, subject: Subject, pod: Pod, samples: Samples) -> None:
        variant, container = subject.variant, container_id()
        task = add_task(pod.networks)
        cost, outcomes = _run(task, variant, variant.add(pod, container))
        samples.costs[task, variant.key].append(cost)
        results = [outcome.stdout for outcome in outcomes]
        check_interfaces(self._sandbox, networks.interfaces(pod.networks))
        if variant.version() and pod.networks:
            check_status(self._statuses(pod.name), results[0], networks=pod.networks)
        task = delete_task(pod.networks)
        cost, _ = _run(task, variant, variant.delete(pod, container, results))
        if not subject.parallel:
            samples.costs[task, variant.key].append(cost)
        check_interfaces(self._sandbox, [])


def add_task(count: int) -> str:
    """Return the name of the task to attach a pod with that many extra networks."""
    return f"ADD {count}"


def delete_task(count: int) -> str:
    """Return the name of the task to detach it."""
    return f"DEL {count}"


def container_id() -> str:
    """Return an id that no container had in this run."""
    return f"bench{next(_containers):059d}"


def check_interfaces(sandbox: Namespace, wanted: Sequence[str]) -> None:
    """Look into a sandbox.

    Raises:
        WrongResultError: There are other interfaces than those wanted, and `lo`.
    """
    found = sorted(interface.name for interface in sandbox.interfaces() if interface.name != "lo")
    if found != sorted(wanted):
        raise WrongResultError(f"{sandbox.name} has the interfaces {found}, not {sorted(wanted)}")


def check_status(entries: Sequence[Mapping[str, object]], result: bytes, *, networks: int) -> None:
    """Compare the network status on the API server with what the runtime got.

    Raises:
        WrongResultError: It is another ADD's, or incomplete.
    """
    addresses = [address["address"].partition("/")[0] for address in json.loads(result)["ips"]]
    if len(entries) != networks + 1 or entries[0].get("ips") != addresses:
        raise WrongResultError(f"the pod's network status is not the one of {addresses} and {networks} more: {entries}")


def _run(task: str, variant: Variant, steps: Sequence[Step]) -> tuple[Cost, list[Outcome]]:
    before = variant.cpu_elsewhere()
    outcomes = process.run_in_order(steps)
    elsewhere = variant.cpu_elsewhere() - before
    last = outcomes[-1]
    if last.status != 0:
        said = (last.stdout + last.stderr).decode(errors="replace")
        raise WrongResultError(f"{task} failed with {variant.label} (status {last.status}): {said}")
    wall, cpu = sum(outcome.wall for outcome in outcomes), sum(outcome.cpu for outcome in outcomes)
    return Cost(wall, cpu + elsewhere), outcomes
