"""The daemon's figures as Prometheus reads them. The one door of prometheus_client.

They are made of a snapshot when they are asked for; nobody has to count anything twice. Names and labels are an
interface: dashboards and alerts stand on them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import exposition
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector, CollectorRegistry

from multus_py.hostconfig import reconcile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prometheus_client.core import Metric

    from multus_py.daemon.state import Snapshot

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


class Metrics(Collector):
    """The figures."""

    def __init__(self, read: Callable[[], Snapshot], *, version: str, build: str) -> None:
        """Take them from a snapshot at each request.

        Args:
            read: Returns the snapshot.
            version: The program's version.
            build: Which build it is; "" when it runs from source.
        """
        self._read = read
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
