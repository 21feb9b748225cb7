"""List, watch, and what happens when either goes wrong. The source is a script; no time passes but on a fake clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from multus_py.cluster import errors
from multus_py.cluster.objects import Pod
from multus_py.daemon.cache import Cache, keep_pod
from multus_py.daemon.following import FIRST_PAUSE, GRACE, LONGEST_PAUSE, Change, ExpiredError, Follower, Page
from tests.fakes.clock import FakeClock
from tests.fakes.following import FakeSource, Step, item

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONObject

LONG = 400.0
"""Seconds that a watch lasts when nothing is wrong."""


class World:
    """A follower of a script."""

    def __init__(self, *, spread: float = 0.0, jitter: float = 0.5) -> None:
        self.clock = FakeClock()
        self.source = FakeSource(self.clock)
        self.cache = Cache()
        self.follower = Follower(
            self.source,
            self.cache,
            what="pods",
            keep=lambda document: keep_pod(document, node="node1"),
            clock=self.clock,
            stop=self.source,
            jitter=lambda: jitter,
            spread=spread,
        )

    def pods(self) -> dict[str, Pod]:
        """Run to the end of the script; return what is in memory then."""
        self.follower.run()
        names = ("a", "b", "c", "d")
        kept = {name: self.cache.get(("default", name)) for name in names}
        return {name: Pod.from_document(found.document()) for name, found in kept.items() if found}


def changes(*named: tuple[str, str, str]) -> list[Step]:
    """Return the steps of a watch that lasts: changes given as type, name and version."""
    return [*(Change(type=type, item=item(name, version=version)) for type, name, version in named), LONG]


def test_it_lists_and_then_watches_from_the_version_of_the_list() -> None:
    world = World()
    world.source.lists = [Page(items=(item("a"), item("b")), version="7")]
    world.source.watches = [changes(("ADDED", "c", "8"), ("DELETED", "a", "9"), ("MODIFIED", "b", "10"))]

    assert set(world.pods()) == {"b", "c"}
    assert world.source.asked == [("list", "0"), ("watch", "7"), ("watch", "10")]


def test_what_is_kept_has_its_node_and_its_annotations() -> None:
    world = World()
    world.source.lists = [Page(items=(item("a", uid="u", networks="x"),), version="7")]

    expected = Pod(namespace="default", name="a", uid="u", annotations={"networks": "x"}, node="node1")
    assert world.pods() == {"a": expected}


def test_all_pages_of_a_list_are_read_and_replace_what_there_was_at_once() -> None:
    world = World()
    world.cache.put(("default", "d"), keep_pod(item("d"), node="node1"))
    world.source.lists = [
        Page(items=(item("a"),), version="7", token="t1"),
        Page(items=(item("b"),), version="8", token="t2"),
        Page(items=(item("c"),), version="9"),
    ]

    assert set(world.pods()) == {"a", "b", "c"}
    assert world.source.asked == [("list", "0"), ("list", "", "t1"), ("list", "", "t2"), ("watch", "7")]


def test_a_list_that_breaks_off_changes_nothing() -> None:
    world = World()
    world.cache.put(("default", "d"), keep_pod(item("d"), node="node1"))
    world.source.lists = [Page(items=(item("a"),), version="7", token="t1"), errors.UnavailableError("refused")]

    world.source.lists.append(Page(items=(item("d"),), version="8"))
    assert set(world.pods()) == {"d"}


def test_bookmarks_move_the_version_and_nothing_else() -> None:
    world = World()
    world.source.lists = [Page(items=(item("a"),), version="7")]
    bookmark = Change(type="BOOKMARK", item={"metadata": {"resourceVersion": "30"}})
    world.source.watches = [[bookmark, LONG]]

    assert set(world.pods()) == {"a"}
    assert world.source.asked[-1] == ("watch", "30")


def test_a_watch_that_ends_after_minutes_is_begun_again_at_once() -> None:
    world = World()
    world.source.lists = [Page(items=(), version="7")]
    world.source.watches = [[LONG], [LONG], [LONG]]
    world.pods()

    assert world.clock.sleeps == []
    standing = world.follower.standing()
    assert (standing.lists, standing.watches, standing.failures) == (1, 4, 0)


def test_watches_that_end_at_once_are_begun_again_more_and_more_slowly() -> None:
    world = World()
    world.source.lists = [Page(items=(), version="7")]
    world.source.watches = [[], [], []]
    world.pods()

    assert world.clock.sleeps == [FIRST_PAUSE, 2 * FIRST_PAUSE, 4 * FIRST_PAUSE]


@pytest.mark.parametrize("at", ["beginning", "step"])
def test_a_version_that_is_gone_is_answered_with_a_list_that_is_no_older(at: str) -> None:
    world = World()
    world.source.lists = [Page(items=(item("a"),), version="7"), Page(items=(item("b"),), version="90")]
    gone = ExpiredError("too old")
    world.source.watches = [gone if at == "beginning" else [2.0, gone], [LONG]]

    assert set(world.pods()) == {"b"}
    assert world.source.asked[:4] == [("list", "0"), ("watch", "7"), ("list", "7"), ("watch", "90")]
    assert world.clock.sleeps == [FIRST_PAUSE]


def test_after_an_outage_a_version_that_is_gone_is_no_reason_to_wait_for_long() -> None:
    world = World()
    world.source.lists = [Page(items=(), version="7"), Page(items=(), version="90")]
    away = errors.UnavailableError("refused")
    world.source.watches = [[LONG, away], away, away, away, ExpiredError("too old"), [LONG]]
    world.pods()

    assert world.clock.sleeps == [0.5, 1.0, 2.0, 4.0, FIRST_PAUSE]


def test_versions_that_are_always_gone_are_asked_for_more_and_more_slowly() -> None:
    world = World()
    world.source.lists = [Page(items=(), version=str(version)) for version in range(1, 6)]
    world.source.watches = [ExpiredError("too old") for _ in range(4)]
    world.pods()

    assert world.clock.sleeps == [0.5, 1.0, 2.0, 4.0]


def test_a_list_whose_rest_is_gone_is_begun_anew_from_the_newest() -> None:
    world = World()
    first = Page(items=(item("a"),), version="7", token="t1")
    world.source.lists = [first, ExpiredError("too old"), Page(items=(item("b"),), version="9")]

    assert set(world.pods()) == {"b"}
    assert world.source.asked[:3] == [("list", "0"), ("list", "", "t1"), ("list", "")]


def test_a_server_that_does_not_come_to_know_our_version_is_asked_for_the_newest() -> None:
    world = World()
    behind = errors.UnavailableError("504: Too large resource version")
    world.source.lists = [Page(items=(), version="7"), behind, behind, Page(items=(item("b"),), version="9")]
    world.source.watches = [[LONG, ExpiredError("too old")]]

    assert set(world.pods()) == {"b"}
    assert [asked[1] for asked in world.source.asked if asked[0] == "list"][:4] == ["0", "7", "7", ""]


def test_failures_are_followed_by_longer_and_longer_pauses_up_to_a_limit() -> None:
    world = World()
    world.source.lists = [errors.UnavailableError("refused") for _ in range(8)]
    world.pods()

    assert world.clock.sleeps == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, LONGEST_PAUSE, LONGEST_PAUSE]
    assert world.follower.standing().failures == 8


def test_a_failure_after_a_good_watch_is_the_first_one_again() -> None:
    world = World()
    world.source.lists = [errors.UnavailableError("refused"), Page(items=(), version="7")]
    world.source.watches = [[LONG, errors.UnavailableError("reset")], [LONG]]
    world.pods()

    assert world.clock.sleeps == [FIRST_PAUSE, FIRST_PAUSE]


def test_nodes_do_not_ask_at_the_same_time() -> None:
    pauses = []
    for jitter in (0.0, 1.0):
        world = World(spread=2.0, jitter=jitter)
        world.source.lists = [errors.UnavailableError("refused"), Page(items=(), version="7")]
        world.pods()
        pauses.append(world.clock.sleeps)

    assert pauses == [[0.25], [2.0, 0.75]]


def test_an_object_that_cannot_be_read_is_not_kept_so_that_it_is_asked_for() -> None:
    world = World()
    broken = item("b")
    broken["metadata"] = {"namespace": "default", "name": "b"}  # no UID
    world.source.lists = [Page(items=(item("a"), broken), version="7")]
    world.source.watches = [[Change(type="MODIFIED", item={"metadata": {"namespace": "default", "name": "a"}}), LONG]]

    assert world.pods() == {}


@pytest.mark.parametrize("nonsense", [{}, {"metadata": []}, {"metadata": {"name": 1}}], ids=["{}", "list", "number"])
def test_nonsense_is_a_failure_and_not_the_end(nonsense: JSONObject) -> None:
    world = World()
    world.source.lists = [Page(items=(item("a"),), version="7")]
    world.source.watches = [[Change(type="ADDED", item=nonsense), LONG]]

    assert set(world.pods()) == {"a"}


def test_a_fault_of_ours_is_a_failure_and_everything_is_listed_anew() -> None:
    world = World()
    world.source.lists = [Page(items=(item("a"),), version="7"), Page(items=(item("b"),), version="9")]
    world.source.watches = [[ZeroDivisionError("oh")]]

    assert set(world.pods()) == {"b"}


def test_the_trouble_is_told_until_there_is_a_watch_again() -> None:
    world = World()
    seen = []
    world.source.lists = [errors.UnavailableError("cannot list pods: refused"), Page(items=(), version="7")]
    world.source.watches = [[1.0]]
    world.source.at_step = lambda: seen.append(world.follower.standing().trouble)
    pause = world.follower._round()

    assert pause == FIRST_PAUSE
    assert world.follower.standing().trouble == "pods: cannot list pods: refused"
    world.follower.run()
    assert seen == [""]


def test_memory_is_current_while_there_is_a_watch_and_a_little_after() -> None:
    world = World()
    seen = []

    def look() -> None:
        seen.append(world.follower.is_current())

    assert not world.follower.is_current()
    world.source.lists = [Page(items=(), version="7")]
    world.source.watches = [[50.0]]
    world.source.at_step = look
    world.follower._round()
    world.clock.advance(GRACE)
    look()

    assert seen == [True, False]


def test_memory_is_not_current_before_the_first_list() -> None:
    world = World()
    world.source.lists = [errors.UnavailableError("refused")]
    world.follower._round()

    assert not world.follower.is_current()
