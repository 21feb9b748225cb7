"""A finding: one thing that is wrong (or was looked at and is right), where it is, and what to do about it.

Who finds, and where, is the business of `validate` and `doctor`; how it looks on a screen is that of `rendering`.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Iterable


class Severity(enum.StrEnum):
    """How bad it is, the worst first."""

    ERROR = "error"
    """It does not work, or not as it is written."""
    WARNING = "warning"
    """It works, but hardly as somebody meant it."""
    NOTE = "note"
    """Worth knowing; nothing to do."""
    OK = "ok"
    """Looked at, and nothing found. Only the checks of a node say so."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Finding:
    """One finding."""

    id: str
    """Stable, in kebab-case: the id of the `Rule` that explains it."""
    severity: Severity
    problem: str
    """What is wrong: what was expected, and what was found."""
    remedy: str = ""
    """What to do, as a sentence."""
    file: str = ""
    """The file as the user named it; `-` for the standard input."""
    line: int = 0
    """Counted from 1; 0 for the file as a whole."""
    path: str = ""
    """The path to the key, such as `spec.config.plugins[1].ipam.subnet`."""
    subject: str = ""
    """What it is about, such as `nad default/storage` or a check of a node."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Rule:
    """What all findings of one id have in common: the source of the reference in docs/."""

    id: str
    title: str
    """A noun phrase."""
    meaning: str
    """Why it is a problem: what happens if it stays."""
    remedy: str
    """What to do about it in general."""


def count(findings: Iterable[Finding], severity: Severity) -> int:
    """Return how many findings have a severity."""
    return sum(finding.severity is severity for finding in findings)


def exit_status(findings: Iterable[Finding], *, strict: bool = False) -> int:
    """Return the status to end with: 1 when there are errors; with `strict`, also when there are warnings."""
    bad = {Severity.ERROR, Severity.WARNING} if strict else {Severity.ERROR}
    return int(any(finding.severity in bad for finding in findings))
