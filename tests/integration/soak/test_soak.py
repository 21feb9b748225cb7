"""A short soak: `make soak` does the same two thousand times."""

from __future__ import annotations

import pytest

from tests.soak import cycles, meters

pytestmark = [pytest.mark.root, pytest.mark.slow]


def test_nothing_grows_however_many_pods_come_and_go() -> None:
    with cycles.soaking("soak-short") as world:
        samples = [sample for _, sample in cycles.run(world, 30, rounds=3, seed=1)]
    assert meters.grown(samples[0], samples[-1]) == []
