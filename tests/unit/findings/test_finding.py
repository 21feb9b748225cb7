from __future__ import annotations

import pytest

from multus_py.findings import finding as model
from multus_py.findings.finding import Finding, Severity


def found(severity: Severity) -> Finding:
    return Finding(id="some-id", severity=severity, problem="expected this, found that")


@pytest.mark.parametrize(
    ("severities", "strict", "status"),
    [
        ((), False, 0),
        ((Severity.OK, Severity.NOTE, Severity.WARNING), False, 0),
        ((Severity.OK, Severity.NOTE), True, 0),
        ((Severity.WARNING,), True, 1),
        ((Severity.WARNING, Severity.ERROR), False, 1),
    ],
)
def test_errors_end_with_1_and_warnings_only_when_strict(
    severities: tuple[Severity, ...],
    strict: bool,  # noqa: FBT001 - a column of the table
    status: int,
) -> None:
    assert model.exit_status(map(found, severities), strict=strict) == status


def test_findings_are_counted_by_severity() -> None:
    findings = [found(Severity.ERROR), found(Severity.NOTE), found(Severity.ERROR)]
    assert [model.count(findings, severity) for severity in Severity] == [2, 0, 1, 0]
