"""The node's cache, put together: what follows the cluster, what answers calls, and the threads that they run in.

It stands by itself: nothing in here knows of the node's configuration, and several may run in one process.
"""

from __future__ import annotations

import functools
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from multus_py.base.log import Log, Options
from multus_py.cluster import operation
from multus_py.cluster.direct import Direct
from multus_py.daemon.answering import Server
from multus_py.daemon.asking import STALE, Requests
from multus_py.daemon.cache import Cache, Size, keep_nad, keep_pod
from multus_py.daemon.cluster import Collection
from multus_py.daemon.connections import Connections
from multus_py.daemon.devices import Devices, Kubelet
from multus_py.daemon.doorway import Doorway, DoorwayError
from multus_py.daemon.following import Follower, Standing
from multus_py.daemon.resolving import Resolver
from multus_py.daemon.telling import Teller
from multus_py.daemon.traffic import Counted, Traffic
from multus_py.daemon.workers import Workers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from multus_py.base.clock import Clock
    from multus_py.cluster.kubeconfig import Access
    from multus_py.cluster.port import Report
    from multus_py.cluster.wire import Tell
    from multus_py.daemon.journal import Journal

WORKERS = 4
"""How many questions to the API server, and so connections to it, there are at a time."""
LOOKUP = 0.75 * STALE
"""Seconds that such a question may take with all its retries: less than a call waits for the answer."""
SPREAD = 2.0
"""Seconds over which the nodes of a cluster that starts ask for their lists."""
STUCK = 30.0
"""Seconds without a round of the server's loop after which only a restart helps."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a cache serves, and for whom."""

    directory: Path
    """Where the socket goes."""
    node: str
    """The node's name in the cluster; "" when it is not known: then pods are not kept, but asked for each time."""
    pod_resources: Path | None = None
    """Where the kubelet has its socket for questions about pods' devices; None when it is not asked here."""
    spread: float = SPREAD


@dataclass(frozen=True, kw_only=True)
class Collected:
    """How one cache is doing."""

    size: Size
    standing: Standing
    current: bool
    """Whether it is believed."""


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What there is to know at one moment."""

    monotonic: float
    """The moment, on the clock that never goes back."""
    caches: Mapping[str, Collected] = field(default_factory=dict)
    """By the kind of object: pods, nads."""
    counted: Counted
    connections: int
    waiting: int
    """Messages with events that are not told yet."""
    fallbacks: int
    """Calls that did without us."""


class Serving:
    """A cache that serves."""

    def __init__(
        self,
        place: Place,
        access: Callable[[], Access],
        *,
        environ: Mapping[bytes, bytes],
        clock: Clock,
        jitter: Callable[[], float],
        journal: Journal,
    ) -> None:
        """Prepare; nothing is started.

        Args:
            place: Where it serves.
            access: Returns where the API server is and who we are, as it is by now; raises ClusterError.
            environ: The environment for a credential plugin.
            clock: What everything is measured on.
            jitter: Returns a number from 0 to 1, by chance.
            journal: Where calls are written down.
        """
        self._clock = clock
        self._journal = journal
        self._stop = threading.Event()
        self._doorway = Doorway(place.directory)
        self._caches = {"pods": Cache(), "nads": Cache()}
        collection = functools.partial(Collection, access, environ=environ, clock=clock, jitter=jitter)
        pods = collection(operation.PODS, selector=f"spec.nodeName={place.node}", metadata_only=True)
        follower = functools.partial(Follower, clock=clock, stop=self._stop, jitter=jitter, spread=place.spread)
        keep = functools.partial(keep_pod, node=place.node)
        self._followers = {
            "pods": follower(pods, self._caches["pods"], what="pods of this node", keep=keep),
            "nads": follower(collection(operation.NADS), self._caches["nads"], what="networks", keep=keep_nad),
        }
        self._followed = [kind for kind in self._followers if place.node or kind != "pods"]
        log = Log(Options(stderr=False))
        self._connections = Connections(
            lambda: Direct(access(), clock=clock, log=log, timeout=LOOKUP, environ=environ), clock=clock
        )
        self._traffic = Traffic()
        self._teller = Teller(self._connections, traffic=self._traffic, wait=self._stop.wait)
        self._workers = Workers(name="asking", threads=WORKERS)
        self._requests = Requests(
            resolver=Resolver(
                pods=self._followers["pods"], nads=self._followers["nads"], connections=self._connections
            ),
            devices=Devices(
                self._connections, kubelet=Kubelet(place.pod_resources) if place.pod_resources else None, clock=clock
            ),
            connections=self._connections,
            teller=self._teller,
            traffic=self._traffic,
            report=self._write_down,
            clock=clock,
        )
        self._server: Server | None = None
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Follow the cluster from now on; whether it can be reached or not, `tend` lets calls in."""
        for kind in self._followed:
            self._in_a_thread(self._followers[kind].run, f"{kind}")
        self._in_a_thread(self._teller.run, "events")

    def tend(self) -> list[str]:
        """See that there is a socket, every few seconds; return what a person should know."""
        trouble = [self._followers[kind].standing().trouble for kind in self._followed]
        if "pods" not in self._followed:
            trouble.append("the node's name is not known (--node-name): pods are not kept, but asked for each time")
        self._connections.tidy()
        if self._server is None or not self._doorway.is_ours():
            trouble.append(self._serve())
        return [text for text in trouble if text]

    def stuck(self) -> str:
        """Return why only a restart would help, "" when nothing of that kind is known."""
        server = self._server
        if server is None or self._clock.monotonic() - server.beat < STUCK:
            return ""
        return f"calls have not been answered for {self._clock.monotonic() - server.beat:.0f} s"

    def figures(self) -> Figures:
        """Return what there is to know now."""
        return Figures(
            monotonic=self._clock.monotonic(),
            caches={
                kind: Collected(
                    size=self._caches[kind].size(),
                    standing=self._followers[kind].standing(),
                    current=self._followers[kind].is_current(),
                )
                for kind in self._followed
            },
            counted=self._traffic.read(),
            connections=self._server.connections() if self._server else 0,
            waiting=self._teller.waiting(),
            fallbacks=self._doorway.fallbacks(),
        )

    def close(self, *, patience: float = 0.0) -> None:
        """Let nobody in any more, and stop.

        Args:
            patience: Seconds to wait for the threads; what they are at is of no use to anybody any more.
        """
        self._doorway.close()
        self._stop.set()
        self._teller.close()
        if self._server is not None:
            self._server.stop()
        self._workers.close()
        for thread in self._threads:
            thread.join(patience)
        self._connections.close()

    def _serve(self) -> str:
        """Make the socket, again if somebody has taken it away; return what is in the way of that, or ""."""
        try:
            listener = self._doorway.open()
        except DoorwayError as error:
            return f"{error}: calls ask the API server themselves meanwhile"
        if self._server is not None:
            self._server.stop()
        self._server = Server(listener, self._requests, workers=self._workers, traffic=self._traffic, clock=self._clock)
        self._in_a_thread(self._server.run, "answering")
        return ""

    def _in_a_thread(self, target: Callable[[], None], name: str) -> None:
        thread = threading.Thread(target=target, name=name, daemon=True)
        self._threads = [*(each for each in self._threads if each.is_alive()), thread]
        thread.start()

    def _write_down(self, about: Tell, report: Report) -> None:
        """Write a line about a call: what operators look for when a pod was slow."""
        self._journal.note(
            "call",
            verb=report.verb,
            pod=f"{about.namespace}/{about.name}",
            outcome="success" if report.succeeded else "failure",
            networks=",".join(report.networks),
            seconds=f"{report.seconds:.3f}",
            phases=",".join(f"{phase.plugin or phase.name}={phase.seconds:.3f}" for phase in report.phases),
        )
