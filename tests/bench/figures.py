"""The arithmetic: percentiles, differences and ratios of paired measurements. No effects."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median
from typing import TypeVar

T = TypeVar("T")


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which `share` (0 to 1) of the values are, interpolated between neighbours.

    Raises:
        ValueError: When there are no values.
    """
    if not values:
        raise ValueError("no values, no percentile")
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def median_difference(values: Sequence[float], base: Sequence[float]) -> float:
    """Return the median of what each round's value has more than the same round's base."""
    return median(value - other for value, other in zip(values, base, strict=True))


def median_ratio(values: Sequence[float], base: Sequence[float]) -> float:
    """Return the median of each round's value divided by the same round's base."""
    return median(value / other for value, other in zip(values, base, strict=True))


def rotated(items: Sequence[T], by: int) -> list[T]:
    """Return the items beginning with another one, so that none is always measured after the same neighbour first.

    Every second turn of the wheel goes backwards: then each item follows each of its neighbours equally often.
    """
    start = by % len(items)
    turned = [*items[start:], *items[:start]]
    return turned[::-1] if by // len(items) % 2 else turned
