"""Runs tests on a mutant, in a child process and in memory: no file of the package is ever changed.

The child is forked from a process that has the test tools loaded already, and nothing of the package; the mutant takes
the module's place when it is imported first.
"""

from __future__ import annotations

import importlib.abc
import importlib.util
import os
import resource
import signal
import sys
import tempfile
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import CodeType, ModuleType

import hypothesis
import pytest

PATIENCE = 120
"""Seconds of the machine's time for a run of tests: a mutant that does not end is one that the tests notice."""
_MEMORY = 4 << 30
_PHASES = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
"""Nobody will read a counterexample, so that none is made small."""
_FAILED = (pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.INTERRUPTED)
"""How a run ends that noticed something; interrupted: in the tests' imports already."""


class UnfitError(Exception):
    """The tests could not be run."""


class _Instead(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds a mutant where a module is looked for."""

    def __init__(self, module: str, path: str, code: CodeType) -> None:
        self._module, self._path, self._code = module, path, code

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if fullname != self._module:
            return None
        return importlib.util.spec_from_file_location(fullname, self._path, loader=self)

    def exec_module(self, module: ModuleType) -> None:
        exec(self._code, module.__dict__)


def survives(module: str, path: str, code: CodeType, tests: Sequence[str]) -> bool:
    """Tell whether all tests pass with this code in a module's place: first examples, then properties.

    Raises:
        UnfitError: The tests could not be run.
    """
    assert not any(name.startswith("multus_py") for name in sys.modules), "a mutant would come too late"
    # A folder of its own: numbering those of many runs at once fails now and then, and would pass for being noticed.
    with tempfile.TemporaryDirectory(prefix="multus-mutation-") as scratch:
        child = os.fork()
        if child == 0:
            _run(_Instead(module, path, code), tests, scratch)
        _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return False
    ended = os.WEXITSTATUS(status)
    if ended != 0 and ended not in _FAILED:
        raise UnfitError(f"pytest ended with status {ended} for {' '.join(tests)}")
    return ended == 0


def _run(finder: _Instead, tests: Sequence[str], scratch: str) -> None:
    """Run tests in this process, which ends with them."""
    signal.signal(signal.SIGXCPU, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CPU, (PATIENCE, PATIENCE + 5))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    sys.meta_path.insert(0, finder)
    hypothesis.settings.register_profile(
        "mutation", database=None, derandomize=True, max_examples=50, deadline=None, phases=_PHASES
    )
    quietly = (
        "-x",
        "-q",
        "--hypothesis-profile=mutation",
        f"--basetemp={scratch}/tests",
        "-p",
        "no:cacheprovider",
        "-W",
        "ignore::pytest.PytestAssertRewriteWarning",
    )
    status = int(pytest.ExitCode.INTERNAL_ERROR)
    try:
        for kind in ("not hypothesis", "hypothesis"):
            status = int(pytest.main([*quietly, "-m", kind, *tests]))
            if status == pytest.ExitCode.NO_TESTS_COLLECTED:
                status = 0
            if status:
                break
    finally:
        os._exit(status)
