"""How DEL, CHECK and GC went, told to who listens."""

from __future__ import annotations

import pytest

from multus_py.cluster.port import Phase, Report
from multus_py.cni import errors
from multus_py.entry import InterruptedCallError
from tests.unit.attach.world import World, exits, slow_plugin


@pytest.fixture
def attached(world: World) -> World:
    """Return a world whose pod is attached to two networks, and that listens how calls go from now on."""
    slow_plugin(world, "bridge", delete=1.0)
    slow_plugin(world, "macvlan", delete=2.0)
    world.keys |= {"cniVersion": "1.1.0", "delegates": [{"cniVersion": "1.1.0", "name": "cluster", "type": "bridge"}]}
    world.put_nad("a", {"cniVersion": "1.1.0", "type": "macvlan"})
    world.put_pod("a")
    world.add()
    world.listens = True
    return world


def test_a_del_is_told_to_who_listens(attached: World) -> None:
    attached.delete()
    ((pod, report),) = attached.told
    assert pod == "demo/web/u1"
    assert report == Report(
        verb="DEL",
        succeeded=True,
        seconds=3.0,
        networks=("cluster", "demo/a"),
        phases=(
            Phase(name="delegate", plugin="macvlan", seconds=2.0),
            Phase(name="delegate", plugin="bridge", seconds=1.0),
        ),
    )
    assert attached.prepared == 1, "while the first plugin is at work, and not again"


def test_a_del_that_fails_is_told_too(attached: World) -> None:
    attached.run.answer("macvlan", "DEL", exits(1, stderr="no"))
    with pytest.raises(errors.CNIError):
        attached.delete()
    ((_, report),) = attached.told
    assert (report.succeeded, report.networks) == (False, ("cluster", "demo/a"))


def test_a_del_that_is_interrupted_has_no_time_for_that(attached: World) -> None:
    attached.run.answer("macvlan", "DEL", InterruptedCallError("ended by signal 15"))
    with pytest.raises(InterruptedCallError):
        attached.delete()
    assert attached.told == []


def test_a_check_and_a_gc_are_told_too(attached: World) -> None:
    for type in ("bridge", "macvlan"):
        for command in ("CHECK", "GC"):
            attached.run.answer(type, command, None)
    attached.check()
    attached.collect()
    check, collected = attached.told
    assert (check[0], check[1].verb, check[1].networks) == ("demo/web/u1", "CHECK", ("cluster", "demo/a"))
    assert (collected[0], collected[1].verb, collected[1].networks) == ("//", "GC", ())
    assert [(phase.name, phase.plugin) for phase in collected[1].phases] == [
        ("undo", "macvlan"),
        ("undo", "bridge"),
        ("delegate", "bridge"),
        ("delegate", "macvlan"),
    ]
