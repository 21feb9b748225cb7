"""A few cases of each topic of `make chaos`, always the same ones: that takes ten minutes, this takes seconds."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest

from tests.chaos.case import Case
from tests.chaos.scene import Scene, scene
from tests.chaos.topics import TOPICS

pytestmark = [pytest.mark.root, pytest.mark.slow]

SAMPLES = {
    "steps of ADD": ("crash", "ADD is killed before", 3),
    "steps of DEL": ("crash", "DEL is killed before", 2),
    "spoilt files": ("torn", ": ", 3),
    "reboots": ("torn", "reboot", 1),
    "delegates that fail an ADD": ("delegates", "ADD: ", 3),
    "delegates that fail a DEL": ("delegates", "DEL: ", 2),
    "plugins that are no programs": ("delegates", "a plugin that", 2),
    "signals": ("delegates", "ignores signals", 1),
    "refusals of the system": ("refusals", " at step ", 4),
    "full disks": ("refusals", "a disk of", 1),
    "an API server that frames its answers badly": ("apiserver", "chunk", 2),
    "an API server that redirects": ("apiserver", "moved for", 1),
    "an API server that has another object": ("apiserver", "of another", 2),
    "an API server that says what it likes": ("apiserver", "codes ", 1),
    "an API server that nobody should trust": ("apiserver", "TLS: ", 1),
    "a small crowd": ("crowd", "8 pods at once", 1),
    "calls that overlap": ("crowd", "for one container", 2),
}
"""What is tried: a topic, what the names of its cases have in them, and how many of these."""


@pytest.fixture(name="place")
def _place() -> Iterator[Scene]:
    with scene() as made:
        yield made


@pytest.mark.parametrize(("topic", "wanted", "count"), SAMPLES.values(), ids=list(SAMPLES))
def test_a_sample_holds(place: Scene, topic: str, wanted: str, count: int) -> None:
    random = Random(topic)
    found = [case for case in TOPICS[topic](place, random) if wanted in case.name]
    for case in random.sample(found, count):
        case.attempt(place)


def test_a_case_that_fails_tells_of_its_calls_and_of_its_log_only(place: Scene) -> None:
    def failing(there: Scene) -> None:
        pod = there.attached()
        there.is_gone(pod)
        raise AssertionError("this is the case that fails")

    Case("another one", lambda there: there.is_gone(there.attached())).attempt(place)
    with pytest.raises(AssertionError) as caught:
        Case("one that fails", failing).attempt(place)
    (note,) = caught.value.__notes__
    calls, _, log = note.partition("Their log:")
    assert [line.split()[0] for line in calls.splitlines()[1:]] == ["ADD", "DEL"]
    assert calls.count("status 0") == 2
    assert log.count("bin/misfit, interface net2: exit status 0") == 2, log
