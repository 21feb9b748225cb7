"""Waiting for the default network."""

from __future__ import annotations

import pytest

from multus_py.attach import readiness
from multus_py.cni import errors
from multus_py.cni.errors import CNIError
from tests.unit.attach.world import World


def test_without_a_file_to_wait_for_nothing_is_waited_for(world: World) -> None:
    readiness.wait(world.work())
    assert world.clock.sleeps == []


@pytest.mark.parametrize("kind", ["file", "directory"])
def test_a_ready_network_is_not_waited_for(world: World, kind: str) -> None:
    ready = world.root / "ready"
    ready.mkdir() if kind == "directory" else ready.touch()
    world.keys["readinessindicatorfile"] = str(world.root / "ready")
    readiness.wait(world.work())
    assert world.clock.sleeps == []


def test_it_is_looked_for_each_second_until_45_have_passed(world: World) -> None:
    world.keys["readinessindicatorfile"] = "/nowhere/ready"
    with pytest.raises(CNIError) as caught:
        readiness.wait(world.work())
    assert world.clock.sleeps == [1.0] * 45
    assert caught.value.msg == (
        "readiness indicator file /nowhere/ready is not there: check that the default network is up (waited 45 seconds)"
    )
    assert caught.value.code == errors.TRY_AGAIN_LATER


def test_what_cannot_be_looked_at_is_not_ready(world: World) -> None:
    world.keys["readinessindicatorfile"] = "/" + "x" * 5000
    assert not readiness.is_ready(world.work())
