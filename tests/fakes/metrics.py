"""A daemon's metrics with a figure of everything: what dashboards, alerts and documents may speak of."""

from __future__ import annotations

from dataclasses import dataclass

from prometheus_client import parser

from multus_py.cluster.port import Phase, Report
from multus_py.daemon.cache import Size
from multus_py.daemon.following import Standing
from multus_py.daemon.metrics import Metrics
from multus_py.daemon.serving import Collected, Figures
from multus_py.daemon.state import State
from multus_py.daemon.traffic import Traffic
from multus_py.hostconfig.reconcile import Outcome


@dataclass(frozen=True)
class Family:
    """One metric."""

    name: str
    """As it is asked for: a counter's ends in _total, a histogram's has no ending."""
    type: str
    labels: frozenset[str]
    samples: frozenset[str]
    """The names that it has in an expression."""


def families() -> list[Family]:
    """Return everything that the daemon exposes."""
    state, traffic = State(beat=0), Traffic()
    state.succeed(Outcome(token_expires=1.0), now=0)
    traffic.answered("resolve", "memory", 0.1)
    traffic.dropped("slow")
    traffic.told("posted", 1)
    phases = (Phase(name="delegate", plugin="macvlan", seconds=0.1),)
    traffic.reported(Report(verb="ADD", succeeded=True, seconds=0.1, phases=phases))
    cache = Collected(size=Size(objects=1, characters=1), standing=Standing(heard=0.0), current=True)
    served = Figures(monotonic=1, caches={"pods": cache}, counted=traffic.read(), connections=1, waiting=1, fallbacks=1)
    _, body = Metrics(state.read, serving=lambda: served, version="1", build="").expose("")
    return [
        Family(
            name=f"{family.name}_total" if family.type == "counter" else family.name,
            type=family.type,
            labels=frozenset(label for sample in family.samples for label in sample.labels) - {"le"},
            samples=frozenset(sample.name for sample in family.samples),
        )
        for family in parser.text_string_to_metric_families(body.decode())
    ]
