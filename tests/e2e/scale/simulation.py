"""The life of a large cluster in five minutes: cold start, quiet, pods and networks that change, cuts, a restart."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from multus_py.lab.objects import Object
from tests.e2e.api import RBAC
from tests.e2e.cluster import Cluster
from tests.e2e.scale import calls
from tests.e2e.scale.caches import KINDS
from tests.e2e.scale.calls import Bill, Calls
from tests.e2e.scale.field import Cost, Field, idle
from tests.e2e.scale.ledger import Request
from tests.e2e.scale.population import Size
from tests.e2e.waiting import say

IDLE, QUIET = "idle, without caches", "quiet"
_IDLE_SECONDS, _QUIET_SECONDS = 30.0, 65.0
"""A bookmark, which comes every minute, is in the second."""
CHANGED_PODS, CHANGED_NADS = 300, 20


@dataclass(frozen=True)
class Phase:
    """Something that happened to all caches, and what it cost."""

    name: str
    cost: Cost
    events: int = 0
    """How many things changed."""
    lists_from_etcd: int = 0
    """How many lists were not answered from the server's memory."""
    current_after: float | None = None
    """Seconds until every cache was current (again)."""


@dataclass(kw_only=True)
class Results:
    """What was found."""

    size: Size
    phases: list[Phase] = field(default_factory=list)
    bills: list[Bill] = field(default_factory=list)
    memory_per_cache: float = 0.0
    """Bytes that a process has more for each cache."""
    characters_per_cache: float = 0.0
    server_memory_before: float = 0.0
    server_memory_after: float = 0.0
    levels: tuple[str, ...] = ()
    failures: int = 0
    relists: int = 0

    @property
    def idle_cpu(self) -> float:
        """Return the seconds of CPU time that the server uses each second when nobody asks anything."""
        idle = [phase.cost for phase in self.phases if phase.name in {IDLE, QUIET}]
        return sum(cost.api_cpu for cost in idle) / sum(cost.seconds for cost in idle)


class Simulation:
    """Runs it."""

    def __init__(self, cluster: Cluster, field: Field, size: Size, directory: Path) -> None:
        """Take what is needed; nothing is done yet."""
        self._api, self._control = cluster.api, cluster.control
        self._field = field
        self._directory = directory
        self._results = Results(size=size)
        self._mtu = 1400

    def run(self, peer: Path | None) -> Results:
        """Run it; return what was found."""
        with calls.prepared(self._field, self._directory) as made:
            self._without_caches(made, peer)
            self._cold_start()
            self._measure(QUIET, idle(_QUIET_SECONDS))
            self._changes("")
            self._results.bills.append(self._billed(made.through_daemon))
        self._cut()
        self._restart()
        look = self._field.caches.look()
        self._results.failures = sum(look.sum(kind, "failures") for kind in KINDS)
        self._results.relists = sum(look.sum(kind, "lists") for kind in KINDS) - len(look.standings)
        return self._results

    def _without_caches(self, made: Calls, peer: Path | None) -> None:
        """Measure what the caches have no part in: pods that do without, and what the server does anyway."""
        self._measure(IDLE, idle(_IDLE_SECONDS))
        self._results.bills.append(self._billed(made.direct))
        if peer is not None:
            self._admit_peer()
            self._results.bills.append(self._billed(lambda: made.go_thin(peer)))
            say("pods of the Go Multus with its daemon")
            self._results.bills += made.go_thick(peer)
        self._changes(", without caches")

    def _admit_peer(self) -> None:
        """Give the account what the Go Multus needs, and ours does not: it writes the whole of a pod's status."""
        rule: Object = {"apiGroups": ["", "events.k8s.io"], "resources": ["pods/status", "events"], "verbs": ["*"]}
        metadata: Object = {"name": "multus-peer"}
        role: Object = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "multus-peer"}
        account: Object = {"kind": "ServiceAccount", "namespace": "kube-system", "name": "multus"}
        self._api.create(f"{RBAC}/clusterroles", {"metadata": metadata, "rules": [rule]})
        binding: Object = {"metadata": metadata, "roleRef": role, "subjects": [account]}
        self._api.create(f"{RBAC}/clusterrolebindings", binding)
        time.sleep(2.0)  # the authorizer hears of it by a watch

    def _cold_start(self) -> None:
        """Start all caches at once."""
        caches = self._field.caches
        empty, before = caches.memory(), self._field.meters.read()

        began: list[float] = []

        def start() -> None:
            began.append(time.monotonic())
            caches.start()
            self._field.wait_current()

        self._measure("cold start", start, since=began)
        self._field.wait_equal()
        after, look, nodes = self._field.meters.read(), caches.look(), self._results.size.nodes
        self._results.memory_per_cache = (caches.memory() - empty) / nodes
        self._results.characters_per_cache = sum(look.sum(kind, "characters") for kind in KINDS) / nodes
        self._results.server_memory_before, self._results.server_memory_after = before.api_memory, after.api_memory
        self._results.levels = after.levels

    def _changes(self, suffix: str) -> None:
        """Let pods come and go, then networks change; without caches, to see what that costs by itself."""
        population, followed = self._field.population, not suffix

        def pods() -> None:
            population.add_pods("passing", CHANGED_PODS)
            population.remove_pods("passing", CHANGED_PODS)

        def nads() -> None:
            self._mtu += 1
            population.change_nads(CHANGED_NADS, mtu=self._mtu)

        self._measure(f"pods come and go{suffix}", pods, events=2 * CHANGED_PODS, settle=1.0)
        self._measure(f"networks change{suffix}", nads, events=CHANGED_NADS, settle=1.0)
        if followed:
            self._field.wait_equal()

    def _cut(self) -> None:
        """Cut all connections at once: the server lives, and remembers."""
        began: list[float] = []
        before = self._field.caches.look()

        def cut() -> None:
            began.append(time.monotonic())
            self._field.relay.cut()
            self._field.wait_current(since=before)

        self._measure("all connections cut", cut, since=began)
        self._field.wait_equal()

    def _restart(self) -> None:
        """Restart the API server, which remembers nothing then."""
        ready: list[float] = []
        before = self._field.caches.look()

        def restart() -> None:
            self._control.stop_server()
            self._control.start_server()
            ready.append(time.monotonic())
            self._field.wait_current(since=before)

        self._measure("the API server restarts", restart, since=ready)
        self._field.wait_equal()

    def _measure(
        self,
        name: str,
        do: Callable[[], object],
        *,
        events: int = 0,
        settle: float = 0.0,
        since: list[float] | None = None,
    ) -> None:
        """Do something and note what it cost.

        Args:
            name: What it is, for the table.
            do: Does it.
            events: How many things change in it.
            settle: Seconds for the watches to tell of the last one.
            since: Where the time is noted from which on the caches have to become current; None if they are.
        """
        say(name)
        ended: list[float] = []

        def timed() -> None:
            do()
            ended.append(time.monotonic())
            time.sleep(settle)

        cost, requests = self._field.cost(timed)
        current_after = ended[0] - since[0] if since else None
        self._results.phases.append(Phase(name, cost, events, sum(map(_is_from_etcd, requests)), current_after))

    @staticmethod
    def _billed(make: Callable[[], Bill]) -> Bill:
        bill = make()
        say(f"{bill.pods} pods of {bill.way}")
        return bill


def _is_from_etcd(request: Request) -> bool:
    return request.verb == "list" and "resourceVersion=" not in request.uri
