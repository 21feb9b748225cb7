from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from multus_py.cluster import events
from multus_py.cluster.objects import Pod
from multus_py.cluster.port import Event

GOLDEN = Path(__file__).parents[2] / "golden" / "cluster"
POD = Pod(namespace="default", name="web", uid="0d1f7e4c-8d0b-4c40-a6a2-3f7f3d3f9b11", annotations={}, node="node1")
EVENT = Event(reason="AddedInterface", message="Add net1 [192.0.2.7/24] from default/macvlan")
NOW = 1_795_226_534.25
SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")


def name(pod: Pod, event: Event, now: float = NOW) -> str:
    metadata = events.document(pod, event, now=now)["metadata"]
    assert isinstance(metadata, dict)
    return str(metadata["name"])


def test_an_event_looks_as_kubernetes_wants_it() -> None:
    assert events.document(POD, EVENT, now=NOW) == json.loads((GOLDEN / "event.json").read_text())


def test_the_same_event_has_the_same_name() -> None:
    assert name(POD, EVENT) == name(POD, EVENT)


@pytest.mark.parametrize(
    "other",
    [
        name(POD, EVENT, NOW + 0.001),
        name(POD.replace(uid="another"), EVENT),
        name(POD, EVENT.replace(message="Add net2")),
        name(POD, EVENT.replace(reason="NoNetworkFound")),
    ],
    ids=["time", "pod", "message", "reason"],
)
def test_another_event_has_another_name(other: str) -> None:
    assert other != name(POD, EVENT)


@pytest.mark.parametrize("pod", ["a" * 253, "a" * 199 + "-b", "a" * 198 + "-.b", "a.b"], ids=["long", "-", "-.", "."])
def test_the_name_is_always_one_that_kubernetes_accepts(pod: str) -> None:
    made = name(POD.replace(name=pod), EVENT)
    assert len(made) <= 253
    assert SUBDOMAIN.fullmatch(made)


@pytest.mark.parametrize("message", ["ä" * 2000, "x" * 2000], ids=["in the middle of a character", "ASCII"])
def test_a_message_is_cut_where_kubernetes_would_refuse_it(message: str) -> None:
    made = str(events.document(POD, EVENT.replace(message=message), now=NOW)["message"])
    assert message.startswith(made)
    assert 1020 <= len(made.encode()) <= 1024


def test_a_message_may_hold_what_is_no_text() -> None:
    assert events.document(POD, EVENT.replace(message="bad \udcff byte"), now=NOW)["message"] == "bad ? byte"
