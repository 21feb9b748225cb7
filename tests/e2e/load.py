"""Pods that come and go all the time, on every node, while something else happens to the cluster."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Self

from multus_py.lab.objects import text
from tests.e2e.cluster import Space, status_of
from tests.e2e.node import Node
from tests.e2e.waiting import wait_for

_AT_ONCE = 2
"""How many there are on a node at any time."""


class Load:
    """`with Load(space, "storage") as load:` pods with that network come and go until the end of the block."""

    def __init__(self, space: Space, network: str) -> None:
        self._space = space
        self._network = network
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._errors: list[str] = []
        self._threads: list[threading.Thread] = []
        self._counts = [0] * (_AT_ONCE * len(space.cluster.nodes))
        self.lacking: list[str] = []
        """The pods that ran without one of their networks."""

    @property
    def count(self) -> int:
        """How many pods have come."""
        return sum(self._counts)

    def __enter__(self) -> Self:
        nodes = [node for node in self._space.cluster.nodes for _ in range(_AT_ONCE)]
        self._threads = [threading.Thread(target=self._work, args=each, daemon=True) for each in enumerate(nodes)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def wait(self, rounds: int) -> None:
        """Wait until so many more pods have come and gone in each of the places."""
        until = [count + rounds for count in self._counts]
        wait_for(
            lambda: self._errors or all(count >= least for count, least in zip(self._counts, until, strict=True)),
            "pods come and go",
            timeout=120,
        )

    def failures(self) -> list[str]:
        """Return what went wrong: pods that never ran, and attempts at starting one that failed."""
        events = self._space.api.list(f"/api/v1/namespaces/{self._space.name}/events?fieldSelector=type=Warning")
        return [*self._errors, *(f"{text(event, 'reason')}: {text(event, 'message')}" for event in events)]

    def _work(self, place: int, node: Node) -> None:
        while not self._over.is_set():
            name = f"load-{place}-{self._counts[place]}"
            try:
                self._space.pod(name, self._network, on=node)
                interfaces = [text(entry, "interface") for entry in status_of(self._space.running(name))]
                self._space.delete(name)
                self._space.gone(name)
            except Exception as error:  # noqa: BLE001 - told by `failures`; a thread has nobody else to tell
                with self._lock:
                    self._errors.append(f"{name}: {error}")
                return
            if interfaces != ["eth0", "net1"]:
                self.lacking.append(f"{name}: {interfaces}")
            self._counts[place] += 1
