"""From what was measured with a hundred nodes to a cluster of thousands: by multiplication. No effects."""

from __future__ import annotations

from tests.bench.report import table
from tests.e2e.scale.calls import Bill
from tests.e2e.scale.field import Cost
from tests.e2e.scale.simulation import Phase, Results

NODES, PODS_PER_SECOND = 5000, 100
_WATCHES_PER_NODE, _WATCH_SECONDS = 2, 450
"""A watch is ended by the server after 300 to 600 seconds."""
_KB, _MB = 1e3, 1e6


def nodes(results: Results) -> str:
    """Return the table of what grows with the number of nodes."""
    start, restart = (_phase(results, name) for name in ("cold start", "the API server restarts"))
    watches = _WATCHES_PER_NODE * NODES
    head = ("all nodes", "measured for one node", f"x {NODES}")
    rows = [
        _times(results, "start at the same time: requests", sum(start.cost.requests.values())),
        _times(results, "start at the same time: MB from the server", start.cost.received / _MB),
        _times(results, "start at the same time: CPU s of the server", busy(start.cost, results)),
        ("watches that are open", f"{_WATCHES_PER_NODE}", f"{watches}"),
        (
            "requests a second when nothing happens",
            f"{_WATCHES_PER_NODE} / {_WATCH_SECONDS} s",
            f"{watches / _WATCH_SECONDS:.0f}",
        ),
        _change(results, "networks change", "a network changes: kB from the server", per_watcher=True),
        _change(results, "pods come and go", "an event of a pod: kB from the server", per_watcher=False),
        _times(results, "the API server restarts: lists", _lists(restart)),
        _times(results, "the API server restarts: MB from the server", restart.cost.received / _MB),
    ]
    return table(head, rows)


def pods(results: Results) -> str:
    """Return the table of what grows with the number of pods."""
    head = (f"{PODS_PER_SECOND} pods a second", "requests a pod", "requests/s", "MB/s from the server", "server's CPUs")
    rows = [_rates(bill, results) for bill in results.bills if bill.pods]
    return table(head, rows)


def busy(cost: Cost, results: Results) -> float:
    """Return the CPU seconds of the API server without what it uses anyway."""
    return max(0.0, cost.api_cpu - results.idle_cpu * cost.seconds)


def _phase(results: Results, name: str) -> Phase:
    return next(phase for phase in results.phases if phase.name == name)


def _lists(phase: Phase) -> int:
    return sum(count for what, count in phase.cost.requests.items() if what.startswith("list "))


def _times(results: Results, what: str, total: float) -> tuple[str, ...]:
    one = total / results.size.nodes
    return what, f"{one:.3g}", f"{one * NODES:.0f}"


def _change(results: Results, name: str, what: str, *, per_watcher: bool) -> tuple[str, ...]:
    """Return what one change brings: to the watchers of one node's pods, or to all."""
    phase = _phase(results, name)
    one = phase.cost.received / phase.events / (results.size.nodes if per_watcher else 1) / _KB
    return what, f"{one:.2f}", f"{one * NODES:.0f}" if per_watcher else "goes to one node only"


def _rates(bill: Bill, results: Results) -> tuple[str, ...]:
    requests = sum(bill.cost.requests.values()) / bill.pods
    return (
        bill.way,
        f"{requests:g}",
        f"{requests * PODS_PER_SECOND:.0f}",
        f"{bill.cost.received / bill.pods * PODS_PER_SECOND / _MB:.1f}",
        f"{busy(bill.cost, results) / bill.pods * PODS_PER_SECOND:.1f}",
    )
