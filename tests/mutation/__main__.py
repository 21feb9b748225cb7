"""`python -m tests.mutation`: puts small mistakes into modules, one at a time; tells which no unit test notices.

Those that may stay are explained in survivors.md. It fails when there is another one, and when an explanation is about
one that is there no more.
"""

from __future__ import annotations

import argparse
import functools
import os
import re
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from types import CodeType

from tests.mutation import trial
from tests.mutation.mutants import Mutant, mutants

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
TESTS = {
    "multus_py/cni/convert.py": (
        "tests/unit/cni/test_convert.py",
        "tests/unit/cni/test_versions.py",
        "tests/unit/cni/test_result.py",
    ),
    "multus_py/multinet/status.py": ("tests/unit/multinet/test_status.py",),
    "multus_py/multinet/selection.py": ("tests/unit/multinet/test_selection.py",),
    "multus_py/attach/plan.py": ("tests/unit/attach/test_plan.py", "tests/unit/attach/test_devices.py"),
}
"""The modules that are tried, and the tests that are to notice."""
_EXPLAINED = re.compile(r"^- ``(.+?)``: \S", re.MULTILINE)


def main(arguments: list[str]) -> int:
    """Try the mutants; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("modules", nargs="*", metavar="MODULE", help=f"of {', '.join(TESTS)}; all by default")
    parser.add_argument("--minutes", type=float, default=30, help="when to stop (%(default)s)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    options = parser.parse_args(arguments)
    if unknown := set(options.modules) - set(TESTS):
        parser.error(f"no such modules: {', '.join(sorted(unknown))}")
    explained = set(_EXPLAINED.findall((HERE / "survivors.md").read_text()))
    began = time.monotonic()
    outcomes = [_try(path, explained, began + options.minutes * 60, options.jobs) for path in options.modules or TESTS]
    print(f"mutation: {sum(each.tried for each in outcomes)} mutants in {time.monotonic() - began:.0f} s")
    return 0 if all(outcome.is_good for outcome in outcomes) else 1


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of a module's mutants."""

    path: str
    made: int
    tried: int
    survivors: tuple[Mutant, ...]
    surprising: tuple[Mutant, ...]
    """Those that nobody has explained."""
    outdated: tuple[str, ...]
    """Explanations of what is noticed, or not there."""

    @property
    def is_good(self) -> bool:
        """Whether all were tried, and the explanations are right."""
        return self.tried == self.made and not self.surprising and not self.outdated

    @property
    def score(self) -> str:
        """The score in a line."""
        noticed = self.tried - len(self.survivors)
        score = f"{self.path}: {noticed} of {self.tried} noticed ({100 * noticed / max(self.tried, 1):.1f} %)"
        explained = (
            f"{len(self.survivors)} survive, of which {len(self.survivors) - len(self.surprising)} are explained"
        )
        missing = f"; {self.made - self.tried} not tried for lack of time" if self.tried < self.made else ""
        return f"{score}, {explained}{missing}"


def _try(path: str, explained: set[str], end: float, jobs: int) -> Outcome:
    """Try the mutants of a module; print those that nobody notices, and the score.

    Raises:
        UnfitError: The tests notice a mistake where there is none.
    """
    made = _mutants(path)
    if not _survives(path, compile((ROOT / path).read_text(), path, "exec")):
        raise trial.UnfitError(f"the tests of {path} fail without any mistake in it")
    with ProcessPoolExecutor(jobs, mp_context=get_context("fork")) as pool:
        survived = list(pool.map(_outcome, [path] * len(made), range(len(made)), [end] * len(made)))
    survivors = tuple(mutant for mutant, answer in zip(made, survived, strict=True) if answer)
    tried = len(made) - survived.count(None)
    names = {mutant.name for mutant in survivors}
    mine = {name for name in explained if name.startswith(f"{path} ")}
    outcome = Outcome(
        path=path,
        made=len(made),
        tried=tried,
        survivors=survivors,
        surprising=tuple(mutant for mutant in survivors if mutant.name not in mine),
        outdated=tuple(sorted(mine - names)) if tried == len(made) else (),
    )
    for mutant in outcome.surprising:
        print(f"mutation: {path}:{mutant.line}: nobody notices\n- ``{mutant.name}``: ", flush=True)
    for name in outcome.outdated:
        print(f"mutation: survivors.md explains what is noticed, or not there: {name}", flush=True)
    print(f"mutation: {outcome.score}", flush=True)
    return outcome


@functools.cache
def _mutants(path: str) -> list[Mutant]:
    """Return a module's mutants; those who try them inherit them, as code cannot be handed over."""
    return mutants((ROOT / path).read_text(), path)


def _outcome(path: str, index: int, end: float) -> bool | None:
    """Tell whether a mutant survives; None when the time is over. Raises UnfitError."""
    mutant = _mutants(path)[index]
    try:
        return None if time.monotonic() > end else _survives(path, mutant.code)
    except trial.UnfitError as error:
        raise trial.UnfitError(f"{error}, with {mutant.name}") from error


def _survives(path: str, code: CodeType) -> bool:
    module = path.removesuffix(".py").replace("/", ".")
    return trial.survives(module, str(ROOT / path), code, TESTS[path])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
