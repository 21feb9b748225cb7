"""The bench's arithmetic."""

from __future__ import annotations

import pytest

from tests.bench import figures


@pytest.mark.parametrize(
    ("values", "share", "wanted"),
    [
        pytest.param([3.0], 0.95, 3.0, id="one value is every percentile"),
        pytest.param([4.0, 1.0, 3.0, 2.0], 0.5, 2.5, id="the middle of an even number lies between two"),
        pytest.param([3.0, 1.0, 2.0], 0.5, 2.0, id="the middle of an odd number is one of them"),
        pytest.param([1.0, 2.0], 1.0, 2.0, id="the top is the largest"),
        pytest.param([float(number) for number in range(101)], 0.95, 95.0, id="95 of 100 steps"),
    ],
)
def test_percentiles_are_interpolated(values: list[float], share: float, wanted: float) -> None:
    assert figures.percentile(values, share) == pytest.approx(wanted)


def test_no_values_have_no_percentile() -> None:
    with pytest.raises(ValueError, match="no values"):
        figures.percentile([], 0.5)


def test_differences_and_ratios_are_paired_by_round() -> None:
    slow_machine_in_round_2 = [1.0, 11.0, 1.0], [2.0, 22.0, 2.0]
    base, values = slow_machine_in_round_2
    assert figures.median_difference(values, base) == 1.0
    assert figures.median_ratio(values, base) == 2.0


def test_rounds_of_different_number_are_not_compared() -> None:
    with pytest.raises(ValueError, match="argument"):
        figures.median_ratio([1.0], [1.0, 2.0])


def test_in_a_full_turn_everybody_is_first_once() -> None:
    firsts = [figures.rotated("abc", by)[0] for by in range(3)]
    assert sorted(firsts) == ["a", "b", "c"]


def test_every_second_turn_goes_backwards() -> None:
    assert figures.rotated("abc", 1) == ["b", "c", "a"]
    assert figures.rotated("abc", 4) == ["a", "c", "b"]
