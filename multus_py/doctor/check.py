"""A check of a node: what the table of checks is made of, and what a check can say.

A check is a function that looks at a `View` and yields findings, by `error`, `warning` and `fine` below. Which check it
was is filled in by whoever runs it (`examination`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from multus_py.findings.finding import Finding, Rule, Severity

if TYPE_CHECKING:
    from multus_py.doctor.view import View

Look: TypeAlias = "Callable[[View], Iterator[Finding]]"

PATIENCE = 10.0


class SkippedError(Exception):
    """There is nothing to look at, and that is no fault; the message says why."""


class BlockedError(Exception):
    """Something that checks build on is not to be had. One check reports it, all others are skipped for it."""

    def __init__(self, check: str, problem: str, *, remedy: str = "", file: str = "") -> None:
        """Name the check whose business it is, what is wrong, what to do, and the file that it is in."""
        super().__init__(problem)
        self.check = check
        self.problem = problem
        self.remedy = remedy
        self.file = file


@dataclass(frozen=True, kw_only=True)
class Check:
    """One check."""

    id: str
    """Stable, in kebab-case: people silence alerts by it."""
    title: str
    """What holds when it passes, as a clause."""
    looks_at: str
    """What is read, and how the answer is known, as sentences."""
    meaning: str
    """What happens to pods when it fails."""
    remedy: str
    """What to do in general; findings say it for the case."""
    look: Look
    patience: float = PATIENCE
    """Seconds that it may take."""

    @property
    def rule(self) -> Rule:
        """What documents of findings say of it."""
        return Rule(id=self.id, title=self.title, meaning=self.meaning, remedy=self.remedy)


def error(problem: str, *, remedy: str = "", file: str = "", subject: str = "", path: str = "") -> Finding:
    """Say that something does not work."""
    return _finding(Severity.ERROR, problem, remedy, file, subject, path)


def warning(problem: str, *, remedy: str = "", file: str = "", subject: str = "", path: str = "") -> Finding:
    """Say that something works, but hardly as somebody meant it, or not for long."""
    return _finding(Severity.WARNING, problem, remedy, file, subject, path)


def fine(what: str) -> Finding:
    """Say what was looked at and is right."""
    return _finding(Severity.OK, what, "", "", "", "")


def _finding(severity: Severity, problem: str, remedy: str, file: str, subject: str, path: str) -> Finding:  # noqa: PLR0917 - private, in the order of the public ones
    return Finding(id="", severity=severity, problem=problem, remedy=remedy, file=file, subject=subject, path=path)
