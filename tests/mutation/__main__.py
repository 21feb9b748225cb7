"""`python -m tests.mutation`: puts small mistakes into modules, one at a time; tells which no unit test notices.

Those that may stay are explained in survivors.md. It fails when there is another one, and when an explanation is about
one that is there no more.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

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
    end = time.monotonic() + options.minutes * 60
    wrong = 0
    for path in options.modules or TESTS:
        wrong += _try(path, explained, end, options.jobs)
    return 1 if wrong else 0


def _try(path: str, explained: set[str], end: float, jobs: int) -> int:
    """Try the mutants of a module; return how many are neither noticed nor explained, and how many the reverse."""
    source = (ROOT / path).read_text()
    made = mutants(source, path)
    if not _survives(path, source):
        raise trial.UnfitError(f"the tests of {path} fail without any mistake in it")
    with ProcessPoolExecutor(jobs, mp_context=get_context("fork")) as pool:
        outcomes = list(pool.map(_outcome, [path] * len(made), range(len(made)), [end] * len(made)))
    tried = [(mutant, survived) for mutant, survived in zip(made, outcomes, strict=True) if survived is not None]
    survivors = {mutant.name: mutant for mutant, survived in tried if survived}
    noticed = len(tried) - len(survivors)
    mine = {name for name in explained if name.startswith(f"{path} ")}
    surprising = [survivor for name, survivor in survivors.items() if name not in mine]
    outdated = mine - set(survivors) if len(tried) == len(made) else set()
    score = 100 * noticed / max(len(tried), 1)
    print(
        f"mutation: {path}: {noticed} of {len(tried)} noticed ({score:.1f} %), {len(survivors)} survive, of which "
        f"{len(survivors) - len(surprising)} are explained" + _missing(len(made) - len(tried)),
        flush=True,
    )
    for mutant in surprising:
        print(f"mutation: {path}:{mutant.line}: nobody notices\n- ``{mutant.name}``: ", flush=True)
    for name in sorted(outdated):
        print(f"mutation: survivors.md explains what is noticed, or not there: {name}", flush=True)
    return len(surprising) + len(outdated)


def _missing(number: int) -> str:
    return f"; {number} not tried for lack of time" if number else ""


def _outcome(path: str, index: int, end: float) -> bool | None:
    """Tell whether a mutant survives; None when the time is over."""
    if time.monotonic() > end:
        return None
    return _survives(path, mutants((ROOT / path).read_text(), path)[index])


def _survives(path: str, tried: Mutant | str) -> bool:
    code = compile(tried, path, "exec") if isinstance(tried, str) else tried.code
    module = path.removesuffix(".py").replace("/", ".")
    return trial.survives(module, str(ROOT / path), code, TESTS[path])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
