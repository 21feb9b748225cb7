from __future__ import annotations

import io
from pathlib import Path

import pytest

from multus_py.daemon import health
from multus_py.daemon.journal import Journal
from multus_py.daemon.pace import A_SECOND, BURST, EVERY
from multus_py.daemon.service import Service
from multus_py.daemon.state import Snapshot, State
from multus_py.hostconfig.errors import HostConfigError
from multus_py.hostconfig.reconcile import Change, Outcome
from tests.fakes.clock import FakeClock
from tests.fakes.daemon import FakeNode, FakeStop, FakeWatcher


class World:
    """A daemon on fakes, that is asked to stop after some rounds."""

    def __init__(
        self, node: FakeNode, *, rounds: int = 1, changes: tuple[float | None, ...] = (), trouble: str = ""
    ) -> None:
        self.clock, self.stop = FakeClock(), FakeStop()
        self.watcher = FakeWatcher(self.clock, self.stop, rounds=rounds, changes=changes, trouble=trouble)
        self.state = State(beat=self.clock.monotonic())
        self._log = io.StringIO()
        self.trouble_each_round = ""
        self.service = Service(
            node,
            watcher=self.watcher,
            stop=self.stop,
            state=self.state,
            journal=Journal(self._log, self.clock),
            clock=self.clock,
            each_round=lambda: [self.trouble_each_round],
        )

    def run(self) -> Snapshot:
        self.service.run()
        return self.state.read()

    def log(self) -> list[str]:
        return [line.partition(" ")[2] for line in self._log.getvalue().splitlines()]


def test_it_looks_at_the_start_and_every_few_seconds() -> None:
    node = FakeNode()
    world = World(node, rounds=3)

    assert world.run().checks == node.looked == 3
    assert world.watcher.waits == [EVERY] * 3


def test_it_watches_before_it_looks_so_that_no_change_is_missed() -> None:
    node = FakeNode()
    world = World(node)
    node.directories = (Path("/a"), Path("/b"))
    follow = world.watcher.follow
    looked_before = []

    def noting(directories: tuple[Path, ...]) -> str:
        looked_before.append(node.looked)
        return follow(directories)

    world.watcher.follow = noting  # type: ignore[assignment, method-assign]  # a wrapper of the fake's own
    world.run()

    assert (looked_before, world.watcher.followed) == ([0], [(Path("/a"), Path("/b"))])


def test_a_change_is_looked_at_at_once() -> None:
    node = FakeNode()
    world = World(node, rounds=2, changes=(0.001,))
    start = world.clock.monotonic()
    world.run()

    assert node.looked == 2
    assert world.clock.monotonic() - start == pytest.approx(EVERY + 0.001)
    assert world.watcher.rests == [0, 0]


def test_changes_without_end_do_not_keep_the_machine_busy() -> None:
    node = FakeNode()
    world = World(node, rounds=1000, changes=(0.0,) * 1000)
    start = world.clock.monotonic()
    world.run()

    assert (world.clock.monotonic() - start) / (1000 - BURST) == pytest.approx(1 / A_SECOND, rel=0.05)


def test_what_was_repaired_is_written_down() -> None:
    change = Change(what="config-missing", path=Path("/etc/cni/net.d/00-multus.conf"), why="it was gone")
    world = World(FakeNode(Outcome(changes=(change,)), Outcome()), rounds=3)
    world.run()

    assert world.log() == [
        'level=info event=repaired what=config-missing path=/etc/cni/net.d/00-multus.conf why="it was gone"',
        "level=info event=configured",
    ]


def test_what_it_waits_for_is_written_down_once_and_so_is_the_end_of_that() -> None:
    waiting = Outcome(waiting="no primary network")
    world = World(FakeNode(waiting, waiting, waiting, Outcome()), rounds=5)
    world.run()

    assert world.log() == ['level=info event=waiting text="no primary network"', "level=info event=configured"]


def test_warnings_are_written_down_once_while_they_last() -> None:
    world = World(FakeNode(Outcome(warnings=("a file is broken",))), rounds=100, trouble="cannot watch")
    world.trouble_each_round = "no port"
    world.run()

    assert world.log() == [
        "level=info event=configured",
        'level=warning event=warning text="no port"',
        'level=warning event=warning text="cannot watch"',
        'level=warning event=warning text="a file is broken"',
    ]


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (HostConfigError("/x: no"), "/x: no"),
        (ZeroDivisionError("oops"), "ZeroDivisionError: oops (look, line "),
        (OSError(5, "Input/output error"), "OSError: [Errno 5] Input/output error (look, line "),
    ],
    ids=["for a person", "a fault of ours", "unexpected"],
)
def test_a_failure_ends_nothing_and_is_tried_again_soon(failure: Exception, said: str) -> None:
    world = World(FakeNode(failure, failure, Outcome()), rounds=4)
    snapshot = world.run()

    assert world.watcher.waits == [0.25, 0.5, EVERY, EVERY]
    assert (snapshot.errors, snapshot.checks, snapshot.error) == (2, 2, "")
    failed, configured = world.log()
    assert failed.startswith("level=error event=failed text=")
    assert said in failed
    assert configured == "level=info event=configured"


def test_a_failure_is_seen_by_the_probe_and_a_recovery_too() -> None:
    world = World(FakeNode(Outcome(), HostConfigError("/x: no"), Outcome()), rounds=3)
    seen: list[bool] = []
    world.watcher.at_wait = lambda: seen.append(health.ready(world.state.read()).good)
    world.run()

    assert seen == [True, False, True]


def test_directories_that_cannot_be_named_end_nothing() -> None:
    node = FakeNode()
    node.directories = ValueError("oops")
    world = World(node, rounds=3)

    assert world.run().errors == 3


def test_a_settled_node_is_looked_at_only_when_something_has_changed() -> None:
    node = FakeNode()
    node.settled = True
    world = World(node, rounds=4, changes=(None, None, 1.0))
    world.run()

    assert node.looked == 2
    assert world.watcher.waits == [EVERY] * 4


def test_the_loop_shows_that_it_comes_round_whether_or_not_it_looks() -> None:
    node = FakeNode()
    node.settled = True
    world = World(node, rounds=10)
    world.run()

    assert world.clock.monotonic() - world.state.read().beat == EVERY


def test_leaving_says_what_is_gone() -> None:
    node = FakeNode()
    node.leaving = (Path("/etc/cni/net.d/00-multus.conf"),)
    world = World(node)

    assert world.service.leave(then=lambda: [Path("/opt/cni/bin/multus")])
    assert world.log() == ["level=info event=removed path=/etc/cni/net.d/00-multus.conf"]
    assert node.restored is False


def test_restoring_removes_the_configuration_first_and_then_the_rest() -> None:
    node = FakeNode()
    node.leaving = (Path("/etc/cni/net.d/00-multus.conf"),)
    world = World(node)

    assert world.service.leave(restoring=True, then=lambda: [Path("/opt/cni/bin/multus")])
    assert world.log() == [
        "level=info event=removed path=/etc/cni/net.d/00-multus.conf",
        "level=info event=removed path=/opt/cni/bin/multus",
    ]
    assert node.restored


def test_what_could_not_be_restored_keeps_the_rest_in_place() -> None:
    node = FakeNode()
    node.leaving = HostConfigError("/x: read-only")
    world = World(node)

    def never() -> list[Path]:
        raise AssertionError("a runtime would find a configuration whose program is gone")

    assert not world.service.leave(restoring=True, then=never)


def test_leaving_may_fail() -> None:
    node = FakeNode()
    node.leaving = HostConfigError("/x: read-only")
    world = World(node)

    assert not world.service.leave()
    assert world.log() == ['level=error event=failed text="/x: read-only"']
