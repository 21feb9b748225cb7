"""`make scale`: a hundred nodes' caches in front of a real API server; what they cost it, and what they need.

    python -m tests.e2e --run=tests.e2e.scale [--nodes N] [--pods N] [--nads N] [--peer FILE]

It runs where the cases of `make e2e` run, in namespaces of its own, and leaves nothing but its file.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench import machine
from tests.e2e import cluster as clusters
from tests.e2e import waiting
from tests.e2e.scale import field as fields
from tests.e2e.scale import report
from tests.e2e.scale.population import Size
from tests.e2e.scale.simulation import Results, Simulation


@dataclass(frozen=True)
class Options:
    """What the caller wants."""

    nodes: int
    pods: int
    nads: int
    processes: int
    peer: Path | None
    output: Path


def main(arguments: Sequence[str]) -> int:
    """Run it; return the exit status."""
    options = _parse(arguments)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    started = time.monotonic()
    work = Path(os.environ["MULTUS_E2E_WORK"])
    facts, results = _run(options, work)
    facts["took"] = f"{time.monotonic() - started:.0f} s"
    print(f"\n{report.text(facts, results)}", flush=True)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(report.document(facts, results), indent=2) + "\n")
    shutil.rmtree(work / "logs", ignore_errors=True)
    return 0


def _run(options: Options, work: Path) -> tuple[dict[str, str], Results]:
    size = Size(options.nodes, options.pods, options.nads)
    with clusters.up(()) as cluster:
        version = str(cluster.api.get("/version")["gitVersion"])
        token = cluster.admit_plugin()
        cluster.control.stop_clients()
        facts = machine.describe(plugins=Path("/usr/lib/cni"), peer=options.peer, server=version)
        waiting.say(f"making {size.nodes} nodes, {size.pods} pods and {size.nads} networks")
        directory = work / "state" / "scale"
        directory.mkdir()
        with fields.laid_out(cluster, size, directory, processes=options.processes, token=token) as field:
            return facts, Simulation(cluster, field, size, directory).run(options.peer)


def _parse(arguments: Sequence[str]) -> Options:
    parser = argparse.ArgumentParser(prog="make scale", description=__doc__)
    parser.add_argument("--nodes", type=int, default=100)
    parser.add_argument("--pods", type=int, default=3000)
    parser.add_argument("--nads", type=int, default=500)
    parser.add_argument("--processes", type=int, default=4, help="how many processes the caches are spread over")
    parser.add_argument("--peer", type=Path, help="the Go Multus to compare with; thick's programs beside it")
    parser.add_argument("--output", type=Path, default=Path("bench/scale.json"), help="where the figures go")
    return Options(**vars(parser.parse_args(arguments)))


def _interrupt(*_: object) -> None:
    """End the run as soon as everything is stopped."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    waiting.give_up()
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
