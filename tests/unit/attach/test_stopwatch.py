"""What a call says of the time that its parts took."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from multus_py.attach.stopwatch import Stopwatch
from multus_py.cluster.port import Phase, Report
from multus_py.cni import errors
from tests.fakes.clock import FakeClock
from tests.unit.attach.world import World, exits, slow_plugin

if TYPE_CHECKING:
    pass


def reported(world: World) -> Report:
    assert world.cluster
    (report,) = world.cluster.reports
    return report


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
    slow_plugin(world, "bridge", add=1.0)
    slow_plugin(world, "macvlan", add=2.0)
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
    slow_plugin(world, "bridge", delete=4.0)
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


def test_an_add_that_could_not_be_planned_is_reported_too(world: World) -> None:
    world.put_pod("not valid!")
    with pytest.raises(errors.CNIError):
        world.add()
    report = reported(world)
    assert (report.succeeded, [phase.name for phase in report.phases]) == (False, ["pod", "plan"])
