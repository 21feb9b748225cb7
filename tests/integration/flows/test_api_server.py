"""An API server that is busy, breaks connections, says no, or has another pod than the runtime."""

from __future__ import annotations

import time

import pytest

from multus_py.lab import manifests
from multus_py.lab.faults import Answer, Delay, Fault, Garbage, HangUp
from multus_py.lab.objects import Object, section
from multus_py.lab.runtime import PluginError
from tests.integration.flows import networks
from tests.integration.flows.world import DAEMON, World

pytestmark = pytest.mark.root

PASSING = {
    "it is busy": Fault(Answer(429, retry_after=1)),
    "it is not available, twice": Fault(Answer(503), times=2),
    "it fails once": Fault(Answer(500)),
    "it resets the connection": Fault(HangUp(reset=True)),
    "it closes the connection": Fault(HangUp()),
    "it closes the connection half-way through the answer": Fault(HangUp(after="effect")),
    "it is slow": Fault(Delay(0.7)),
}
REQUESTS = {"the pod": ("GET", "/pods/"), "the network": ("GET", "/network-att"), "the status": ("PATCH", "/status")}


@pytest.mark.parametrize(("method", "path"), REQUESTS.values(), ids=list(REQUESTS))
@pytest.mark.parametrize("fault", PASSING.values(), ids=list(PASSING))
def test_what_passes_is_waited_for(world: World, fault: Fault, method: str, path: str) -> None:
    world.network("data", networks.storage(world.node))
    world.api.inject(Fault(fault.action, method=method, path=path, times=fault.times))
    pod = world.start("pod1", "data")
    assert pod.names == ["eth0", "net1"]
    assert [entry["interface"] for entry in world.status(pod)] == ["eth0", "net1"]
    assert len(world.events(pod, count=2)) == 2


LASTING = {
    "it is not available": (Answer(503), "503", 11),
    "it answers too late": (Delay(60), "", 11),
    "it resets every connection": (HangUp(reset=True), "", 11),
    "it forbids it": (Answer(403), "get.*pods", 999),
    "it does not know us": (Answer(401), "401|nauthorized", 999),
    "it is not an API server": (Garbage(), "", 999),
}


@pytest.mark.parametrize(("action", "problem", "code"), LASTING.values(), ids=list(LASTING))
def test_what_lasts_is_an_error_in_time_and_nothing_is_attached(
    world: World, action: Answer | Delay | HangUp | Garbage, problem: str, code: int
) -> None:
    world.configured(apiTimeout=1)
    world.api.inject(Fault(action, path="/pods/", times=None))
    pod = world.pod("pod1")
    begun = time.monotonic()
    with pytest.raises(PluginError, match=rf"default/pod1/.*cannot read the pod: .*({problem})") as caught:
        world.add(pod)
    assert time.monotonic() - begun < 5
    assert caught.value.code == code
    assert world.left() == []


def test_events_that_are_refused_do_no_harm(world: World) -> None:
    world.network("data", networks.storage(world.node))
    world.api.inject(Fault(Answer(403), method="POST", times=None))
    assert world.start("pod1", "data").names == ["eth0", "net1"]


@pytest.mark.skipif(DAEMON, reason="it is about calls that have no daemon to ask")
def test_one_call_needs_one_connection_and_four_kinds_of_questions(world: World) -> None:
    world.network("data", networks.storage(world.node))
    world.api.forget_requests()
    world.start("pod1", "data,data")
    requests = [request for request in world.api.requests if request.user]
    assert len({request.connection for request in requests}) == 1
    methods = [request.method for request in requests]
    assert methods.count("PATCH") == 1
    assert methods.count("POST") == 3
    assert "PUT" not in methods


def test_a_pod_that_is_gone_is_no_error_and_nothing_is_attached(world: World) -> None:
    world.network("data", networks.storage(world.node))
    pod = world.pod("pod1", "data")
    world.api.delete("pod", "pod1")
    result = world.add(pod)
    assert [interface["name"] for interface in networks.inside(result)] == ["eth0"]
    assert world.left() == []


def test_a_pod_that_goes_while_it_is_attached_is_no_error(world: World) -> None:
    world.network("slow", world.recorder("slow", {"ADD": {"sleep": 0.5}}))
    pod = world.pod("pod1", "slow")
    call = world.runtime.start("ADD", pod.sandbox)
    world.wait_for("slow", "ADD")
    world.api.delete("pod", "pod1")
    call.result()
    assert pod.names == ["eth0"]


def test_a_namesake_is_refused_and_not_touched(world: World) -> None:
    old = manifests.pod("web-0")
    section(old, "metadata")["uid"] = "00000000-0000-0000-0000-000000000001"
    world.api.create(manifests.pod("web-0"))
    pod = world.adopt(old)
    with pytest.raises(PluginError, match="expected pod UID"):
        world.add(pod)
    assert world.annotation(pod, manifests.STATUS) == ""
    assert world.left() == []


def test_a_namesake_that_appears_in_between_is_not_annotated(world: World) -> None:
    world.network("slow", world.recorder("slow", {"ADD": {"sleep": 0.5}}))
    pod = world.pod("web-0", "slow")
    call = world.runtime.start("ADD", pod.sandbox)
    world.wait_for("slow", "ADD")
    world.api.delete("pod", "web-0")
    world.api.create(manifests.pod("web-0"))
    with pytest.raises(PluginError, match="cannot write the network status"):
        call.result()
    assert world.annotation(pod, manifests.STATUS) == ""
    assert world.left() == []


def test_a_static_pod_has_another_uid_in_the_api_server(world: World) -> None:
    source = {"kubernetes.io/config.source": "file"}
    world.network("data", networks.storage(world.node))
    mirror = world.api.create(manifests.pod("static-node1", "data", **source))
    own: Object = {**mirror, "metadata": {**section(mirror, "metadata"), "uid": "0123456789abcdef0123456789abcdef"}}
    pod = world.adopt(own)
    world.add(pod)
    assert pod.names == ["eth0", "net1"]
    assert [entry["interface"] for entry in world.status(pod)] == ["eth0", "net1"]


@pytest.mark.parametrize("yaml", [False, True], ids=["JSON", "YAML"])
@pytest.mark.parametrize("form", ["inline", "file"])
@pytest.mark.parametrize("login", ["token", "certificate"])
def test_every_form_of_kubeconfig_is_understood(world: World, login: str, form: str, *, yaml: bool) -> None:
    world.api.kubeconfig(
        world.node.kubeconfig,
        login="token" if login == "token" else "certificate",
        form="inline" if form == "inline" else "file",
        yaml=yaml,
    )
    assert [entry["interface"] for entry in world.status(world.start("pod1"))] == ["eth0"]


def test_another_authority_is_not_trusted(world: World) -> None:
    from multus_py.lab.apiserver import APIServer

    with APIServer() as other:
        content = other.kubeconfig(world.node.kubeconfig).read_text()
    world.node.kubeconfig.write_text(content.replace(other.url, world.api.url))
    pod = world.pod("pod1")
    with pytest.raises(PluginError, match="certificate"):
        world.add(pod)
    assert world.left() == []
