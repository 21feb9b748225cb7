"""What is asked of the daemon, what is believed of its answers, and how its failures end: over a real socket."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from multus_py.base.clock import SystemClock
from multus_py.cluster import errors, frames, wire
from multus_py.cluster.daemon import Daemon, NoAnswerError
from multus_py.cluster.objects import Nad, Pod
from multus_py.cluster.port import Event, PodDevices, Report
from tests.fakes.clock import FakeClock
from tests.fakes.cluster import get_nad
from tests.unit.cluster.desk import desk, read_frame
from tests.unit.cluster.loopback import serving_at

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONObject, JSONValue
    from tests.unit.cluster.desk import Answer

POD = Pod(namespace="demo", name="web", uid="u1", annotations={"a": "b"}, node="node1")
WEB: JSONObject = {
    "metadata": {"namespace": "demo", "name": "web", "uid": "u1", "annotations": {"a": "b"}},
    "spec": {"nodeName": "node1"},
}
LONG_ENOUGH, NOT_LONG = 20.0, 0.05


def nad(name: str) -> JSONObject:
    return {"metadata": {"namespace": "demo", "name": name}, "spec": {"config": "{}"}}


def resolved(*nads: tuple[str, JSONValue], pod: JSONValue = None) -> JSONObject:
    return {"pod": pod, "nads": [["demo", name, found] for name, found in nads]}


def failure(kind: str) -> JSONObject:
    return {"error": {"kind": kind, "message": "because"}}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "daemon.sock"


def opened(path: Path, *, timeout: float = LONG_ENOUGH, nads: tuple[tuple[str, str], ...] = ()) -> Daemon:
    return Daemon(str(path), clock=SystemClock(), timeout=timeout, multus_namespace="kube-system", nads=nads)


def test_one_question_brings_the_pod_and_its_definitions(path: Path) -> None:
    with desk(path, resolved(("a", nad("a")), ("b", None), pod=WEB)) as heard:
        daemon = opened(path, nads=(("kube-system", "net"),))
        assert daemon.get_pod("demo", "web", "u1") == POD
        found, missing = daemon.get_nads([("demo", "a"), ("demo", "b")])
        assert found == Nad(namespace="demo", name="a", config="{}")
        assert isinstance(missing, errors.NotFoundError)
        daemon.close()
    asked = wire.Resolve(
        namespace="demo", name="web", uid="u1", multus_namespace="kube-system", nads=(("kube-system", "net"),)
    )
    assert heard.heard == [asked.document()]


def test_devices_are_asked_for_by_the_pods_uid(path: Path) -> None:
    with desk(path, {"claimed": {"a/b": ["2", "1"]}, "kubelet": None, "passedOver": ["gpu"]}) as heard:
        daemon = opened(path)
        assert daemon.get_devices(POD) == PodDevices(claimed={"a/b": ("2", "1")}, passed_over=("gpu",))
        daemon.close()
    assert heard.heard == [wire.GetDevices(namespace="demo", name="web", uid="u1").document()]


@pytest.mark.parametrize("answer", [failure("unsupported"), failure("other"), {"claimed": 7}, None])
def test_devices_of_which_the_daemon_cannot_tell_are_left_open(path: Path, answer: Answer) -> None:
    with desk(path, answer):
        daemon = opened(path, timeout=LONG_ENOUGH if answer else NOT_LONG)
        with pytest.raises(NoAnswerError):
            daemon.get_devices(POD)
        daemon.close()


@pytest.mark.parametrize(("kind", "error"), [("notFound", errors.NotFoundError), ("conflict", errors.ConflictError)])
def test_the_daemon_is_believed_that_the_pod_is_not_there(
    path: Path, kind: str, error: type[errors.ClusterError]
) -> None:
    with desk(path, failure(kind)):
        daemon = opened(path)
        with pytest.raises(error):
            daemon.get_devices(POD)
        daemon.close()


def test_definitions_that_did_not_come_with_the_pod_are_asked_for(path: Path) -> None:
    with desk(path, resolved(("a", nad("a")), pod=WEB), resolved(("b", nad("b")))) as heard:
        daemon = opened(path)
        daemon.get_pod("demo", "web")
        names = [("demo", "b"), ("demo", "a"), ("demo", "b")]
        assert [found.name for found in daemon.get_nads(names) if isinstance(found, Nad)] == ["b", "a", "b"]
        daemon.close()
    assert [question["name"] for question in heard.heard] == ["web", ""]
    assert heard.heard[1]["nads"] == [["demo", "b"]]


def test_the_status_is_set_for_the_pod_that_is_meant(path: Path) -> None:
    with desk(path, {}) as heard:
        daemon = opened(path)
        daemon.write_status(POD, {"status": "<ü>"})
        daemon.close()
    (question,) = heard.heard
    assert question == wire.SetStatus(namespace="demo", name="web", uid="u1", annotations={"status": "<ü>"}).document()


def test_nobody_waits_for_events_to_be_told(path: Path) -> None:
    events = (Event(reason="AddedInterface", message="Add net1"),)
    report = Report(verb="ADD", succeeded=True, seconds=0.1)
    with desk(path) as heard:
        daemon = opened(path)
        daemon.post_events(POD, events, report)
        daemon.post_events(POD, [])
        daemon.close()
    told = wire.Tell(namespace="demo", name="web", uid="u1", node="node1", events=events, report=report)
    assert heard.heard == [told.document(), told.replace(events=(), report=None).document()]


def test_a_pod_that_is_not_there_is_not_found(path: Path) -> None:
    with desk(path, resolved()):
        daemon = opened(path)
        with pytest.raises(errors.NotFoundError, match='no pod "web" in namespace "demo"'):
            daemon.get_pod("demo", "web")
        daemon.close()


@pytest.mark.parametrize(("kind", "type"), [("notFound", errors.NotFoundError), ("conflict", errors.ConflictError)])
def test_what_the_api_server_says_of_the_pod_itself_is_believed(
    path: Path, kind: str, type: type[errors.ClusterError]
) -> None:
    with desk(path, failure(kind)):
        daemon = opened(path)
        with pytest.raises(type, match="because"):
            daemon.write_status(POD, {})
        daemon.close()


def test_a_static_pod_has_another_uid_in_the_cluster(path: Path) -> None:
    mirrored: JSONObject = {
        "metadata": {
            "namespace": "demo",
            "name": "web",
            "uid": "u1",
            "annotations": {"kubernetes.io/config.source": "file"},
        }
    }
    with desk(path, resolved(pod=mirrored)):
        daemon = opened(path)
        assert daemon.get_pod("demo", "web", "of the runtime").uid == "u1"
        daemon.close()


def renamed(key: str, text: str) -> JSONObject:
    return {"metadata": {"namespace": "demo", "name": "web", "uid": "u1", key: text}}


POD_ANSWERS: dict[str, tuple[Answer, str]] = {
    "another name": (resolved(pod=renamed("name", "db")), 'the pod "db" in namespace "demo"'),
    "another namespace": (resolved(pod=renamed("namespace", "prod")), 'the pod "web" in namespace "prod"'),
    "another uid": (resolved(pod=renamed("uid", "u2")), "has the UID u2, not u1"),
    "no pod": (resolved(pod={}), "is no pod"),
    "no document": (resolved(pod="web"), "pod: expected an object"),
    "unavailable": (failure("unavailable"), "unavailable: because"),
    "forbidden": (failure("forbidden"), "forbidden: because"),
    "other": (failure("other"), "other: because"),
    "unsupported": (failure("unsupported"), "unsupported: because"),
    "of a later version": (failure("tired"), "tired: because"),
    "no failure": ({"error": {"kind": 7}}, "error.kind: expected a string"),
    "another version": ({"v": 2}, "version 2 is not 1"),
    "garbage": (b"HTTP/1.1 400 Bad Request\r\n\r\n", "more than the 16777216"),
    "no JSON": (b"\0\0\0\x02{]", "no message"),
    "half a frame": (b"\0\0\0\x10{", "hung up"),
    "half a header": (b"\0\0", "hung up"),
    "nothing": (b"", "hung up"),
}


@pytest.mark.parametrize(("answer", "problem"), POD_ANSWERS.values(), ids=list(POD_ANSWERS))
def test_an_answer_of_no_use_is_none(path: Path, answer: Answer, problem: str) -> None:
    with desk(path, answer):
        daemon = opened(path)
        with pytest.raises(NoAnswerError, match=problem):
            daemon.get_pod("demo", "web", "u1")
        daemon.close()


NAD_ANSWERS: dict[str, tuple[JSONObject, str]] = {
    "a failure": (resolved(("a", failure("unavailable"))), 'no network-attachment-definition "a": because'),
    "not mentioned": (resolved(("b", nad("b"))), "it says nothing of it"),
    "another one": (resolved(("a", nad("b"))), 'another network-attachment-definition than "a"'),
    "no definition": (resolved(("a", {})), "is no network-attachment-definition"),
    "no list": ({"nads": {}}, "nads: expected an array"),
}


@pytest.mark.parametrize(("answer", "problem"), NAD_ANSWERS.values(), ids=list(NAD_ANSWERS))
def test_a_definition_that_the_daemon_cannot_tell_of_is_no_answer(path: Path, answer: JSONObject, problem: str) -> None:
    with desk(path, answer):
        daemon = opened(path)
        with pytest.raises(NoAnswerError, match=problem):
            get_nad(daemon, "demo", "a")
        daemon.close()


def test_a_pod_without_a_name_is_not_asked_for(path: Path) -> None:
    with desk(path) as heard, pytest.raises(NoAnswerError):
        opened(path).get_pod("demo", "")
    assert heard.heard == []


def test_nobody_is_there(path: Path) -> None:
    with pytest.raises(NoAnswerError, match="No such file"):
        opened(path).get_pod("demo", "web")


def test_a_socket_file_is_left_over(path: Path) -> None:
    with serving_at(path, lambda _: None):
        pass
    with pytest.raises(NoAnswerError, match="Connection refused"):
        opened(path).get_pod("demo", "web")


def test_a_path_that_is_too_long_for_a_socket(path: Path) -> None:
    with pytest.raises(NoAnswerError, match="too long"):
        opened(path / ("x" * 200)).get_pod("demo", "web")


def test_there_is_no_room_for_one_more(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as other:
        listener.bind(str(path))
        listener.listen(0)
        other.connect(str(path))
        clock = FakeClock()
        with pytest.raises(NoAnswerError, match="timed out"):
            Daemon(str(path), clock=clock).get_pod("demo", "web")
        assert len(clock.sleeps) == 10


def silent(connection: socket.socket) -> None:
    while connection.recv(4096):
        pass


@pytest.mark.parametrize(
    "ask",
    [
        lambda daemon: daemon.get_pod("demo", "web"),
        lambda daemon: daemon.get_nads([("demo", "a")]),
        lambda daemon: daemon.write_status(POD, {}),
    ],
    ids=["pod", "definitions", "status"],
)
def test_no_answer_comes_in_time(path: Path, ask: Callable[[Daemon], object]) -> None:
    with serving_at(path, silent):
        daemon = opened(path, timeout=NOT_LONG)
        with pytest.raises(NoAnswerError, match="timed out"):
            ask(daemon)
        assert "not connected" in repr(daemon)
        with pytest.raises(NoAnswerError, match="the time for it is over"):
            ask(daemon)


def test_all_questions_of_a_call_share_its_time_and_delegates_take_nothing_of_it(path: Path) -> None:
    clock = FakeClock()

    def talk(connection: socket.socket) -> None:
        for seconds in (1.5, 0.4):
            read_frame(connection)
            clock.advance(seconds)
            connection.sendall(frames.pack({"v": frames.VERSION}, frames.MAX_ANSWER))

    with serving_at(path, talk):
        daemon = Daemon(str(path), clock=clock, timeout=2.0)
        for left in (0.5, 0.1):
            daemon.write_status(POD, {})
            clock.advance(60)
            assert daemon._left == pytest.approx(left)
        daemon.close()


def test_what_is_too_large_is_not_sent(path: Path) -> None:
    with desk(path) as heard, pytest.raises(NoAnswerError, match="more than the 1048576"):
        opened(path).write_status(POD, {"a": "x" * frames.MAX_REQUEST})
    assert heard.heard == []


def test_a_connection_that_has_ended_is_noticed(path: Path) -> None:
    with desk(path, b"\0\0\0\x07" + b'{"v":1}'):
        daemon = opened(path)
        daemon.write_status(POD, {})
        with pytest.raises(NoAnswerError, match=r"hung up|Broken pipe|reset"):
            daemon.write_status(POD, {})


@pytest.mark.root
def test_a_socket_of_another_user_is_told_nothing(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        os.seteuid(65534)  # the kernel remembers who called listen()
        try:
            listener.listen()
        finally:
            os.seteuid(0)
        with pytest.raises(NoAnswerError, match="belongs to user 65534"):
            opened(path).get_pod("demo", "web")
        connection, _ = listener.accept()
        with connection:
            assert connection.recv(1) == b""


def test_a_call_that_is_interrupted_hangs_up(path: Path) -> None:
    class Interruption(BaseException):
        pass

    class InterruptedClock(FakeClock):
        looks = 0

        def monotonic(self) -> float:
            self.looks -= 1
            if self.looks == 0:
                raise Interruption
            return super().monotonic()

    clock = InterruptedClock()
    with desk(path, {}):
        daemon = Daemon(str(path), clock=clock)
        daemon.write_status(POD, {})
        clock.looks = 3  # when it begins, when that ends, and how long to wait for the first byte to go
        with pytest.raises(Interruption):
            daemon.write_status(POD, {})
        assert "not connected" in repr(daemon)
