"""`make bench`: what a CNI call costs, against the plugins alone and against the Go Multus.

It needs root, works in network namespaces that it makes and removes, prints Markdown, and writes the figures to a file.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from tests.bench import (
    burst,
    cluster,
    figures,
    line_up,
    machine,
    measure,
    networks,
    peak,
    relay,
    report,
    results,
    site,
    targets,
)
from tests.bench.burst import Crowd, Wave
from tests.bench.cluster import Cluster
from tests.bench.line_up import LineUp
from tests.bench.measure import Bench, Samples, WrongResultError
from tests.bench.peak import TraceError
from tests.bench.site import Site
from tests.bench.variants import Pod

ROUNDS, BURST_ROUNDS, WARM_UP = 25, 3, 2
_PLUGINS = [Path("/usr/lib/cni"), Path("/opt/cni/bin")]
_TASKS = (
    measure.VERSION,
    *map(measure.add_task, networks.COUNTS),
    *map(measure.delete_task, networks.COUNTS),
)


@dataclass(frozen=True)
class Options:
    """What the caller wants."""

    rounds: int
    burst_rounds: int
    kubeconfig: Path | None
    single: Path
    peer: Path | None
    plugins: Path
    output: Path


def main(arguments: Sequence[str]) -> int:
    """Run the bench; return the exit status."""
    options = _parse(arguments)
    if os.geteuid() != 0:
        sys.stderr.write("make bench: makes network namespaces, so it must be root: sudo make bench\n")
        return 1
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what was made is removed on the way out
    try:
        return _run(options)
    except (WrongResultError, TraceError) as error:
        sys.stderr.write(f"make bench: {error}\n")
        return 1


def _run(options: Options) -> int:
    started = time.monotonic()
    with ExitStack() as stack:
        place = stack.enter_context(site.prepared(burst.PODS))
        api = _enter(place, options, stack)
        annotations = {f"pod{count}": networks.annotation(count) for count in networks.COUNTS}
        annotations |= {f"burst{number}": networks.annotation(burst.NETWORKS) for number in range(burst.PODS)}
        uids = stack.enter_context(api.filled(networks.extras(place.leases), annotations))
        competitors = line_up.assemble(
            stack, place, api, single=options.single, peer=options.peer, plugins=options.plugins
        )
        facts = machine.describe(plugins=options.plugins, peer=options.peer, server=api.version)
        _say(
            f"# make bench\n\n{report.facts(facts)}\n- rounds: {options.rounds}, {options.burst_rounds} with many pods"
        )
        for skipped in competitors.skipped:
            _say(f"- left out: {skipped}")
        samples = _single_calls(place, api, uids, competitors, options)
        waves = _many_at_once(place, api, uids, competitors, options.burst_rounds)
        for label, pid in competitors.daemons.items():
            facts[f"peak RSS of the daemon of {label}"] = f"{peak.high_water(pid) / 2**20:.1f} MiB"
    failed = _publish(samples, waves, competitors, facts, options)
    _say(f"\n{options.output} is written; it took {time.monotonic() - started:.0f} s")
    return 1 if failed else 0


def _parse(arguments: Sequence[str]) -> Options:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rounds", type=_positive, default=ROUNDS, help="rounds of single calls")
    parser.add_argument("--burst-rounds", type=_positive, default=BURST_ROUNDS, help="rounds with many pods at once")
    parser.add_argument("--kubeconfig", type=Path, help="a real API server, instead of the lab's")
    parser.add_argument("--single", type=Path, default=Path("dist/multus"), help="the built program")
    parser.add_argument("--peer", type=Path, help="the Go Multus to compare with; thick's programs beside it")
    parser.add_argument("--plugins", type=Path, default=_plugins(), help="directory of the plugins")
    parser.add_argument("--output", type=Path, default=Path("bench/results.json"), help="where the figures go")
    return Options(**vars(parser.parse_args(arguments)))


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


def _plugins() -> Path:
    """Return the directory in which the system has its plugins, Debian's first."""
    found = [path for path in _PLUGINS if (path / "bridge").exists()]
    return (found or _PLUGINS)[0]


def _enter(place: Site, options: Options, stack: ExitStack) -> Cluster:
    """Enter the node, and see to it that there is an API server in it."""
    if options.kubeconfig:
        stack.enter_context(relay.to_server(options.kubeconfig, place.node))
    site.enter(place.node)
    kubeconfig = options.kubeconfig or stack.enter_context(cluster.lab_server(place.directory))
    return Cluster(kubeconfig.resolve(), namespace=place.name)


def _single_calls(place: Site, api: Cluster, uids: dict[str, str], competitors: LineUp, options: Options) -> Samples:
    sandbox = place.sandboxes[0]
    pods = {
        count: Pod(api.namespace, f"pod{count}", uids[f"pod{count}"], count, sandbox.path) for count in networks.COUNTS
    }
    bench = Bench(pods, sandbox, api.status, plugins=options.plugins)
    samples = Samples()
    for number in range(WARM_UP):
        _show(f"warming up {number + 1}/{WARM_UP}")
        bench.round(competitors.subjects, number, Samples())
    for subject in competitors.subjects:
        _show(f"memory of {subject.variant.label}")
        bench.measure_peaks(subject, samples)
    for number in range(options.rounds):
        _show(f"round {number + 1}/{options.rounds}")
        bench.round(competitors.subjects, number, samples)
    return samples


def _many_at_once(place: Site, api: Cluster, uids: dict[str, str], competitors: LineUp, rounds: int) -> list[Wave]:
    pods = [
        Pod(api.namespace, name, uids[name], burst.NETWORKS, place.sandboxes[number].path)
        for number in range(burst.PODS)
        for name in (f"burst{number}",)
    ]
    crowd = Crowd(pods, place.sandboxes)
    waves: list[Wave] = []
    for number in range(rounds):
        for subject in figures.rotated(competitors.crowd, number):
            _show(f"{burst.PODS} pods at once, {number + 1}/{rounds}: {subject.variant.label}")
            waves += crowd.attach_and_detach(subject.variant)
    _show("")
    return waves


def _publish(
    samples: Samples, waves: Sequence[Wave], competitors: LineUp, facts: dict[str, str], options: Options
) -> bool:
    """Print the tables, write the file; tell whether a pod was failed, other than by the peer, which is as it is."""
    labels = competitors.labels
    rows = results.rows(samples, _TASKS, list(labels))
    burst_rows = results.burst_rows(waves, list(labels))
    if daemons := {name: text for name, text in facts.items() if name.startswith("peak RSS")}:
        _say(report.facts(daemons))
    _say(f"\n{report.first(rows, labels)}")
    _say(f"\n{report.second(burst_rows, labels, pods=burst.PODS)}")
    _say(f"\n{report.third(targets.verdicts(rows, burst_rows))}\n")
    for failure in [failure for wave in waves for failure in wave.failures]:
        _say(f"- FAILED: {' '.join(failure.split())}")
    document = results.document(facts, rows, burst_rows, competitors.skipped)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(document, indent=2) + "\n")
    return any(wave.failures and not wave.variant.startswith("go-") for wave in waves)


def _show(text: str) -> None:
    """Tell a person who waits what is being done."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
