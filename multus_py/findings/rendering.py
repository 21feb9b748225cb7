"""Findings as a person reads them (`text`), and as programs do (`json`, `sarif`). What prints them is `cli.screen`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from json import dumps
from typing import TYPE_CHECKING, TypeAlias

import multus_py
from multus_py.findings import finding as model
from multus_py.findings.finding import Finding, Rule, Severity

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONObject

Line: TypeAlias = Sequence[tuple[str, str]]
"""A line for a terminal: texts, each with its style."""

_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.NOTE: "cyan", Severity.OK: "green"}
_PLURALS = {Severity.ERROR: "errors", Severity.WARNING: "warnings", Severity.NOTE: "notes", Severity.OK: "ok"}
_SARIF_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note", Severity.OK: "none"}
_SARIF = "2.1.0"
_SARIF_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def text(findings: Iterable[Finding]) -> Iterator[Line]:
    """Yield the lines of findings, `file:line: severity: …` as compilers have it, so that editors find the place."""
    for finding in findings:
        place = f"{finding.file}:{finding.line}" if finding.line else finding.file
        yield (
            (f"{place}: " if place else "", "bold"),
            (finding.severity.value, _STYLES[finding.severity]),
            (f": {_said(finding)}", ""),
            (f" [{finding.id}]", "dim"),
        )
        if finding.remedy:
            yield ((f"    {finding.remedy}", ""),)


def summary(findings: Sequence[Finding]) -> str:
    """Return how many findings there are of which severity, "1 error, 2 warnings"; empty when there are none."""
    counts = ((severity, model.count(findings, severity)) for severity in Severity)
    return ", ".join(
        f"{number} {severity.value if number == 1 else _PLURALS[severity]}" for severity, number in counts if number
    )


def json(findings: Sequence[Finding]) -> str:
    """Return findings as a JSON document; keys that say nothing are left out."""
    document = {
        "findings": [
            {key: value for key, value in vars(finding).items() if value or key in {"id", "problem"}}
            for finding in findings
        ],
        "summary": {severity.value: model.count(findings, severity) for severity in Severity},
    }
    return dumps(document, indent=2)


def sarif(findings: Iterable[Finding], *, rules: Iterable[Rule]) -> str:
    """Return findings as SARIF 2.1.0, which code hosts and editors show beside the lines they are about."""
    known = list(rules)
    index = {rule.id: position for position, rule in enumerate(known)}
    driver = {
        "name": "multus",
        "version": multus_py.VERSION,
        "rules": [_sarif_rule(rule) for rule in known],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_sarif_result(finding, index) for finding in findings],
    }
    return dumps({"$schema": _SARIF_SCHEMA, "version": _SARIF, "runs": [run]}, indent=2)


def _sarif_rule(rule: Rule) -> JSONObject:
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.meaning},
        "help": {"text": rule.remedy},
    }


def _sarif_result(finding: Finding, index: dict[str, int]) -> JSONObject:
    result: JSONObject = {
        "ruleId": finding.id,
        "level": _SARIF_LEVELS[finding.severity],
        "kind": "pass" if finding.severity is Severity.OK else "fail",
        "message": {"text": " ".join(part for part in (_sentence(finding), finding.remedy) if part)},
    }
    if finding.id in index:
        result["ruleIndex"] = index[finding.id]
    location: JSONObject = {}
    if finding.file:
        physical: JSONObject = {"artifactLocation": {"uri": _uri(finding.file)}}
        if finding.line:
            physical["region"] = {"startLine": finding.line}
        location["physicalLocation"] = physical
    name = finding.path or finding.subject
    if name:
        location["logicalLocations"] = [{"fullyQualifiedName": name}]
    if location:
        result["locations"] = [location]
    return result


def _said(finding: Finding) -> str:
    return ": ".join(part for part in (finding.subject, finding.path, finding.problem) if part)


def _sentence(finding: Finding) -> str:
    said = _said(finding)
    return said if said.endswith(".") else f"{said}."


def _uri(file: str) -> str:
    from urllib.parse import quote

    return "stdin" if file == "-" else quote(file)
