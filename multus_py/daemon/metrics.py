"""The daemon's figures as Prometheus reads them. The one door of prometheus_client.

They are made of a snapshot when they are asked for; nobody has to count anything twice. Names and labels are an
interface: dashboards and alerts stand on them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import exposition
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector, CollectorRegistry

from multus_py.daemon.traffic import BOUNDS
from multus_py.hostconfig import reconcile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from prometheus_client.core import Metric

    from multus_py.daemon.serving import Collected, Figures
    from multus_py.daemon.state import Snapshot
    from multus_py.daemon.traffic import Counted, Labels, Times

COUNTERS: dict[str, tuple[str, Callable[[Snapshot], float]]] = {
    "multus_node_config_checks": ("Looks at the node's configuration that went to the end.", lambda at: at.checks),
    "multus_node_config_errors": ("Looks at the node's configuration that failed.", lambda at: at.errors),
}
GAUGES: dict[str, tuple[str, Callable[[Snapshot], float | None]]] = {
    "multus_node_config_waiting": (
        "1 while something is missing for the node to be configured, such as the primary network's configuration.",
        lambda at: bool(at.waiting),
    ),
    "multus_node_config_failing": ("1 while looking at the node's configuration fails.", lambda at: bool(at.error)),
    "multus_node_config_warnings": ("What is wrong, but does not keep the node from working.", lambda at: at.warnings),
    "multus_node_config_last_check_timestamp_seconds": (
        "When the node's configuration was last looked at to the end.",
        lambda at: at.checked,
    ),
    "multus_kubeconfig_token_expiry_timestamp_seconds": (
        "When the token in the kubeconfig expires, unless it is renewed before.",
        lambda at: at.token_expires,
    ),
}
"""What is None is left out."""

LABELED: dict[str, tuple[str, tuple[str, ...], Callable[[Counted], Mapping[Labels, int]]]] = {
    "multus_requests": (
        "What calls of the plugin have asked, and what came of it; memory, asked and written are good.",
        ("question", "outcome"),
        lambda counted: counted.answers,
    ),
    "multus_clients_dropped": (
        "Clients that were hung up on, by the reason.",
        ("reason",),
        lambda counted: counted.dropped,
    ),
    "multus_events": ("Events for pods, by what came of them.", ("outcome",), lambda counted: counted.events),
    "multus_server_request": (
        "The same as multus_requests, under the name and with the labels of the Go Multus.",
        ("handler", "code", "method"),
        lambda counted: _as_before(counted.answers),
    ),
}
TIMES: dict[str, tuple[str, tuple[str, ...], Callable[[Counted], Mapping[Labels, Times]]]] = {
    "multus_request_duration_seconds": (
        "From a request to its answer.",
        ("question",),
        lambda counted: counted.answer_times,
    ),
    "multus_call_duration_seconds": (
        "Calls of the plugin, as they report it themselves.",
        ("verb", "result"),
        lambda counted: counted.calls,
    ),
    "multus_call_phase_duration_seconds": (
        "The parts of the plugin's calls.",
        ("verb", "phase"),
        lambda counted: counted.phases,
    ),
    "multus_delegate_duration_seconds": (
        "The delegates that the plugin runs, by what they are called with, and their type.",
        ("verb", "plugin"),
        lambda counted: counted.delegates,
    ),
}
CACHE_GAUGES: dict[str, tuple[str, Callable[[Collected, float], float | None]]] = {
    "multus_cache_objects": ("Objects in memory.", lambda cache, _: cache.size.objects),
    "multus_cache_characters": ("The size of what is kept of them.", lambda cache, _: cache.size.characters),
    "multus_cache_current": (
        "1 while answers come from memory; else the API server is asked first.",
        lambda cache, _: cache.current,
    ),
    "multus_cache_age_seconds": (
        "How long ago the API server last said something about them.",
        lambda cache, now: None if cache.standing.heard is None else now - cache.standing.heard,
    ),
}
CACHE_COUNTERS: dict[str, tuple[str, Callable[[Collected], float]]] = {
    "multus_cache_lists": ("Lists that were read to the end.", lambda cache: cache.standing.lists),
    "multus_cache_watches": (
        "Watches that were begun: one at the start, then one for each reconnect.",
        lambda cache: cache.standing.watches,
    ),
    "multus_cache_failures": ("Lists and watches that failed.", lambda cache: cache.standing.failures),
}
_GOOD = frozenset({"memory", "asked", "written", "taken"})
_CODES = {"notFound": "404", "conflict": "409", "forbidden": "403", "unavailable": "503", "unsupported": "400"}
_LE = (*(str(bound) for bound in BOUNDS), "+Inf")


class Metrics(Collector):
    """The figures."""

    def __init__(
        self,
        read: Callable[[], Snapshot],
        *,
        serving: Callable[[], Figures | None] = lambda: None,
        version: str,
        build: str,
    ) -> None:
        """Take them from snapshots at each request.

        Args:
            read: Returns the snapshot of the node's configuration.
            serving: Returns that of the cache; None where there is none.
            version: The program's version.
            build: Which build it is; "" when it runs from source.
        """
        self._read = read
        self._serving = serving
        self._about = {"version": version, "build": build}
        self._registry = CollectorRegistry()
        self._registry.register(self)
        ProcessCollector(registry=self._registry)

    def expose(self, accept: str) -> tuple[str, bytes]:
        """Return the content type and the text in the format that a client accepts."""
        encode, content_type = exposition.choose_encoder(accept)
        return content_type, encode(self._registry)

    def describe(self) -> list[Metric]:
        """Return nothing: then nobody calls `collect` before there is anything to collect."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Return the figures of this moment."""
        about = GaugeMetricFamily("multus_build_info", "What runs here.", labels=list(self._about))
        about.add_metric(list(self._about.values()), 1)
        yield about
        snapshot = self._read()
        repairs = CounterMetricFamily(
            "multus_node_config_repairs", "What was put right on the node, by what it was.", labels=["what"]
        )
        for what in reconcile.WORDS:
            repairs.add_metric([what], snapshot.repairs.get(what, 0))
        yield repairs
        for name, (help_text, figure) in COUNTERS.items():
            yield CounterMetricFamily(name, help_text, value=figure(snapshot))
        for name, (help_text, gauge) in GAUGES.items():
            if (value := gauge(snapshot)) is not None:
                yield GaugeMetricFamily(name, help_text, value=value)
        if (figures := self._serving()) is not None:
            yield from _served(figures)


def _served(figures: Figures) -> Iterator[Metric]:
    """Return the figures of the cache."""
    for name, (help_text, labels, counts) in LABELED.items():
        counter = CounterMetricFamily(name, help_text, labels=labels)
        for values, count in sorted(counts(figures.counted).items()):
            counter.add_metric(values, count)
        yield counter
    for name, (help_text, labels, times) in TIMES.items():
        histogram = HistogramMetricFamily(name, help_text, labels=labels)
        for values, measured in sorted(times(figures.counted).items(), key=lambda item: item[0]):
            buckets = [(bound, float(count)) for bound, count in zip(_LE, measured.buckets, strict=True)]
            histogram.add_metric(values, buckets, measured.sum)
        yield histogram
    yield from _cached(figures)
    yield GaugeMetricFamily("multus_connections", "Calls that are connected.", value=figures.connections)
    yield GaugeMetricFamily("multus_events_waiting", "Messages with events, still to be told.", value=figures.waiting)
    help_text = "Calls that asked the API server themselves, since the daemon was of no help to them."
    yield CounterMetricFamily("multus_fallbacks", help_text, value=figures.fallbacks)


def _cached(figures: Figures) -> Iterator[Metric]:
    for name, (help_text, gauge) in CACHE_GAUGES.items():
        gauges = GaugeMetricFamily(name, help_text, labels=["kind"])
        for kind, cache in figures.caches.items():
            if (value := gauge(cache, figures.monotonic)) is not None:
                gauges.add_metric([kind], value)
        yield gauges
    for name, (help_text, figure) in CACHE_COUNTERS.items():
        counters = CounterMetricFamily(name, help_text, labels=["kind"])
        for kind, cache in figures.caches.items():
            counters.add_metric([kind], figure(cache))
        yield counters


def _as_before(answers: Mapping[Labels, int]) -> Mapping[Labels, int]:
    """Count answers as the Go Multus does: by what was asked, and an HTTP status (multus-behaviour 6.8)."""
    counts: dict[Labels, int] = {}
    for (question, outcome), count in answers.items():
        labels = (question, "200" if outcome in _GOOD else _CODES.get(outcome, "500"), "post")
        counts[labels] = counts.get(labels, 0) + count
    return counts
