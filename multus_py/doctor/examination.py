"""An examination: checks run one after the other, each in bounded time, none of them able to end the others."""

from __future__ import annotations

import dataclasses
import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from multus_py.doctor.check import BlockedError, SkippedError
from multus_py.findings.finding import Finding, Severity

if TYPE_CHECKING:
    from multus_py.doctor.check import Check
    from multus_py.doctor.view import View

Progress: TypeAlias = "Callable[[Check], AbstractContextManager[object]]"
"""Shows that a check takes its time, as long as it does."""

QUIET = 2.0
"""Seconds after which a person wants to know what is going on."""


def examine(
    view: View, checks: Iterable[Check], *, progress: Progress = lambda _check: nullcontext(), quiet: float = QUIET
) -> Iterator[Finding]:
    """Run checks; yield what each finds as soon as it is known, at least one finding a check.

    A check that does not come back is left behind in its thread, which ends with the process: a file system that
    hangs, say, cannot be interrupted.
    """
    told = _Told()
    for check in checks:
        answer: queue.SimpleQueue[list[Finding]] = queue.SimpleQueue()
        threading.Thread(target=_answer, args=(check, view, told, answer), name=check.id, daemon=True).start()
        found = _wait(check, answer, progress, quiet)
        if all(finding.severity is Severity.OK for finding in found):
            told.passed.add(check.id)
        yield from found


@dataclass(kw_only=True)
class _Told:
    """What has been said, so that a cause is reported, and once."""

    passed: set[str] = field(default_factory=set)
    """Checks that have found nothing."""
    instead: dict[str, str] = field(default_factory=dict)
    """By such a check, the one that reports what it did not meet with."""


def _answer(check: Check, view: View, told: _Told, answer: queue.SimpleQueue[list[Finding]]) -> None:
    answer.put(_outcome(check, view, told))


def _wait(check: Check, answer: queue.SimpleQueue[list[Finding]], progress: Progress, quiet: float) -> list[Finding]:
    quiet = min(quiet, check.patience)
    try:
        return answer.get(timeout=quiet)
    except queue.Empty:
        pass
    try:
        with progress(check):
            return answer.get(timeout=check.patience - quiet) if check.patience > quiet else answer.get_nowait()
    except queue.Empty:
        problem = f"the check did not come to an end within {check.patience:g} seconds"
        remedy = "Look for a file system that hangs (df, dmesg), or a server that does not answer."
        return [_stamped(check, Severity.ERROR, problem, remedy)]


def _outcome(check: Check, view: View, told: _Told) -> list[Finding]:
    """Return what a check says, or what became of it."""
    found: list[Finding] = []
    try:
        found.extend(dataclasses.replace(finding, id=check.id) for finding in check.look(view))
    except SkippedError as reason:
        found.append(_stamped(check, Severity.NOTE, f"skipped: {reason}"))
    except BlockedError as blocked:
        found.append(_blocked(check, blocked, told))
    except Exception as failure:  # noqa: BLE001 - whatever is wrong with one check, the others are wanted all the same
        problem = f"the check itself failed: {type(failure).__name__}: {failure}"
        remedy = "What it looks at may be damaged in a way that nobody thought of: please report this."
        found.append(_stamped(check, Severity.ERROR, problem, remedy))
    wrong = [finding for finding in found if finding.severity is not Severity.OK]
    return wrong or [_stamped(check, Severity.OK, "; ".join(finding.problem for finding in found) or check.title)]


def _blocked(check: Check, blocked: BlockedError, told: _Told) -> Finding:
    """Report what is the check's own business, or what the one has missed whose it is; refer to that one otherwise."""
    if blocked.check in told.passed:
        told.instead.setdefault(blocked.check, check.id)
    whose = told.instead.get(blocked.check, blocked.check)
    if whose == check.id:
        return _stamped(check, Severity.ERROR, blocked.problem, blocked.remedy, file=blocked.file)
    return _stamped(check, Severity.NOTE, f"skipped: {blocked.problem} (see {whose})")


def _stamped(check: Check, severity: Severity, problem: str, remedy: str = "", *, file: str = "") -> Finding:
    return Finding(id=check.id, severity=severity, problem=problem, remedy=remedy, file=file)
