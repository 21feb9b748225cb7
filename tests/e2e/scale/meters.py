"""What the API server and etcd say about themselves: their own metrics, as an operator's Prometheus would read them."""

from __future__ import annotations

import ssl
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from prometheus_client import parser

from tests.e2e import controlplane

_WANTED = (
    "process_cpu_seconds_total",
    "process_resident_memory_bytes",
    "apiserver_flowcontrol_rejected_requests_total",
    "apiserver_flowcontrol_dispatched_requests_total",
    "apiserver_flowcontrol_request_wait_duration_seconds_sum",
    "apiserver_flowcontrol_nominal_limit_seats",
)


_Sample: TypeAlias = tuple[str, dict[str, str], float]


@dataclass(frozen=True)
class Reading:
    """The figures of one moment."""

    api_cpu: float
    """Seconds since its start."""
    api_memory: float
    """Bytes."""
    etcd_cpu: float
    waited: float
    """Seconds that requests have waited for their turn."""
    rejected: float
    """Requests that were sent away, as there were too many."""
    levels: tuple[str, ...]
    """Where requests are dispatched: flow schema, priority level, and its seats."""


class Meters:
    """Reads them."""

    def __init__(self, *, authority: Path, token: str) -> None:
        """Read as this user."""
        self._context = ssl.create_default_context(cafile=str(authority))
        self._headers = {"Authorization": f"Bearer {token}"}

    def read(self) -> Reading:
        """Return the figures of now."""
        server = self._samples(f"{controlplane.URL}/metrics", self._context)
        etcd = self._samples(f"{controlplane.ETCD}/metrics", None)
        return Reading(
            api_cpu=_sum(server, "process_cpu_seconds_total"),
            api_memory=_sum(server, "process_resident_memory_bytes"),
            etcd_cpu=_sum(etcd, "process_cpu_seconds_total"),
            waited=_sum(server, "apiserver_flowcontrol_request_wait_duration_seconds_sum"),
            rejected=_sum(server, "apiserver_flowcontrol_rejected_requests_total"),
            levels=_levels(server),
        )

    def _samples(self, url: str, context: ssl.SSLContext | None) -> list[_Sample]:
        request = urllib.request.Request(url, headers=self._headers if context else {})
        with urllib.request.urlopen(request, context=context, timeout=30) as response:
            lines = [line for line in response.read().decode().splitlines(keepends=True) if line.startswith(_WANTED)]
        families = parser.text_string_to_metric_families("".join(lines))
        return [(sample.name, sample.labels, sample.value) for family in families for sample in family.samples]


def _levels(samples: list[_Sample]) -> tuple[str, ...]:
    seats = {
        labels["priority_level"]: value
        for name, labels, value in samples
        if name == "apiserver_flowcontrol_nominal_limit_seats"
    }
    used = {
        (labels["flow_schema"], labels["priority_level"])
        for name, labels, value in samples
        if name == "apiserver_flowcontrol_dispatched_requests_total" and value
    }
    return tuple(f"{schema} -> {level} ({seats.get(level, 0):.0f} seats)" for schema, level in sorted(used))


def _sum(samples: list[_Sample], name: str) -> float:
    return sum(value for found, _, value in samples if found == name)
