"""What goes wrong when it is told to, as a client sees it."""

from __future__ import annotations

import http.client
import json
import ssl

import pytest

from multus_py.lab.apiserver import APIServer
from multus_py.lab.faults import Answer, CutLine, Delay, Fault, Faults, Garbage, HangUp, Trickle
from multus_py.lab.objects import Object, decode, text
from multus_py.lab.store import Selection, Store
from tests.unit.lab.caller import MERGE, Caller, connect

POD1 = "/api/v1/namespaces/default/pods/pod1"


def test_the_first_rule_that_fits_is_used_as_often_as_it_says() -> None:
    faults = Faults()
    once, always = Answer(500), Answer(503)
    faults.add(Fault(once, method="GET", path="/pods/"), Fault(always, path="/pods/", times=None))
    assert faults.take("GET", "/events/e") is None
    assert [faults.take(method, POD1) for method in ("PATCH", "GET", "GET")] == [always, once, always]
    faults.clear()
    assert faults.take("GET", POD1) is None


def test_an_answer_is_a_status_with_its_retry_after(server: APIServer, caller: Caller) -> None:
    server.inject(Fault(Answer(429, "slow down", retry_after=7), times=2))
    for _ in range(2):
        response = caller.call("GET", "/version")
        assert response.code == 429
        assert response.headers["Retry-After"] == "7"
        assert (response.obj["reason"], response.obj["message"]) == ("TooManyRequests", "slow down")
    assert caller.call("GET", "/version").code == 200


@pytest.mark.parametrize(
    ("request_line", "message"),
    [
        (f"GET {POD1}", 'pods "pod1" is forbidden: User "lab" cannot get resource "pods"'),
        (f"PATCH {POD1}/status", 'pods "pod1" is forbidden: User "lab" cannot patch resource "pods/status"'),
        ("GET /api/v1/events?watch=1", 'events is forbidden: User "lab" cannot watch resource "events"'),
    ],
)
def test_a_403_without_words_speaks_like_rbac(
    server: APIServer, caller: Caller, request_line: str, message: str
) -> None:
    server.inject(Fault(Answer(403)))
    method, path = request_line.split()
    response = caller.call(method, path, {})
    where = 'in the namespace "default"' if "namespaces" in path else "at the cluster scope"
    assert response.code == 403
    assert text(response.obj, "message") == f'{message} in API group "" {where}'


def test_garbage_is_no_kubernetes(server: APIServer, caller: Caller) -> None:
    server.inject(Fault(Garbage()), Fault(Garbage(b"{", code=502, media_type="application/json")))
    response = caller.call("GET", "/version")
    assert (response.code, response.headers["Content-Type"]) == (200, "text/html")
    response = caller.call("GET", "/version")
    assert (response.code, response.body) == (502, b"{")


def test_a_hang_up_ends_the_connection_without_an_answer(server: APIServer, caller: Caller) -> None:
    server.inject(Fault(HangUp()), Fault(HangUp("headers")))
    with pytest.raises(http.client.RemoteDisconnected):
        caller.call("GET", "/version")
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        caller.call("POST", "/api/v1/namespaces", {"metadata": {"name": "new"}})
    assert [request.method for request in server.requests] == ["GET", "POST"]
    assert [request.connection for request in server.requests] == [1, 2]
    assert len(server.list("ns")) == 2


def test_a_reset_is_seen_as_one(server: APIServer, caller: Caller) -> None:
    server.inject(Fault(HangUp(reset=True)))
    with pytest.raises(ConnectionResetError):
        caller.call("GET", "/version")


def test_an_answer_can_be_lost_although_the_request_had_its_effect(
    server: APIServer, caller: Caller, pod: Object
) -> None:
    server.create(pod)
    server.inject(Fault(HangUp("effect")))
    with pytest.raises(http.client.IncompleteRead):
        caller.call("PATCH", POD1, {"metadata": {"labels": {"app": "db"}}}, media_type=MERGE)
    assert server.get("pod", "pod1")["metadata"] != pod["metadata"]


def test_a_watch_can_be_cut_off(server: APIServer, caller: Caller) -> None:
    server.inject(Fault(HangUp("effect"), path="watch=1"))
    with pytest.raises(http.client.IncompleteRead):
        caller.call("GET", "/api/v1/pods?watch=1")


def test_a_watch_can_be_cut_in_the_middle_of_a_line(server: APIServer, caller: Caller) -> None:
    for name in ("pod1", "pod2"):
        server.create({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}})
    server.inject(Fault(CutLine(1), path="watch=1"))
    with pytest.raises(http.client.IncompleteRead) as caught:
        caller.call("GET", "/api/v1/pods?watch=1")
    whole, half = caught.value.partial.split(b"\n")
    assert decode(whole)
    with pytest.raises(json.JSONDecodeError):
        decode(half)


def test_an_answer_can_come_a_few_bytes_at_a_time(server: APIServer, caller: Caller, pod: Object) -> None:
    server.create(pod)
    quick = caller.call("GET", POD1).body
    server.inject(Fault(Trickle(7, pause=0)))
    assert [caller.call("GET", POD1).body for _ in range(2)] == [quick, quick]


def test_a_delay_outlasts_the_client_but_not_the_server() -> None:
    with APIServer() as server:
        server.inject(Fault(Delay(3600)))
        connection = connect(server, timeout=0.05)
        connection.request("GET", "/version")
        with pytest.raises(TimeoutError):
            connection.getresponse()
        connection.close()


def test_a_delay_that_ends_is_followed_by_the_answer(server: APIServer, caller: Caller) -> None:
    server.inject(Fault(Delay(0)))
    assert caller.call("GET", "/version").code == 200


def test_healing_drops_the_rules(server: APIServer, caller: Caller) -> None:
    server.inject(Fault(Answer(500), times=None))
    assert caller.call("GET", "/version").code == 500
    server.heal()
    assert caller.call("GET", "/version").code == 200


def test_dropped_connections_are_gone_and_new_ones_are_served(server: APIServer, caller: Caller) -> None:
    caller.call("GET", "/version")
    server.drop_connections()
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        caller.call("GET", "/version")
    assert caller.call("GET", "/version").code == 200


def test_a_server_that_stops_ends_idle_connections_and_watches() -> None:
    with APIServer() as server:
        idle = Caller(server)
        idle.call("GET", "/version")
        watcher = connect(server)
        watcher.request("GET", "/api/v1/pods?watch=1", headers={"Authorization": f"Bearer {server.token()}"})
        response = watcher.getresponse()
    response.close()
    watcher.close()
    with pytest.raises(ConnectionError):
        idle.call("GET", "/version")
    idle.close()


class BrokenStore(Store):
    """A store that cannot list."""

    def select(self, selection: Selection) -> tuple[list[Object], int]:
        raise RuntimeError("the shelf fell down")


def test_a_failure_inside_the_server_is_an_answer_too() -> None:
    with APIServer(store=BrokenStore()) as server:
        caller = Caller(server)
        response = caller.call("GET", "/api/v1/pods")
        caller.close()
    assert response.code == 500
    assert "the shelf fell down" in text(response.obj, "message")


def test_a_client_that_does_not_trust_the_authority_gets_no_further(server: APIServer) -> None:
    with APIServer() as other:
        connection = connect(server)
        connection.host, connection.port = connect(other).host, connect(other).port
        with pytest.raises(ssl.SSLCertVerificationError):
            connection.request("GET", "/version")
        connection.close()
        assert other.requests == ()
