"""The dashboard and the alerts stand on figures that the daemon has."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from multus_py.lab.objects import Object, at, text
from tests.fakes import metrics

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONValue

MONITORING = Path(__file__).parents[3] / "conf/monitoring"
DASHBOARD: Object = json.loads((MONITORING / "dashboard.json").read_text())
ALERTS: Object = yaml.safe_load((MONITORING / "alerts.yaml").read_text())


def figures() -> dict[str, frozenset[str]]:
    """Return the labels of everything that the daemon has a figure of, by name."""
    return {name: family.labels for family in metrics.families() for name in family.samples}


def expressions() -> list[str]:
    queries = [text(target, "expr") for panel in _objects(DASHBOARD["panels"]) for target in _objects(panel["targets"])]
    return queries + [text(rule, "expr") for rule in rules()]


def rules() -> list[Object]:
    return [rule for group in _objects(ALERTS["groups"]) for rule in _objects(group["rules"])]


def _objects(found: JSONValue) -> list[Object]:
    assert isinstance(found, list)
    return [item for item in found if isinstance(item, dict)]


@pytest.mark.parametrize("expression", expressions())
def test_what_is_asked_for_is_there_with_its_labels(expression: str) -> None:
    known = figures()
    names = re.findall(r"\b(?:multus|process)_\w+", expression)
    labels = {
        label for selector in re.findall(r"{([^}]*)}", expression) for label in re.findall(r"(\w+)\s*=", selector)
    }
    grouped = {label for group in re.findall(r"by \(([^)]*)\)", expression) for label in re.split(r",\s*", group)}

    assert names or expression.startswith("up{")
    assert set(names) <= set(known)
    assert labels | grouped <= {"instance", "job", "le"}.union(*(known[name] for name in names))


def test_parentheses_are_closed() -> None:
    for expression in expressions():
        assert all(expression.count(left) == expression.count(right) for left, right in ("()", "[]", "{}"))


def test_an_alert_says_how_bad_it_is_and_what_to_do() -> None:
    for rule in rules():
        assert at(rule, "labels", "severity") in {"critical", "warning"}
        assert text(rule, "annotations", "summary")
        assert text(rule, "annotations", "description").endswith((".", "?"))
        assert rule["for"]


def test_no_panel_covers_another() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in _objects(DASHBOARD["panels"]):
        x, y, width, height = (int(str(at(panel, "gridPos", key))) for key in "xywh")
        cells = {(column, row) for column in range(x, x + width) for row in range(y, y + height)}
        assert not taken & cells
        assert x + width <= 24
        taken |= cells
