"""What a soak takes for growth."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from tests.soak import meters
from tests.soak.meters import Sample

REST = Sample(rss=100_000, descriptors=20, threads=8, files=5, bytes=60, namespaces=1, ids=1, links=5, objects=2)
TOLERATED = {"rss": 10_000, "descriptors": 3, "threads": 4, "bytes": 64}


def more(name: str, by: int) -> Sample:
    return replace(REST, **{name: getattr(REST, name) + by})


@pytest.mark.parametrize("name", [field.name for field in fields(Sample)])
def test_more_than_may_be_is_growth(name: str) -> None:
    allowed = TOLERATED.get(name, 0)
    assert meters.grown(REST, more(name, allowed)) == []
    assert [line.partition(":")[0] for line in meters.grown(REST, more(name, allowed + 1))] == [name]


def test_a_small_heap_may_grow_by_eight_mebibytes() -> None:
    small = replace(REST, rss=1000)
    assert meters.grown(small, replace(small, rss=1000 + 8192)) == []
    assert meters.grown(small, replace(small, rss=1001 + 8192)) != []


def test_less_is_no_growth() -> None:
    assert meters.grown(REST, more("rss", -50_000)) == []


def test_a_table_has_a_line_for_each_sample() -> None:
    lines = meters.table([(10, REST), (20, REST)]).splitlines()
    assert [line.split()[0] for line in lines] == ["cycles", "10", "20"]
    assert lines[1].split()[1:] == ["100000", "20", "8", "5", "60", "1", "1", "5", "2"]
