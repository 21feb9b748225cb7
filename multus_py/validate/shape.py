"""Documents against their schemas: keys that are missing, misspelt or of the wrong kind, as findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from multus_py.findings.finding import Finding, Severity
from multus_py.hostconfig import validation
from multus_py.hostconfig.validation import Kind, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from multus_py.cni.errors import CNIError
    from multus_py.validate.document import Document


def check(document: Document, schema: str) -> list[Finding]:
    """Return what a schema says of a document."""
    return [_finding(document, problem) for problem in validation.check(document.value, schema)]


def refused(document: Document, error: CNIError, found: Iterable[Finding]) -> Iterator[Finding]:
    """Yield the plugin's own words for what it refuses, unless an error that was found says so already."""
    if all(finding.severity is not Severity.ERROR for finding in found):
        yield document.finding("refused", (), str(error), remedy="Correct what the message names.")


def _finding(document: Document, problem: Problem) -> Finding:
    key = str(problem.path[-1]) if problem.path else "the document"
    if problem.kind is Kind.UNKNOWN:
        return _unknown(document, problem, key)
    remedy = f"Add {key}." if problem.kind is Kind.MISSING else f"Write {problem.expected}."
    if problem.kind is Kind.MISSING and not problem.text.startswith("is "):
        remedy = "Add one of them."
    return document.finding(problem.kind.value, problem.path, problem.text, remedy=remedy)


def _unknown(document: Document, problem: Problem, key: str) -> Finding:
    if problem.meant:
        text = f"the key is not known, and {problem.meant} is missing"
        return document.finding("misspelt-key", problem.path, text, remedy=f"Did you mean {problem.meant}? Write that.")
    return document.finding(
        "unknown-key",
        problem.path,
        "the key is not known: nobody reads it",
        remedy=f"Remove {key}, or put it where it belongs.",
        severity=Severity.WARNING,
    )
