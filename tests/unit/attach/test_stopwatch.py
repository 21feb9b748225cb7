"""What a call says of the time that its parts took."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from multus_py.attach.stopwatch import Stopwatch
from multus_py.cluster.port import Phase, Report
from multus_py.cni import errors
from multus_py.entry import InterruptedCallError
from tests.fakes.clock import FakeClock
from tests.fakes.processes import PluginCall
from tests.unit.attach.world import World, exits

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONObject


def reported(world: World) -> Report:
    assert world.cluster
    (report,) = world.cluster.reports
    return report


def plugin(world: World, type: str, *, add: float = 0.0, delete: float = 0.0) -> None:
    """Install a plugin that takes its time."""

    def make(call: PluginCall) -> JSONObject:
        world.clock.advance(add)
        return world.make(call)

    def unmake(call: PluginCall) -> None:
        world.clock.advance(delete)
        world.unmake(call)

    world.run.answer(type, "ADD", make)
    world.run.answer(type, "DEL", unmake)


def test_a_phase_is_noted_however_it_ends() -> None:
    clock = FakeClock()
    stopwatch = Stopwatch(clock)
    with stopwatch.phase("plan"):
        clock.advance(1)
    with pytest.raises(ZeroDivisionError), stopwatch.phase("record"):
        clock.advance(1 // 0)
    with stopwatch.phase("record"):
        clock.advance(2)
    clock.advance(4)
    assert stopwatch.report("ADD", succeeded=False, networks=iter(["a"])) == Report(
        verb="ADD",
        succeeded=False,
        seconds=7,
        networks=("a",),
        phases=(
            Phase(name="plan", seconds=1),
            Phase(name="record", seconds=0),
            Phase(name="record", seconds=2),
        ),
    )


def test_an_add_reports_each_plugin_by_its_type(world: World) -> None:
    plugin(world, "bridge", add=1.0)
    plugin(world, "macvlan", add=2.0)
    world.put_nad("a")
    world.put_pod("a")
    world.add()
    report = reported(world)
    assert (report.verb, report.succeeded, report.seconds) == ("ADD", True, 3.0)
    assert report.networks == ("cluster", "demo/a")
    assert [(phase.name, phase.plugin, phase.seconds) for phase in report.phases] == [
        ("pod", "", 0.0),
        ("plan", "", 0.0),
        ("record", "", 0.0),
        ("delegate", "bridge", 1.0),
        ("delegate", "macvlan", 2.0),
        ("status", "", 0.0),
    ]


def test_an_add_that_failed_reports_what_was_undone(world: World) -> None:
    plugin(world, "bridge", delete=4.0)
    world.run.answer("macvlan", "ADD", exits(1, stderr="no"))
    world.run.answer("macvlan", "DEL", None)
    world.put_nad("a")
    world.put_pod("a")
    with pytest.raises(errors.CNIError):
        world.add()
    report = reported(world)
    assert (report.succeeded, report.seconds, report.networks) == (False, 4.0, ())
    assert [(phase.name, phase.plugin) for phase in report.phases[3:]] == [
        ("delegate", "bridge"),
        ("delegate", "macvlan"),
        ("undo", "macvlan"),
        ("undo", "bridge"),
    ]


@pytest.fixture
def attached(world: World) -> World:
    """Return a world whose pod is attached to two networks, and that listens how calls go from now on."""
    plugin(world, "bridge", delete=1.0)
    plugin(world, "macvlan", delete=2.0)
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


def test_an_add_that_could_not_be_planned_is_reported_too(world: World) -> None:
    world.put_pod("not valid!")
    with pytest.raises(errors.CNIError):
        world.add()
    report = reported(world)
    assert (report.succeeded, [phase.name for phase in report.phases]) == (False, ["pod", "plan"])
