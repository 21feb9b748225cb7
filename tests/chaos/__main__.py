"""`python -m tests.chaos`: everything that may happen to a node, in an order that a seed decides, for some minutes."""

from __future__ import annotations

import argparse
import compileall
import os
import secrets
import shlex
import sys
import time
import traceback
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from random import Random

from multus_py.lab.executable import ROOT
from tests.chaos.case import Case
from tests.chaos.scene import Scene, scene
from tests.chaos.topics import TOPICS


def main(arguments: list[str]) -> int:
    """Run the topics; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1 << 32), help="the seed of a run to repeat")
    parser.add_argument("--minutes", type=float, default=10, help="how long it may take")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="on how many nodes at a time")
    parser.add_argument("--only", choices=TOPICS, help="one topic")
    parser.add_argument("--case", default="", help="the cases whose name has this in it")
    parser.add_argument("--verbose", action="store_true", help="tell of each case how long it took")
    options = parser.parse_args(arguments)
    print(f"chaos: seed {options.seed}", flush=True)
    for directory in ("multus_py", "tests/chaos"):  # else each call may compile it all: half of what a call costs
        compileall.compile_dir(ROOT / directory, quiet=1)
    wanted = [options.only] if options.only else list(TOPICS)
    end = time.monotonic() + options.minutes * 60
    runs = []
    for index, name in enumerate(wanted):
        share = (end - time.monotonic()) / (len(wanted) - index)  # what one leaves over is for those that follow
        runs.append(Run(name, options))
        runs[-1].go(share)
    failed, missed = sum(run.failed for run in runs), sum(run.missed for run in runs)
    print(f"chaos: {failed} failed, {missed} not reached; seed {options.seed}", flush=True)
    return 1 if failed else 0


class Run:
    """One topic."""

    def __init__(self, topic: str, options: argparse.Namespace) -> None:
        """Take the cases whose name has a text in it."""
        self._topic = topic
        self._options = options
        self._random = Random(f"{options.seed} {topic}")
        self._waiting: deque[Case] = deque()
        self._end = 0.0
        self.failed = 0

    @property
    def missed(self) -> int:
        """Return how many cases there was no time for."""
        return len(self._waiting)

    def go(self, seconds: float) -> None:
        """Run as many cases as there is time for, and tell how that went."""
        begun = time.monotonic()
        self._end = begun + seconds
        with scene() as found:
            cases = [case for case in TOPICS[self._topic](found, self._random) if self._options.case in case.name]
        self._random.shuffle(cases)
        cases.sort(key=lambda case: not case.always)
        self._waiting.extend(cases)
        with ThreadPoolExecutor(self._options.jobs) as pool:
            for failed in [pool.submit(self._work) for _ in range(self._options.jobs)]:
                self.failed += failed.result()
        done, took = len(cases) - self.missed, time.monotonic() - begun
        told = f"{done} of {len(cases)} cases, {self.failed} failed, {self.missed} not reached, {took:.0f} s"
        print(f"chaos: {self._topic}: {told}", flush=True)

    def _work(self) -> int:
        """Run one case after the other on a node of its own, a new one after a failure; return how many failed."""
        failed = 0
        with ExitStack() as stack:
            place: Scene | None = None
            while time.monotonic() < self._end and (case := self._next()):
                place = place or stack.enter_context(scene())
                if not self._holds(case, place):
                    failed += 1
                    stack.close()
                    place = None
        return failed

    def _next(self) -> Case | None:
        try:
            return self._waiting.popleft()
        except IndexError:
            return None

    def _holds(self, case: Case, place: Scene) -> bool:
        begun = time.monotonic()
        try:
            case.attempt(place)
            if self._options.verbose:
                print(f"chaos: {time.monotonic() - begun:5.1f} s: {case.name}", flush=True)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is this case that failed
            seed, topic = self._options.seed, self._topic
            repeat = f"--seed {seed} --only {topic} --case {shlex.quote(case.name)}"
            told = "".join(traceback.format_exception(error, limit=-3))
            print(f"chaos: FAILED: {topic}: {case.name}\n{told}Again: python -m tests.chaos {repeat}", flush=True)
            return False
        return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
