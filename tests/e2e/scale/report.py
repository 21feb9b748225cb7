"""What was found, as tables and as a document. No effects."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict

from tests.bench.report import facts as fact_list
from tests.bench.report import table
from tests.e2e.scale import extrapolation
from tests.e2e.scale.calls import Bill
from tests.e2e.scale.extrapolation import busy
from tests.e2e.scale.field import Cost
from tests.e2e.scale.population import Size
from tests.e2e.scale.simulation import Phase, Results

_KB = 1e3
_MB = 1e6


def text(facts: Mapping[str, str], results: Results) -> str:
    """Return everything as Markdown."""
    size = results.size
    notes = {
        **facts,
        "cluster": f"{size.nodes} nodes, {size.pods} pods, {size.nads} networks",
        "memory of one more cache": f"{results.memory_per_cache / _MB:.2f} MB,"
        f" {results.characters_per_cache / _KB:.0f} kB of it text",
        "memory of the API server": f"{results.server_memory_before / _MB:.0f} MB before the caches,"
        f" {results.server_memory_after / _MB:.0f} MB after",
        "failures, relists": f"{results.failures}, {results.relists}",
        "CPU of the API server when nobody asks": f"{1000 * results.idle_cpu:.0f} ms each second; taken off below",
        "flow schemas": "; ".join(results.levels),
    }
    tables = [phases(results), bills(results), extrapolation.nodes(results), extrapolation.pods(results)]
    return "\n\n".join(["# make scale", fact_list(notes), *tables])


def phases(results: Results) -> str:
    """Return the table of what happened to all caches."""
    what = ("phase", "requests", "s", "current after s")
    load = ("from server MB", "to server kB", "waited ms each", "API CPU s", "etcd CPU s")
    return table((*what, *load), [_phase(one, results) for one in results.phases])


def bills(results: Results) -> str:
    """Return the table of what a pod costs: its ADD and its DEL."""
    head = ("a pod with two networks", "requests", "n", "connections", "from server kB", "to server kB", "API CPU ms")
    return table(head, [_bill(one, results) for one in results.bills])


def document(facts: Mapping[str, str], results: Results) -> dict[str, object]:
    """Return what is written to scale.json."""
    return {"about": "bytes and seconds; written by `make scale`", "facts": dict(facts), **asdict(results)}


def read(document: Mapping[str, object]) -> Results:
    """Return what a document was made of."""
    found = json.loads(json.dumps({key: value for key, value in document.items() if key not in {"about", "facts"}}))
    found["size"] = Size(**found["size"])
    found["phases"] = [Phase(**one | {"cost": Cost(**one["cost"])}) for one in found["phases"]]
    found["bills"] = [Bill(**one | {"cost": Cost(**one["cost"])}) for one in found["bills"]]
    return Results(**found)


def _phase(phase: Phase, results: Results) -> tuple[str, ...]:
    cost = phase.cost
    return (
        phase.name,
        _requests(cost.requests) + (f" ({phase.lists_from_etcd} of etcd)" if phase.lists_from_etcd else ""),
        f"{cost.seconds:.1f}",
        "-" if phase.current_after is None else f"{phase.current_after:.1f}",
        f"{cost.received / _MB:.2f}",
        f"{cost.sent / _KB:.0f}",
        f"{1000 * cost.waited / (sum(cost.requests.values()) or 1):.0f}",
        f"{busy(cost, results):.2f}",
        f"{cost.etcd_cpu:.2f}",
    )


def _bill(bill: Bill, results: Results) -> tuple[str, ...]:
    pods, cost = bill.pods or 1, bill.cost
    return (
        bill.way,
        ", ".join(f"{count / pods:g} {_short(what)}" for what, count in cost.requests.items()),
        f"{sum(cost.requests.values()) / pods:.1f}",
        f"{cost.connections / pods:.1f}",
        f"{cost.received / pods / _KB:.1f}",
        f"{cost.sent / pods / _KB:.1f}",
        f"{1000 * busy(cost, results) / pods:.1f}",
    )


def _requests(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {_short(what)}" for what, count in counts.items()) or "none"


def _short(request: str) -> str:
    return request.replace("network-attachment-definitions", "NADs")
