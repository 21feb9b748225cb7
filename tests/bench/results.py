"""From samples to results: what stands in results.json, and what the tables are made of. No effects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median

from tests.bench import figures
from tests.bench.burst import Wave
from tests.bench.measure import Samples

BARE, PEER, THICK = "bare", "go-thin", "go-thick"
"""The variants that the others are compared with."""
DAEMON = "installed-daemon"
_MILLISECONDS = 1000.0
_MEBIBYTE = 2.0**20


@dataclass(frozen=True)
class Row:
    """One variant at one task. Times are in milliseconds; what cannot be said is None."""

    task: str
    variant: str
    rounds: int
    p50: float
    p95: float
    cpu: float
    """Mean, because a daemon's share can only be told over many calls."""
    peak: float | None
    """MiB."""
    over_bare: float | None
    cpu_over_bare: float | None
    ratio: float | None
    """To the peer: the whole time."""
    cpu_ratio: float | None
    over_bare_ratio: float | None
    """To the peer: what each has more than the plugins alone."""


@dataclass(frozen=True)
class BurstRow:
    """One variant and one verb, for many pods at once."""

    verb: str
    variant: str
    rounds: int
    pods_per_second: float
    p95: float
    cpu: float
    """Per pod."""
    failures: int
    ratio: float | None
    """To the peer: the median of the ratios of pods per second."""


def row(samples: Samples, task: str, variant: str) -> Row:
    """Return a row; the variant must have been measured at the task."""
    walls, cpus = samples.walls(task, variant), samples.cpus(task, variant)
    compared = variant != PEER and bool(samples.walls(task, PEER))
    over, peer_over = _over_bare(samples, task, variant), _over_bare(samples, task, PEER)
    more = None if over is None else median(over)
    peer_more = median(peer_over) if peer_over else None
    bare_cpus = samples.cpus(task, BARE)
    peak = samples.peaks.get((task, variant))
    return Row(
        task=task,
        variant=variant,
        rounds=len(walls),
        p50=_MILLISECONDS * figures.percentile(walls, 0.5),
        p95=_MILLISECONDS * figures.percentile(walls, 0.95),
        cpu=_MILLISECONDS * _mean(cpus),
        peak=None if peak is None else peak / _MEBIBYTE,
        over_bare=None if more is None else _MILLISECONDS * more,
        cpu_over_bare=None if more is None else _MILLISECONDS * (_mean(cpus) - _mean(bare_cpus)),
        ratio=figures.median_ratio(walls, samples.walls(task, PEER)) if compared else None,
        cpu_ratio=_mean(cpus) / _mean(samples.cpus(task, PEER)) if compared else None,
        over_bare_ratio=more / peer_more if compared and more is not None and peer_more else None,
    )


def rows(samples: Samples, tasks: Sequence[str], variants: Sequence[str]) -> list[Row]:
    """Return all rows that there are samples for, task by task."""
    return [row(samples, task, variant) for task in tasks for variant in variants if samples.walls(task, variant)]


def burst_rows(waves: Sequence[Wave], variants: Sequence[str]) -> list[BurstRow]:
    """Return the rows of the second table, verb by verb."""
    return [
        _burst_row(verb, variant, waves)
        for verb in ("ADD", "DEL")
        for variant in variants
        if any((wave.verb, wave.variant) == (verb, variant) for wave in waves)
    ]


def document(
    facts: Mapping[str, str], rows: Sequence[Row], burst: Sequence[BurstRow], skipped: Sequence[str]
) -> dict[str, object]:
    """Return what is written to results.json."""
    return {
        "about": "times in ms, memory in MiB; written by `make bench`",
        "facts": dict(facts),
        "skipped": list(skipped),
        "rows": [_rounded(asdict(row)) for row in rows],
        "burst": [_rounded(asdict(row)) for row in burst],
    }


def _burst_row(verb: str, variant: str, waves: Sequence[Wave]) -> BurstRow:
    mine = [wave for wave in waves if (wave.verb, wave.variant) == (verb, variant)]
    peers = [wave for wave in waves if (wave.verb, wave.variant) == (verb, PEER)]
    rates, peer_rates = ([wave.rate for wave in some] for some in (mine, peers))
    walls = [wall for wave in mine for wall in wave.walls]
    return BurstRow(
        verb=verb,
        variant=variant,
        rounds=len(mine),
        pods_per_second=median(rates),
        p95=_MILLISECONDS * figures.percentile(walls, 0.95),
        cpu=_MILLISECONDS * sum(wave.cpu for wave in mine) / len(walls),
        failures=sum(len(wave.failures) for wave in mine),
        ratio=figures.median_ratio(rates, peer_rates) if peers and variant != PEER else None,
    )


def _over_bare(samples: Samples, task: str, variant: str) -> list[float] | None:
    """Return what each round took longer than the plugins alone; None for those, and where they have no such task."""
    walls, bare = samples.walls(task, variant), samples.walls(task, BARE)
    if variant == BARE or not walls or not bare:
        return None
    return [wall - other for wall, other in zip(walls, bare, strict=True)]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _rounded(fields: Mapping[str, object]) -> dict[str, object]:
    return {key: round(value, 3) if isinstance(value, float) else value for key, value in fields.items()}
