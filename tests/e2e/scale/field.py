"""Everything that is measured, put together: objects, caches, the relay between them and the server, and the meters."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from multus_py.lab import kubeconfig
from tests.e2e import controlplane
from tests.e2e.cluster import Cluster
from tests.e2e.scale.caches import Caches, Look, Standing
from tests.e2e.scale.ledger import Ledger, Request, tally
from tests.e2e.scale.meters import Meters
from tests.e2e.scale.population import Population, Size
from tests.e2e.scale.relay import Relay
from tests.e2e.waiting import wait_for

_PORT = 16443
_SERVER_PORT = 6443


@dataclass(frozen=True)
class Cost:
    """What something cost the control plane."""

    seconds: float
    requests: dict[str, int]
    received: int
    """Bytes from the server."""
    sent: int
    connections: int
    api_cpu: float
    """Seconds; what the server does anyway is in it."""
    etcd_cpu: float
    waited: float
    """Seconds that requests, all together, waited for their turn."""
    rejected: float


class Field:
    """The large cluster, and the caches that follow it."""

    def __init__(
        self, access: Path, population: Population, caches: Caches, relay: Relay, *, ledger: Ledger, meters: Meters
    ) -> None:
        """Put together what runs; `access` is a kubeconfig for whoever else shall be measured."""
        self.access = access
        self.population = population
        self.caches = caches
        self.relay = relay
        self.ledger = ledger
        self.meters = meters

    def wait_current(self, *, since: Look | None = None, timeout: float = 120) -> None:
        """Wait until every cache is believed and watches, each with another watch than it had then."""
        before = {(one.node, one.kind): one.watches for one in since.standings} if since else {}

        def missing() -> list[Standing]:
            standings = self.caches.look().standings
            return [one for one in standings if not one.current or one.watches <= before.get((one.node, one.kind), 0)]

        wait_for(lambda: not missing(), "every cache is current", timeout=timeout, found=lambda: missing()[:5])

    def wait_equal(self, *, timeout: float = 60) -> None:
        """Wait until every cache holds what the server has by then, and nothing else.

        Who was here before may have left a namespace that is still going, with the networks in it.
        """

        def equal() -> bool:
            return self.caches.digests() == self.population.digests()

        wait_for(equal, "every cache holds what there is", timeout=timeout)

    def cost(self, do: Callable[[], object]) -> tuple[Cost, list[Request]]:
        """Do something, and return what it cost, and what was asked."""
        self.ledger.read()
        start, before, passed = time.monotonic(), self.meters.read(), self.relay.count()
        do()
        seconds, after, now = time.monotonic() - start, self.meters.read(), self.relay.count()
        requests = self.ledger.read()
        cost = Cost(
            seconds=seconds,
            requests=tally(requests),
            received=now.received - passed.received,
            sent=now.sent - passed.sent,
            connections=now.connections - passed.connections,
            api_cpu=_more(after.api_cpu, before.api_cpu),
            etcd_cpu=_more(after.etcd_cpu, before.etcd_cpu),
            waited=_more(after.waited, before.waited),
            rejected=_more(after.rejected, before.rejected),
        )
        return cost, requests


@contextmanager
def laid_out(cluster: Cluster, size: Size, directory: Path, *, processes: int, token: str) -> Iterator[Field]:
    """Make the objects and prepare the caches; end the caches at the end. The objects are for the caller to remove.

    Args:
        cluster: Where.
        size: How much.
        directory: For the sockets and the kubeconfig.
        processes: How many to spread the caches over.
        token: The plugin's.
    """
    control = cluster.control
    trusted, admin = control.authority, control.token("admin")
    with ExitStack() as stack:
        population = Population(cluster.api, size, leases=directory / "leases", authority=trusted, token=admin)
        population.make()
        relay = Relay(controlplane.ADDRESS, _PORT, server_port=_SERVER_PORT)
        stack.callback(relay.close)
        access = kubeconfig.Access(relayed(), authority=control.authority.read_bytes(), token=token)
        written = kubeconfig.write(directory / "kubeconfig", access)
        caches = Caches(written, directory, population.nodes, processes=processes)
        stack.callback(caches.close)
        yield Field(
            written,
            population,
            caches,
            relay,
            ledger=Ledger(control.audit),
            meters=Meters(authority=trusted, token=admin),
        )


def relayed() -> str:
    """Return the server's URL by way of the relay."""
    return f"https://{controlplane.ADDRESS}:{_PORT}"


def _more(after: float, before: float) -> float:
    """Return by how much a counter has grown; that of a server which was restarted in between begins at nought."""
    return after - before if after >= before else after


def idle(seconds: float) -> Callable[[], None]:
    """Return what does nothing for a while."""
    return functools.partial(time.sleep, seconds)
