"""The daemon's protocol: messages survive the way, and nothing malformed gets through."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

import multus_py
from multus_py.cluster import errors, frames, wire
from multus_py.cluster.port import Event, Phase, PodDevices, Report

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONObject

RESOLVE = wire.Resolve(namespace="demo", name="web", uid="u1", multus_namespace="kube-system", nads=(("a", "b"),))
SET_STATUS = wire.SetStatus(namespace="demo", name="web", uid="u1", annotations={"a": "<ü>"})
TELL = wire.Tell(
    namespace="demo",
    name="web",
    uid="u1",
    node="node1",
    events=(Event(reason="AddedInterface", message="Add net1"), Event(type="Warning", reason="R", message="")),
    report=Report(
        verb="ADD",
        succeeded=True,
        seconds=0.05,
        networks=("cluster", "demo/a"),
        phases=(Phase(name="plan", seconds=0.001), Phase(name="delegate", plugin="bridge", seconds=0.02)),
    ),
)
GET_DEVICES = wire.GetDevices(namespace="demo", name="web", uid="u1")
REQUESTS = [
    RESOLVE,
    GET_DEVICES,
    wire.Resolve(namespace="", name=""),
    SET_STATUS,
    TELL,
    TELL.replace(events=(), report=None),
]


def body(document: JSONObject) -> bytes:
    return frames.pack(document, frames.MAX_REQUEST)[frames.HEADER_SIZE :]


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda each: type(each).__name__)
def test_requests_survive_the_way(request_: wire.Request) -> None:
    assert wire.request(body(request_.document())) == request_


def test_answers_survive_the_way() -> None:
    failure = wire.Failure(kind="forbidden", message="no")
    resolved = wire.Resolved(
        pod={"metadata": {"name": "web"}},
        nads={("demo", "a"): {"spec": {}}, ("demo", "b"): None, ("demo", "c"): failure, ("demo", "d"): {}},
    )
    assert wire.Resolved.read(frames.unpack(body(resolved.document()))) == resolved
    nothing = wire.Resolved(pod=None, nads={})
    assert wire.Resolved.read(frames.unpack(body(nothing.document()))) == nothing
    assert wire.Failure.read(frames.unpack(body(failure.document()))) == failure
    assert wire.Failure.read(frames.unpack(body(nothing.document()))) is None


def test_an_answer_says_which_program_it_is_from_and_need_not() -> None:
    said = wire.Resolved(pod=None, nads={}).document()
    assert wire.Resolved.read(frames.unpack(body(said))).program == multus_py.VERSION
    for other in ({}, {"program": None}, {"program": 5}):
        silent = {key: item for key, item in said.items() if key != "program"} | other
        assert not wire.Resolved.read(frames.unpack(body(silent))).program


@pytest.mark.parametrize("kubelet", [None, {}, {"b/c": ("9", "8")}], ids=["unknown", "none", "some"])
def test_devices_survive_the_way_in_their_order(kubelet: dict[str, tuple[str, ...]] | None) -> None:
    devices = PodDevices(claimed={"z/z": ("2", "1"), "a/a": ("3",)}, kubelet=kubelet, passed_over=("gpu",))
    found = wire.read_devices(frames.unpack(body(wire.devices_document(devices))))
    assert found == devices
    assert list(found.claimed) == ["z/z", "a/a"]


@pytest.mark.parametrize(
    "answer",
    [{"claimed": []}, {"claimed": {"a": "1"}}, {"kubelet": {"a": [1]}}, {"passedOver": "x"}],
    ids=["list", "text", "number", "no list"],
)
def test_devices_that_are_none_are_refused(answer: JSONObject) -> None:
    with pytest.raises(frames.WireError, match="no message"):
        wire.read_devices(frames.unpack(body({"v": 1, **answer})))


@pytest.mark.parametrize("version", [None, 2, "1", 1.5, [1]])
def test_another_version_is_not_understood(version: str | float | None) -> None:
    with pytest.raises(frames.UnsupportedError, match="version"):
        wire.request(json.dumps({**RESOLVE.document(), "v": version}).encode())


def test_another_question_is_not_understood() -> None:
    with pytest.raises(frames.UnsupportedError, match="'dance'"):
        wire.request(body({"v": 1, "ask": "dance"}))


def test_what_is_not_known_means_nothing() -> None:
    more: JSONObject = {"colour": ["red"]}
    assert wire.request(body({**RESOLVE.document(), **more, "nads": [["a", "b", 3]]})) == RESOLVE
    assert wire.request(body({**TELL.document(), **more})) == TELL


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        '{"v":1',
        '{"v":1,"ask":7}',
        '{"v":1,"ask":"resolve","namespace":1}',
        '{"v":1,"ask":"resolve","nads":[["a"]]}',
        '{"v":1,"ask":"resolve","nads":[["a",1]]}',
        '{"v":1,"ask":"resolve","nads":["ab"]}',
        '{"v":1,"ask":"status","annotations":{"a":1}}',
        '{"v":1,"ask":"status","annotations":[]}',
        '{"v":1,"ask":"events","events":[null]}',
        '{"v":1,"ask":"events","events":{}}',
        '{"v":1,"ask":"events","report":[]}',
        '{"v":1,"ask":"events","report":{"phases":[["plan",""]]}}',
        '{"v":1,"ask":"events","report":{"phases":[["plan","","1"]]}}',
        '{"v":1,"ask":"events","report":{"seconds":true}}',
        '{"v":1,"ask":"events","report":{"networks":[1]}}',
    ],
)
def test_what_is_no_request_is_refused(text: str) -> None:
    with pytest.raises(frames.WireError):
        wire.request(text.encode())


@pytest.mark.parametrize(
    "text",
    [
        '{"v":1,"pod":[]}',
        '{"v":1,"nads":{}}',
        '{"v":1,"nads":[["a","b"]]}',
        '{"v":1,"nads":[["a","b","c"]]}',
        '{"v":1,"nads":[["a","b",{"error":"no"}]]}',
    ],
)
def test_what_is_no_answer_is_refused(text: str) -> None:
    with pytest.raises(frames.WireError):
        wire.Resolved.read(frames.unpack(text.encode()))


def test_a_failure_that_says_nothing_readable_is_refused() -> None:
    with pytest.raises(frames.WireError):
        wire.Failure.read(frames.unpack(b'{"v":1,"error":{"kind":1}}'))


@given(st.binary(max_size=40))
def test_whatever_comes_is_read_or_refused(data: bytes) -> None:
    try:
        wire.request(data)
    except frames.WireError:
        pass


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (errors.ConflictError("x"), "conflict"),
        (errors.NotFoundError("x"), "notFound"),
        (errors.ForbiddenError("x"), "forbidden"),
        (errors.UnavailableError("x"), "unavailable"),
    ],
)
def test_a_failure_is_the_same_error_on_the_other_side(error: errors.ClusterError, kind: str) -> None:
    failure = wire.Failure.of(error)
    assert failure.kind == kind
    assert type(failure.error()) is type(error)
    assert str(failure.error()) == str(error)


@pytest.mark.parametrize("kind", ["other", "unsupported", "of a later version"])
def test_other_failures_are_errors_too(kind: str) -> None:
    assert wire.Failure.of(errors.UnauthorizedError("x")).kind == "other"
    assert type(wire.Failure(kind=kind, message="x").error()) is errors.ClusterError
