"""ADD with a daemon on the node, and with one that dies, hangs, talks nonsense or is replaced meanwhile.

No ADD fails for the daemon's sake, none is wrong, and none waits for it longer than it may. Real processes everywhere.
"""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from multus_py.cluster import frames, port
from multus_py.lab import manifests
from multus_py.lab.faults import Answer, Delay, Fault
from multus_py.lab.httpd import Request
from multus_py.lab.objects import text
from tests.integration.flows import networks
from tests.integration.flows.daemon import NODE
from tests.integration.flows.memory import asked, is_attached, known, start, wait_for_line, wait_for_memory
from tests.integration.flows.world import Pod, World
from tests.unit.cluster.desk import read_frame
from tests.unit.cluster.loopback import serving_at

pytestmark = pytest.mark.root

SHORT = 0.3
"""What calls wait for a daemon where it is known that it will not answer, in seconds."""


@pytest.fixture
def world(world: World) -> World:
    """Return a world with a network, which two interfaces of a pod can be attached to."""
    world.network("data", networks.storage(world.node))
    return world


def test_an_add_asks_the_api_server_for_nothing_but_the_status(world: World) -> None:
    start(world)
    pod = known(world, "pod1")
    world.api.forget_requests()
    world.add(pod)
    is_attached(world, pod)
    assert asked(world) == ["PATCH"]
    assert world.daemon.fallbacks == 0


def test_the_events_and_the_report_arrive(world: World) -> None:
    start(world)
    pod = world.start("pod1", "data")
    assert sorted(event.partition(" [")[0] for event in world.events(pod, count=2)) == [
        "Normal AddedInterface: Add eth0",
        "Normal AddedInterface: Add net1",
    ]
    line = next(line for line in world.daemon.log.splitlines() if "event=call" in line)
    for part in ("verb=ADD", "pod=default/pod1", "outcome=success", "networks=cluster,default/data", "bridge="):
        assert part in line


def test_a_del_tells_the_daemon_how_it_went_and_needs_nothing_of_the_cluster(world: World) -> None:
    start(world)
    pod = world.start("pod1", "data")
    world.stop_api()
    world.delete(pod)
    assert pod.names == []
    wait_for_line(world, "verb=DEL pod=default/pod1 outcome=success networks=cluster,default/data", "bridge=")
    assert world.daemon.fallbacks == 0


@pytest.mark.parametrize("what", ["hang", "kill"])
def test_a_del_does_not_miss_the_daemon(world: World, what: str) -> None:
    start(world)
    pod = world.start("pod1", "data")
    (world.daemon.hang if what == "hang" else world.daemon.kill)()
    world.delete(pod)
    assert pod.names == []
    assert world.daemon.fallbacks == 0


def test_a_pod_of_the_same_name_is_another_one(world: World) -> None:
    start(world)
    old = world.api.create(manifests.pod("web-0", node=NODE))
    wait_for_memory(world, "web-0", text(old, "metadata", "uid"))
    world.api.inject(Fault(Delay(60), path="watch=", times=None))
    world.api.drop_connections()
    world.api.delete("pod", "web-0")
    pod = world.start("web-0", "data")
    is_attached(world, pod)


def test_an_api_server_that_is_busy_is_waited_for(world: World) -> None:
    start(world)
    pod = known(world, "pod1")
    world.api.inject(Fault(Answer(503), method="PATCH", times=2))
    world.add(pod)
    is_attached(world, pod)


def test_a_daemon_that_was_killed_is_not_missed(world: World) -> None:
    start(world)
    world.daemon.kill()
    is_attached(world, world.start("pod1", "data"))
    assert world.daemon.fallbacks == 1


def test_a_daemon_that_was_asked_to_end_is_not_missed(world: World) -> None:
    start(world)
    world.daemon.stop()
    assert not world.daemon.socket.exists()
    is_attached(world, world.start("pod1", "data"))
    assert world.daemon.fallbacks == 1


def add_slowly(world: World, name: str, meanwhile: Callable[[], None]) -> Pod:
    """Attach a pod, and do something while its plugins are at work."""
    slow = {**world.recorder("slow", {"ADD": {"sleep": 0.3}}), "name": "slow"}
    world.network("slow", slow)
    pod = world.pod(name, "data,slow")
    call = world.runtime.start("ADD", pod.sandbox)
    world.wait_for("slow", "ADD")
    meanwhile()
    pod.result = call.result()
    return pod


def test_a_daemon_may_die_between_the_messages(world: World) -> None:
    start(world)
    is_attached(world, add_slowly(world, "pod1", world.daemon.kill))
    assert world.daemon.fallbacks == 1


def test_a_daemon_may_be_replaced_between_the_messages(world: World) -> None:
    start(world)

    def replace() -> None:
        world.daemon.kill()
        world.daemon.start()

    is_attached(world, add_slowly(world, "pod1", replace))
    is_attached(world, world.start("pod2", "data"))


def is_patch(request: Request) -> bool:
    return request.method == "PATCH"


def test_a_daemon_may_die_while_it_writes_the_status(world: World) -> None:
    start(world)
    pod = known(world, "pod1")
    world.api.inject(Fault(Delay(1.0), method="PATCH"))
    world.api.forget_requests()
    call = world.runtime.start("ADD", pod.sandbox)
    world.api.wait_for_requests(is_patch)
    world.daemon.kill()
    pod.result = call.result()
    is_attached(world, pod)
    assert world.daemon.fallbacks == 1


def test_a_daemon_may_die_after_all_is_said(world: World) -> None:
    start(world)
    pod = world.start("pod1", "data")
    world.daemon.kill()
    is_attached(world, pod)
    world.delete(pod)
    assert pod.names == []


def test_a_daemon_that_hangs_costs_its_time_and_no_more(world: World) -> None:
    start(world)
    world.configured(daemonTimeout=SHORT)
    world.daemon.hang()
    is_attached(world, world.start("pod1", "data"))
    assert world.daemon.fallbacks == 1


def test_a_daemon_that_wakes_up_writes_no_status_that_nobody_waits_for(world: World) -> None:
    start(world)
    world.configured(daemonTimeout=SHORT)
    pod = add_slowly(world, "pod1", world.daemon.hang)
    world.delete(pod)
    world.api.forget_requests()
    world.daemon.go_on()
    is_attached(world, world.start("pod2", "data"))  # everything before it was read by now
    assert not [request for request in world.api.requests if request.method == "PATCH" and "/pod1/" in request.path]


def hang_up(_: socket.socket) -> None:
    """Let somebody in, and throw them out."""


def say(text: bytes) -> Callable[[socket.socket], None]:
    def talk(connection: socket.socket) -> None:
        read_frame(connection)
        connection.sendall(text)

    return talk


def keep_waiting(connection: socket.socket) -> None:
    while connection.recv(4096):
        pass


def frame(text: bytes) -> bytes:
    return len(text).to_bytes(frames.HEADER_SIZE, "big") + text


STRANGERS = {
    "hangs up": hang_up,
    "hangs up when it was asked": say(b""),
    "says nothing": keep_waiting,
    "speaks HTTP": say(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"),
    "ends in the middle": say(frame(b'{"v":1,"pod":null}')[:12]),
    "sends no JSON": say(frame(b"\xff\xfe")),
    "is of another version": say(frame(b'{"v":2,"pod":null,"nads":[]}')),
    "does not know the question": say(frame(b'{"v":1,"error":{"kind":"unsupported","message":"resolve?"}}')),
    "cannot tell": say(frame(b'{"v":1,"error":{"kind":"unavailable","message":"later"}}')),
    "has another pod": say(
        frame(b'{"v":1,"pod":{"metadata":{"namespace":"default","name":"pod1","uid":"u"}},"nads":[]}')
    ),
}


@pytest.mark.parametrize("talk", STRANGERS.values(), ids=list(STRANGERS))
def test_whoever_answers_otherwise_is_not_believed(world: World, talk: Callable[[socket.socket], None]) -> None:
    world.configured(daemonTimeout=SHORT)
    world.daemon.stop()
    world.daemon.directory.mkdir(exist_ok=True)
    fallbacks = world.daemon.directory / port.FALLBACKS
    fallbacks.write_bytes(b"")
    with serving_at(world.daemon.socket, talk):
        is_attached(world, world.start("pod1", "data"))
    assert fallbacks.read_bytes() == b"."


_OTHER_USER = """
import os, socket, sys
os.setuid(65534)
listener = socket.socket(fileno=0)
listener.listen()
print("ready", flush=True)
connection, _ = listener.accept()
print("let in", len(connection.recv(4096)), flush=True)
"""


@contextlib.contextmanager
def another_users_daemon(world: World) -> Iterator[subprocess.Popen[str]]:
    """Let an ordinary user serve the daemon's socket."""
    world.daemon.stop()
    world.daemon.directory.mkdir(exist_ok=True)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(world.daemon.socket))
        world.daemon.socket.chmod(0o666)
        with subprocess.Popen(
            [sys.executable, "-c", _OTHER_USER], stdin=listener.fileno(), stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout
            assert process.stdout.readline() == "ready\n"
            yield process
            process.kill()


def test_a_socket_that_belongs_to_somebody_else_is_told_nothing(world: World) -> None:
    with another_users_daemon(world) as process:
        is_attached(world, world.start("pod1", "data"))
        assert process.stdout
        assert process.stdout.readline() == "let in 0\n"


def test_pods_start_while_one_daemon_follows_another(world: World) -> None:
    start(world)
    pods = [world.pod(f"pod{number}", "data") for number in range(12)]
    calls = []
    for number, pod in enumerate(pods):
        calls.append(world.runtime.start("ADD", pod.sandbox))
        if number % 4 == 3:
            (world.daemon.stop if number == 3 else world.daemon.kill)()
            world.daemon.start()
    for pod, call in zip(pods, calls, strict=True):
        pod.result = call.result()
        is_attached(world, pod)
