"""The tables of docs/scaling.md are those of bench/scale.json: no figure is anybody's memory."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.scale import extrapolation, report

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/scaling.md").read_text()
DOCUMENT = json.loads((ROOT / "bench/scale.json").read_text())
RESULTS = report.read(DOCUMENT)


@pytest.mark.parametrize(
    "table",
    [report.phases(RESULTS), report.bills(RESULTS), extrapolation.nodes(RESULTS), extrapolation.pods(RESULTS)],
    ids=["phases", "pods", "many nodes", "many pods"],
)
def test_a_table_is_what_was_measured(table: str) -> None:
    assert table in PAGE


@pytest.mark.parametrize("fact", ["date", "machine", "kernel", "API server", "Go Multus", "Python"])
def test_the_page_says_what_it_was_measured_on(fact: str) -> None:
    assert DOCUMENT["facts"][fact] in PAGE


def test_the_targets_were_met_when_it_was_measured() -> None:
    assert not any(phase.lists_from_etcd for phase in RESULTS.phases)
    assert not any(phase.cost.rejected for phase in RESULTS.phases)
    cut = next(phase for phase in RESULTS.phases if phase.name == "all connections cut")
    assert not [what for what in cut.cost.requests if what.startswith("list ")]
