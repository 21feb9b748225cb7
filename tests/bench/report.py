"""The tables, in Markdown. No effects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tests.bench.results import BurstRow, Row
from tests.bench.targets import Verdict

_NETWORKS = {0: "no extra network", 1: "1 extra network"}


def facts(found: Mapping[str, str]) -> str:
    """Return the list of what the results must be read with."""
    return "\n".join(f"- {name}: {text}" for name, text in found.items())


def first(rows: Sequence[Row], labels: Mapping[str, str]) -> str:
    """Return the table of single calls."""
    head = (
        "",
        "variant",
        "p50 ms",
        "p95 ms",
        "CPU ms",
        "peak RSS MiB",
        "over plugins ms",
        "time / Go",
        "CPU / Go",
        "rounds",
    )
    cells = [
        (
            _once(rows, index),
            labels[row.variant],
            _number(row.p50),
            _number(row.p95),
            _number(row.cpu),
            _number(row.peak),
            _number(row.over_bare),
            _number(row.ratio, 2),
            _number(row.cpu_ratio, 2),
            str(row.rounds),
        )
        for index, row in enumerate(rows)
    ]
    return table(head, cells)


def second(rows: Sequence[BurstRow], labels: Mapping[str, str], *, pods: int) -> str:
    """Return the table of many pods at once."""
    head = (f"{pods} at once", "variant", "pods/s", "p95 ms", "CPU ms a pod", "failures", "pods/s / Go's", "rounds")
    cells = [
        (
            row.verb if index == 0 or rows[index - 1].verb != row.verb else "",
            labels[row.variant],
            _number(row.pods_per_second),
            _number(row.p95, 0),
            _number(row.cpu),
            str(row.failures),
            _number(row.ratio, 2),
            str(row.rounds),
        )
        for index, row in enumerate(rows)
    ]
    return table(head, cells)


def third(verdicts: Sequence[Verdict]) -> str:
    """Return the table of targets."""
    cells = [
        (verdict.target.what, f"{verdict.target.limit:g}", _number(verdict.found, 2), verdict.text)
        for verdict in verdicts
    ]
    return table(("target", "at most", "found", ""), cells)


def task_name(task: str) -> str:
    """Return a task's name for people, such as `ADD, 2 extra networks`."""
    verb, _, count = task.partition(" ")
    return f"{verb}, {_NETWORKS.get(int(count), f'{count} extra networks')}" if count else verb


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table that is readable as it is: numbers to the right, columns aligned."""
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    numeric = [column > 1 for column in range(len(head))]
    rule = [f"{'-' * (width - 1)}{':' if right else '-'}" for width, right in zip(widths, numeric, strict=True)]
    return "\n".join(_line(row, widths, numeric) for row in (head, rule, *rows))


def _line(cells: Sequence[str], widths: Sequence[int], numeric: Sequence[bool]) -> str:
    aligned = (
        cell.rjust(width) if right else cell.ljust(width)
        for cell, width, right in zip(cells, widths, numeric, strict=True)
    )
    return f"| {' | '.join(aligned)} |"


def _once(rows: Sequence[Row], index: int) -> str:
    task = rows[index].task
    return "" if index and rows[index - 1].task == task else task_name(task)


def _number(value: float | None, digits: int = 1) -> str:
    return "-" if value is None else f"{value:.{digits}f}"
