"""Rows, targets and tables from made-up samples."""

from __future__ import annotations

import pytest

from tests.bench import report, results, targets
from tests.bench.burst import Wave
from tests.bench.measure import Cost, Samples

LABELS = {"bare": "plugins alone", "installed": "installed", "go-thin": "Go"}


def samples() -> Samples:
    """Return three rounds of one task; the machine was slow in the second."""
    made = Samples()
    for slowness in (1.0, 10.0, 1.0):
        for variant, wall in (("bare", 0.010), ("installed", 0.020), ("go-thin", 0.040)):
            made.costs["ADD 2", variant].append(Cost(wall * slowness, wall / 2))
    made.peaks["ADD 2", "installed"] = 2.0**24
    return made


def test_a_row_compares_within_rounds() -> None:
    row = results.row(samples(), "ADD 2", "installed")
    assert (row.rounds, row.p50, row.peak) == (3, 20.0, 16.0)
    assert row.over_bare == pytest.approx(10.0)
    assert row.cpu_over_bare == pytest.approx(5.0)
    assert row.ratio == pytest.approx(0.5)
    assert row.cpu_ratio == pytest.approx(0.5)
    assert row.over_bare_ratio == pytest.approx(10 / 30)


def test_the_bare_plugins_are_not_compared_with_themselves() -> None:
    row = results.row(samples(), "ADD 2", "bare")
    assert (row.over_bare, row.cpu_over_bare, row.over_bare_ratio) == (None, None, None)
    assert row.ratio == pytest.approx(0.25)


def test_the_peer_is_not_compared_with_itself() -> None:
    row = results.row(samples(), "ADD 2", "go-thin")
    assert (row.ratio, row.cpu_ratio, row.over_bare_ratio) == (None, None, None)
    assert row.over_bare == pytest.approx(30.0)


def test_without_a_peer_and_without_bare_plugins_there_is_nothing_to_compare_with() -> None:
    alone = Samples()
    alone.costs["VERSION", "installed"].append(Cost(0.010, 0.009))
    row = results.row(alone, "VERSION", "installed")
    assert (row.ratio, row.cpu_ratio, row.over_bare, row.peak) == (None, None, None, None)


def test_rows_are_made_for_what_was_measured_only() -> None:
    rows = results.rows(samples(), ["VERSION", "ADD 2"], list(LABELS))
    assert [(row.task, row.variant) for row in rows] == [("ADD 2", variant) for variant in LABELS]


def test_waves_are_summed_up_by_verb_and_variant_and_failed_pods_do_not_count_as_served() -> None:
    waves = [
        Wave("ADD", "installed", 2.0, (1.0, 2.0), 0.2, ()),
        Wave("ADD", "go-thin", 4.0, (3.0, 4.0), 0.4, ("pod1 failed",)),
    ]
    ours, peers = results.burst_rows(waves, ["installed", "go-thin"])
    assert (ours.pods_per_second, ours.ratio, ours.failures, ours.cpu) == (1.0, 4.0, 0, 100.0)
    assert (peers.pods_per_second, peers.ratio, peers.failures) == (0.25, None, 1)


@pytest.mark.parametrize(
    ("limit", "stretch", "found", "text"),
    [
        pytest.param(0.8, None, 0.8, "met", id="the limit itself is good enough"),
        pytest.param(0.8, None, 0.93, "missed by 0.13", id="missed"),
        pytest.param(0.7, 0.5, 0.5, "met, stretch too", id="stretch"),
        pytest.param(0.7, 0.5, 0.6, "met", id="not the stretch"),
        pytest.param(0.7, 0.5, None, "not measured", id="not measured"),
    ],
)
def test_a_verdict_says_how_much_is_missing(
    limit: float, stretch: float | None, found: float | None, text: str
) -> None:
    target = targets.Target("what", "ADD 2", "installed", "ratio", limit, stretch)
    assert targets.Verdict(target, found).text == text


def test_targets_find_their_rows() -> None:
    verdicts = targets.verdicts(results.rows(samples(), ["ADD 2"], list(LABELS)), [])
    found = {verdict.target.what: verdict.found for verdict in verdicts if verdict.found is not None}
    assert found == {
        "ADD with 2 networks, time / Go": pytest.approx(0.5),
        "ADD with 2 networks, time over the plugins / Go's": pytest.approx(1 / 3),
        "ADD with 2 networks, CPU / Go": pytest.approx(0.5),
        "ADD with 2 networks, peak RSS in MiB": 16.0,
    }


def test_some_targets_compare_two_variants_with_each_other() -> None:
    taken = Samples()
    for variant, wall in ((results.BARE, 0.1), (results.DAEMON, 0.2), (results.THICK, 0.4)):
        taken.costs["ADD 2", variant] = [Cost(wall, wall)]
    waves = [Wave("ADD", results.DAEMON, 1.0, (1.0,), 0.1, ()), Wave("ADD", results.THICK, 2.0, (1.0,), 0.1, ())]
    variants = [results.BARE, results.DAEMON, results.THICK]
    verdicts = targets.verdicts(results.rows(taken, ["ADD 2"], variants), results.burst_rows(waves, variants))
    assert [verdict.found for verdict in verdicts if verdict.target.against and verdict.found is not None] == [
        pytest.approx(0.5),
        pytest.approx(1 / 3),
        pytest.approx(0.5),
    ]


def test_the_table_names_a_task_once_and_aligns_numbers() -> None:
    rows = results.rows(samples(), ["ADD 2"], list(LABELS))
    lines = report.first(rows, LABELS).splitlines()
    assert lines[1].count("-:") == 8
    assert [line.split("|")[1].strip() for line in lines[2:]] == ["ADD, 2 extra networks", "", ""]
    cells = [cell.strip() for cell in lines[3].split("|")[2:-1]]
    assert cells == ["installed", "20.0", "182.0", "10.0", "16.0", "10.0", "0.50", "0.50", "3"]
    assert len({len(line) for line in lines}) == 1


@pytest.mark.parametrize(
    ("task", "name"),
    [
        ("VERSION", "VERSION"),
        ("ADD 0", "ADD, no extra network"),
        ("DEL 1", "DEL, 1 extra network"),
        ("ADD 4", "ADD, 4 extra networks"),
    ],
)
def test_tasks_have_names_for_people(task: str, name: str) -> None:
    assert report.task_name(task) == name
