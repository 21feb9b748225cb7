"""Gives hostile input to all that reads input: `python -m tests.fuzz [TARGET...]` (`make fuzz`).

Each target runs for some seconds in a process of its own, two at a time. Inputs that reached something new are kept in
tests/fuzz/found, which git does not; `--keep` adds the smallest set with the same reach to tests/fuzz/corpus, which
`make test` goes through. An input that shows a fault is written down where it is said.
"""

from __future__ import annotations

import argparse
import os
import secrets
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.fuzz.targets import TARGETS

_HERE = Path(__file__).parent
CORPUS, FOUND, FAULTS = _HERE / "corpus", _HERE / "found", _HERE / "faults"
# A hang or a blow-up is a fault like a traceback: the engine ends such an input, and keeps it.
_LIMITS = ("-timeout=10", "-rss_limit_mb=700", "-max_len=20000", "-print_final_stats=1", "-verbosity=0")
_MERGED = "MERGE-OUTER: successful"


def main() -> int:
    """Fuzz the targets; return 1 when one of them has a fault."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of {', '.join(TARGETS)}; all by default")
    parser.add_argument("--seconds", type=int, default=30, help="for each target (%(default)s)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="how many at a time (%(default)s)")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1 << 31) + 1)
    parser.add_argument("--keep", action="store_true", help="add what reaches something new to the corpus")
    options = parser.parse_args()
    unknown = sorted(set(options.targets) - set(TARGETS))
    if unknown:
        parser.error(f"no such targets: {', '.join(unknown)}")
    chosen = options.targets or list(TARGETS)
    print(f"seed {options.seed}, {options.seconds} s for each of {len(chosen)} targets", flush=True)
    with ThreadPoolExecutor(max_workers=options.jobs) as pool:
        outcomes = list(pool.map(lambda name: _fuzz(name, options.seconds, options.seed, keep=options.keep), chosen))
    print(f"{outcomes.count(True)} targets without a fault, {outcomes.count(False)} with one")
    return 0 if all(outcomes) else 1


def _fuzz(name: str, seconds: int, seed: int, *, keep: bool) -> bool:
    found, corpus = FOUND / name, CORPUS / name
    for folder in (found, corpus, FAULTS):
        folder.mkdir(parents=True, exist_ok=True)
    prefix = f"-artifact_prefix={FAULTS}/{name}-"
    limits = [*_LIMITS, f"-max_total_time={seconds}", f"-seed={seed}", prefix]
    done = _engine(name, str(found), str(corpus), *limits)
    runs, megabytes = _figure(done, "number_of_executed_units"), _figure(done, "peak_rss_mb")
    faulty = "number_of_executed_units" not in done or "ERROR: libFuzzer" in done or "Uncaught Python exception" in done
    print(f"{name:<20} {runs:>8} inputs  {megabytes:>4} MB  {'FAULT' if faulty else 'ok'}", flush=True)
    if faulty:
        print(done[-4000:], flush=True)
    elif keep and _MERGED not in (done := _engine(name, "-set_cover_merge=1", str(corpus), str(found))):
        raise SystemExit(f"{name}: the corpora cannot be merged: {done[-4000:]}")
    return not faulty


def _figure(said: str, name: str) -> str:
    """Return one of the figures that the engine prints in the end."""
    return next((line.rpartition(" ")[2] for line in said.splitlines() if name in line), "?")


def _engine(name: str, *arguments: str) -> str:
    argv = [sys.executable, "-m", "tests.fuzz.engine", name, *arguments]
    done = subprocess.run(argv, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.stdout.decode(errors="replace")


if __name__ == "__main__":
    sys.exit(main())
