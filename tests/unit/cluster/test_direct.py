"""The direct adapter against the lab's API server: what it survives, and what it says when it does not."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from multus_py.base.clock import SystemClock
from multus_py.base.log import Log, Options
from multus_py.cluster import errors, kubeconfig, url
from multus_py.cluster.direct import Direct
from multus_py.cluster.kubeconfig import Access
from multus_py.cluster.objects import Nad, Pod
from multus_py.cluster.port import Event
from multus_py.lab.apiserver import APIServer
from multus_py.lab.certs import Authority
from multus_py.lab.faults import Action, Answer, Delay, Fault, Garbage, HangUp
from tests.fakes.clock import FakeClock
from tests.fakes.cluster import get_nad
from tests.unit.cluster.asking import Fixture, rotate
from tests.unit.cluster.loopback import answering, serving

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONObject

EVENT = Event(reason="AddedInterface", message="Add net1")
OTHER_EVENT = Event(reason="AddedInterface", message="Add net2")
POD_PATH = "/api/v1/namespaces/default/pods/web"


def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


Ask = Callable[[Fixture, Pod], object]

# ------------------------------------------------------------------------------------------- what is sent


def test_a_call_needs_one_connection(fixture: Fixture) -> None:
    pod = fixture.pod()
    with pytest.raises(errors.NotFoundError):
        get_nad(fixture.direct, "default", "net")
    fixture.direct.get_nads([("default", "net"), ("default", "other")])
    fixture.direct.write_status(pod, {"a": "b"})
    fixture.direct.post_events(pod, [EVENT, OTHER_EVENT])
    assert {request.connection for request in fixture.server.requests} == {1}
    assert fixture.clock.sleeps == []


def test_nothing_happens_before_the_first_question(fixture: Fixture) -> None:
    nowhere = Access(server=url.parse("https://192.0.2.1"), ca="no certificate", token_file="/nowhere")
    direct = fixture.open(nowhere)
    assert repr(direct) == "Direct(https://192.0.2.1:443, not connected)"
    direct.close()
    assert fixture.server.requests == ()


def test_the_status_is_one_patch_guarded_by_the_uid(fixture: Fixture) -> None:
    pod = fixture.pod()
    fixture.server.forget_requests()
    fixture.direct.write_status(pod, {"k8s.v1.cni.cncf.io/network-status": "[]"})
    (request,) = fixture.server.requests
    assert (request.method, request.path) == ("PATCH", f"{POD_PATH}/status")
    assert dict(request.headers)["Content-Type"] == "application/merge-patch+json"
    annotations = {"k8s.v1.cni.cncf.io/network-status": "[]"}
    assert json.loads(request.body) == {"metadata": {"uid": pod.uid, "annotations": annotations}}


def test_requests_say_who_asks_and_for_what(fixture: Fixture) -> None:
    fixture.pod()
    headers = dict(fixture.server.requests[0].headers)
    assert headers["Accept"] == "application/json"
    assert headers["User-Agent"].startswith("multus-py/")
    assert headers["Host"] == url.parse(fixture.server.url).authority


def test_a_path_of_the_server_stands_in_front(fixture: Fixture) -> None:
    access = fixture.access
    direct = fixture.open(access.replace(server=access.server.replace(path="/k8s/c-1")))
    with pytest.raises(errors.ClusterError, match="is it a Kubernetes API server"):
        direct.get_pod("default", "web")
    assert fixture.server.requests[0].path == f"/k8s/c-1{POD_PATH}"


def test_names_that_lead_elsewhere_are_not_even_sent(fixture: Fixture) -> None:
    for name in ("", "..", "../x", "a/b", "%2e"):
        with pytest.raises(errors.ClusterError, match="no object can have such a name"):
            fixture.direct.get_pod("default", name)
        with pytest.raises(errors.ClusterError, match="no object can have such a name"):
            get_nad(fixture.direct, "default", name)
    assert fixture.server.requests == ()


# ----------------------------------------------------------------------------------------- what it survives

TRANSIENT: dict[str, Action] = {
    "429": Answer(429),
    "500": Answer(500),
    "502": Answer(502),
    "503": Answer(503),
    "504": Answer(504),
    "proxy's 502": Garbage(code=502),
    "closed": HangUp(),
    "closed early": HangUp(after="headers"),
    "reset": HangUp(reset=True),
    "broken off": HangUp(after="effect"),
}


@pytest.mark.parametrize("action", TRANSIENT.values(), ids=TRANSIENT)
def test_what_passes_is_waited_for(fixture: Fixture, action: Action) -> None:
    fixture.server.inject(Fault(action, times=3))
    assert fixture.pod().name == "web"
    first, second, third = fixture.clock.sleeps
    assert 0.1 <= first < second < third < 1


@pytest.mark.parametrize("action", TRANSIENT.values(), ids=TRANSIENT)
def test_what_does_not_pass_is_given_up_in_time(fixture: Fixture, action: Action) -> None:
    fixture.server.inject(Fault(action, times=None))
    with pytest.raises(errors.UnavailableError, match=r"cannot get pods .*https://127.*attempt \d"):
        fixture.pod()
    assert 5 < sum(fixture.clock.sleeps) < 10
    assert max(fixture.clock.sleeps) < 3


def test_the_time_there_is_can_be_chosen(fixture: Fixture) -> None:
    fixture.server.inject(Fault(Answer(503), times=None))
    with pytest.raises(errors.UnavailableError):
        fixture.open(fixture.access, timeout=60).get_pod("default", "web")
    assert 50 < sum(fixture.clock.sleeps) < 60


def test_no_limit_means_no_limit(fixture: Fixture) -> None:
    fixture.server.inject(Fault(Answer(503), times=40))
    assert fixture.open(fixture.access, timeout=0).get_pod("default", "web").name == "web"
    assert sum(fixture.clock.sleeps) > 60


def test_a_server_is_left_alone_as_long_as_it_wants(fixture: Fixture) -> None:
    fixture.server.inject(Fault(Answer(429, retry_after=4)))
    fixture.pod()
    assert fixture.clock.sleeps == [4]


def test_a_server_that_wants_to_be_left_alone_longer_than_there_is_time_is_not_waited_for(fixture: Fixture) -> None:
    fixture.server.inject(Fault(Answer(429, "too much", retry_after=30)))
    with pytest.raises(errors.UnavailableError, match="429 Too Many Requests: too much"):
        fixture.pod()
    assert fixture.clock.sleeps == []


def test_a_refused_connection_is_tried_again(fixture: Fixture) -> None:
    access = fixture.access
    direct = fixture.open(access.replace(server=access.server.replace(port=unused_port())))
    with pytest.raises(errors.UnavailableError, match="Connection refused"):
        direct.get_pod("default", "web")
    assert len(fixture.clock.sleeps) > 3


def test_a_host_without_an_address_is_an_error(fixture: Fixture) -> None:
    access = fixture.access.replace(server=url.parse("https://no-such-host.invalid"))
    with pytest.raises(errors.UnavailableError, match="no-such-host"):
        fixture.open(access, timeout=0.05).get_pod("default", "web")


def test_a_server_that_hangs_once_gets_a_second_chance_in_time(fixture: Fixture) -> None:
    fixture.server.inject(Fault(Delay(30)))
    assert fixture.open(fixture.access, timeout=1).get_pod("default", "web").name == "web"


def test_a_server_that_hangs_is_given_up_in_time(fixture: Fixture) -> None:
    fixture.server.inject(Fault(Delay(30), times=None))
    direct = Direct(fixture.access, clock=SystemClock(), log=fixture.log, timeout=0.1)
    with pytest.raises(errors.UnavailableError, match=r"no answer in time \(attempt 1, 0\.1 s after the first\)"):
        direct.get_pod("default", "web")
    direct.close()


def test_a_connection_that_the_server_closed_while_idle_is_opened_again(fixture: Fixture) -> None:
    fixture.pod()
    fixture.server.drop_connections()
    fixture.pod()
    assert [request.connection for request in fixture.server.requests] == [1, 2]
    assert fixture.clock.sleeps == []


def test_an_event_whose_answer_was_lost_is_there_once(fixture: Fixture) -> None:
    pod = fixture.pod()
    fixture.server.inject(Fault(HangUp(after="effect"), method="POST"))
    fixture.direct.post_events(pod, [EVENT])
    assert [event["message"] for event in fixture.server.list("event")] == ["Add net1"]
    assert [request.method for request in fixture.server.requests].count("POST") == 2


def test_a_status_whose_answer_was_lost_is_written(fixture: Fixture) -> None:
    pod = fixture.pod()
    fixture.server.inject(Fault(HangUp(after="effect"), method="PATCH"))
    fixture.direct.write_status(pod, {"a": "b"})
    assert fixture.pod().annotations == {"kept": "yes", "a": "b"}


# ----------------------------------------------------------------------------------- several questions in one go

NETS = [("default", f"net{index}") for index in range(3)]


def create_nets(server: APIServer) -> None:
    for namespace, name in NETS:
        metadata: JSONObject = {"name": name, "namespace": namespace}
        server.create({"apiVersion": "k8s.cni.cncf.io/v1", "kind": "NetworkAttachmentDefinition", "metadata": metadata})


@pytest.mark.parametrize("action", TRANSIENT.values(), ids=TRANSIENT)
@pytest.mark.parametrize("skip", [0, 1, 2])
def test_what_passes_is_waited_for_when_several_are_asked_for_too(fixture: Fixture, action: Action, skip: int) -> None:
    create_nets(fixture.server)
    fixture.server.inject(Fault(action, path=f"/{NETS[skip][1]}"))
    found = fixture.direct.get_nads(NETS)
    assert [nad.name for nad in found if isinstance(nad, Nad)] == [name for _, name in NETS]


def test_one_that_may_not_be_read_does_not_hide_the_others(fixture: Fixture) -> None:
    create_nets(fixture.server)
    fixture.server.inject(Fault(Answer(403), path="/net1", times=None))
    first, second, third = fixture.direct.get_nads(NETS)
    assert isinstance(first, Nad)
    assert isinstance(second, errors.ForbiddenError)
    assert isinstance(third, Nad)


def test_all_questions_together_have_the_time_of_one(fixture: Fixture) -> None:
    fixture.server.inject(Fault(Answer(503), times=None))
    assert [type(found) for found in fixture.direct.get_nads(NETS)] == [errors.UnavailableError] * 3
    assert sum(fixture.clock.sleeps) < 10


def test_a_token_that_was_rotated_is_read_again_for_several_questions(server: APIServer, tmp_path: Path) -> None:
    path = server.kubeconfig(tmp_path / "kubeconfig", form="inline")
    direct = Direct(kubeconfig.load(str(path)), clock=FakeClock(), log=Log(Options(stderr=False)))
    create_nets(server)
    rotate(server)
    server.kubeconfig(path, form="inline")
    assert all(isinstance(found, Nad) for found in direct.get_nads(NETS))
    direct.close()


def test_a_broken_credential_is_an_error_of_each_question(fixture: Fixture) -> None:
    direct = fixture.open(fixture.access.replace(token_file="/nowhere"))
    assert [type(found) for found in direct.get_nads(NETS)] == [errors.ConfigError] * 3


@pytest.mark.parametrize("action", TRANSIENT.values(), ids=TRANSIENT)
def test_events_arrive_once_each_whatever_happens_on_the_way(fixture: Fixture, action: Action) -> None:
    pod = fixture.pod()
    fixture.server.inject(Fault(action, method="POST"))
    fixture.direct.post_events(pod, [EVENT, OTHER_EVENT])
    assert sorted(str(event["message"]) for event in fixture.server.list("event")) == ["Add net1", "Add net2"]


# --------------------------------------------------------------------------------------------- what it says


@pytest.mark.parametrize(
    ("ask", "permission"),
    [
        (lambda f, pod: f.direct.get_pod("default", "web"), "get pods"),
        (lambda f, pod: get_nad(f.direct, "default", "n"), "get network-attachment-definitions.k8s.cni.cncf.io"),
        (lambda f, pod: f.direct.write_status(pod, {}), "patch pods/status"),
        (lambda f, pod: f.direct.post_events(pod, [EVENT]), "create events"),
    ],
    ids=["pod", "nad", "status", "event"],
)
def test_a_missing_permission_is_named(fixture: Fixture, ask: Ask, permission: str) -> None:
    pod = fixture.pod()
    fixture.server.inject(Fault(Answer(403)))
    expected = (
        rf'the node\'s account may not {permission} in namespace "default" \(https://.*\): 403 Forbidden: .*cannot'
    )
    with pytest.raises(errors.ForbiddenError, match=expected):
        ask(fixture, pod)
    assert fixture.clock.sleeps == []


@pytest.mark.parametrize(
    ("action", "failure", "message"),
    [
        (Garbage(), errors.ClusterError, "200 OK, but with something"),
        (Garbage(b"not JSON", 200, "application/json"), errors.ClusterError, "no JSON object"),
        (Garbage(b"{}", 200, "application/json"), errors.ClusterError, "the cluster's answer is no pod"),
        (Garbage(b"404 page not found", 404), errors.ClusterError, "is it a Kubernetes API server"),
        (Answer(418), errors.ClusterError, "418"),
    ],
    ids=["page", "no JSON", "no pod", "another 404", "418"],
)
def test_an_answer_of_no_use_is_an_error_at_once(
    fixture: Fixture, action: Action, failure: type[errors.ClusterError], message: str
) -> None:
    fixture.server.inject(Fault(action))
    with pytest.raises(errors.ClusterError, match=message) as caught:
        fixture.pod()
    assert type(caught.value) is failure
    assert fixture.clock.sleeps == []


def test_a_server_that_does_not_speak_http_is_an_error_at_once(fixture: Fixture) -> None:
    with serving(answering(b"SSH-2.0-x\r\n\r\n", heard=[])) as other:
        access = fixture.access.replace(server=url.parse(f"http://127.0.0.1:{other.port}"))
        with pytest.raises(errors.ClusterError, match="does not answer in HTTP"):
            fixture.open(access).get_pod("default", "web")
    assert fixture.clock.sleeps == []


@pytest.mark.parametrize(
    ("change", "failure"),
    [
        ({"ca": Authority().pem.decode()}, errors.UntrustedError),
        ({"tls_server_name": "other.example"}, errors.UntrustedError),
        ({"ca": "no certificate"}, errors.ConfigError),
        ({"client_certificate": "x", "client_key": "y"}, errors.ConfigError),
    ],
    ids=["another CA", "another name", "no CA", "no certificate"],
)
def test_a_lack_of_trust_is_an_error_at_once(
    fixture: Fixture, change: dict[str, str], failure: type[errors.ClusterError]
) -> None:
    with pytest.raises(failure, match="cannot get pods"):
        fixture.open(fixture.access.replace(**change)).get_pod("default", "web")
    assert fixture.clock.sleeps == []
    assert fixture.server.requests == ()


def test_tokens_are_in_no_message_and_in_no_log(fixture: Fixture) -> None:
    token = fixture.server.token()
    said = []
    for action in (*TRANSIENT.values(), Answer(401), Answer(403), Garbage()):
        fixture.server.inject(Fault(action, times=None))
        with pytest.raises(errors.ClusterError) as caught:
            fixture.pod()
        said += [str(caught.value), repr(fixture.direct), repr(fixture.access)]
        fixture.server.heal()
    fixture.pod()
    log = fixture.log_file.read_text()
    assert "again in" in log
    assert token not in "".join([*said, log])


# ---------------------------------------------------------------------------------------- how it gets there


def test_a_server_without_tls_can_be_asked(tmp_path: Path) -> None:
    with APIServer(tls=False) as server:
        direct = Fixture(server, tmp_path).direct
        with pytest.raises(errors.NotFoundError):
            direct.get_pod("default", "web")
        direct.close()


def test_a_server_at_an_ipv6_address_can_be_asked(tmp_path: Path) -> None:
    with APIServer(listen=socket.create_server(("::1", 0), family=socket.AF_INET6)) as server:
        fixture = Fixture(server, tmp_path)
        with pytest.raises(errors.NotFoundError, match=r"https://\[::1\]:\d+"):
            fixture.pod()
        fixture.direct.close()


def test_a_name_with_several_addresses_is_tried_at_each(fixture: Fixture) -> None:
    access = fixture.access
    direct = fixture.open(access.replace(server=access.server.replace(host="localhost")))
    assert direct.get_pod("default", "web").name == "web"


def test_a_client_certificate_is_enough(fixture: Fixture, tmp_path: Path) -> None:
    path = fixture.server.kubeconfig(tmp_path / "other", login="certificate", user="system:node:node1")
    fixture.open(kubeconfig.load(str(path))).get_pod("default", "web")
    assert fixture.server.requests[-1].user == "system:node:node1"


def test_the_proxy_variables_of_the_environment_are_not_looked_at(
    fixture: Fixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{unused_port()}")
    assert fixture.pod().name == "web"
