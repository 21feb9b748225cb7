"""`python -m tests.chaos`: everything that may happen to a node, in an order that a seed decides, for some minutes."""

from __future__ import annotations

import argparse
import secrets
import sys
import time
import traceback
from contextlib import ExitStack
from random import Random

from tests.chaos.case import Case
from tests.chaos.scene import Scene, scene
from tests.chaos.topics import TOPICS


def main(arguments: list[str]) -> int:
    """Run the topics; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1 << 32), help="the seed of a run to repeat")
    parser.add_argument("--minutes", type=float, default=10, help="how long it may take")
    parser.add_argument("--only", choices=TOPICS, help="one topic")
    parser.add_argument("--case", default="", help="the cases whose name has this in it")
    parser.add_argument("--verbose", action="store_true", help="tell of each case how long it took")
    options = parser.parse_args(arguments)
    print(f"chaos: seed {options.seed}", flush=True)
    wanted = [options.only] if options.only else list(TOPICS)
    end = time.monotonic() + options.minutes * 60
    failed = 0
    for index, name in enumerate(wanted):
        share = (end - time.monotonic()) / (len(wanted) - index)
        failed += Run(name, options.seed, options.case, verbose=options.verbose).go(share)
    return 1 if failed else 0


class Run:
    """One topic."""

    def __init__(self, topic: str, seed: int, wanted: str, *, verbose: bool) -> None:
        """Take the cases whose name has a text in it."""
        self._topic = topic
        self._random = Random(f"{seed} {topic}")
        self._wanted = wanted
        self._verbose = verbose

    def go(self, seconds: float) -> int:
        """Run as many cases as there is time for; return how many failed."""
        begun = time.monotonic()
        with scene() as found:
            cases = [case for case in TOPICS[self._topic](found, self._random) if self._wanted in case.name]
        self._random.shuffle(cases)
        cases.sort(key=lambda case: not case.always)
        done = failed = 0
        with ExitStack() as stack:
            place: Scene | None = None
            for case in cases:
                if time.monotonic() - begun > seconds:
                    break
                place = place or stack.enter_context(scene())
                done += 1
                if not self._holds(case, place):
                    failed += 1
                    stack.close()
                    place = None
        took = time.monotonic() - begun
        print(f"chaos: {self._topic}: {done} of {len(cases)} cases, {failed} failed, {took:.0f} s", flush=True)
        return failed

    def _holds(self, case: Case, place: Scene) -> bool:
        begun = time.monotonic()
        try:
            case.run(place)
            if self._verbose:
                print(f"chaos: {time.monotonic() - begun:5.1f} s: {case.name}", flush=True)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is this case that failed
            print(f"chaos: FAILED: {self._topic}: {case.name}", flush=True)
            traceback.print_exception(error, limit=-3, file=sys.stdout)
            return False
        return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
