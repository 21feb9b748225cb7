"""`python -m tests.soak`: two thousand pods come and go on one node; what must not grow is measured, and does not."""

from __future__ import annotations

import argparse
import secrets
import sys
import time

from tests.soak import cycles, meters

_ROUNDS = 10
_WARM = 2
"""The rounds that the daemon gets to fill its caches and pools."""


def main(arguments: list[str]) -> int:
    """Soak; return 1 when something has grown."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--cycles", type=int, default=2000, help="pods that come and go (%(default)s)")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1 << 32), help="the seed of a run to repeat")
    options = parser.parse_args(arguments)
    print(f"soak: {options.cycles} cycles, seed {options.seed}", flush=True)
    begun = time.monotonic()
    samples = []
    with cycles.soaking(f"soak-{secrets.token_hex(4)}") as world:
        for sample in cycles.run(world, options.cycles, rounds=_ROUNDS, seed=options.seed):
            samples.append(sample)
            print(f"soak: {sample[0]} cycles after {time.monotonic() - begun:.0f} s", flush=True)
    print(meters.table(samples), flush=True)
    grown = meters.grown(samples[_WARM - 1][1], samples[-1][1])
    for line in grown:
        print(f"soak: GROWN: {line}", flush=True)
    return 1 if grown else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
