"""A node in good health is said to be, and is left exactly as it was."""

from __future__ import annotations

import pytest

from multus_py.doctor import table
from multus_py.findings.finding import Severity
from tests.integration.doctor.patient import Patient

pytestmark = pytest.mark.root


def test_a_healthy_node_passes_every_check(patient: Patient) -> None:
    found = patient.examine()
    assert [(each.id, each.problem) for each in found if each.severity is not Severity.OK] == []
    assert [each.id for each in found] == [check.id for check in table.CHECKS]
