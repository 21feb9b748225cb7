"""The cache as a process: what is answered, and that no call fails, or is answered wrongly, whatever happens to it."""

from __future__ import annotations

import contextlib
import functools
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from multus_py.cluster import errors
from multus_py.cluster.daemon import NoAnswerError
from multus_py.cluster.objects import Nad, Pod
from multus_py.cluster.port import Event, Phase, Report
from multus_py.lab.faults import Answer, Delay, Fault
from tests.integration.daemon.running import Daemon
from tests.integration.daemon.serving import NETWORKS, STATUS, Served, herd, resident, served
from tests.packaging.calls import eventually

pytestmark = pytest.mark.slow


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Served]:
    with served(tmp_path) as world:
        world.create_nad("net1")
        yield world


def add(world: Served, name: str, uid: str, *, timeout: float = 2.0) -> tuple[Pod, list[Nad | errors.ClusterError]]:
    """Ask what an ADD asks, and write a status, through the daemon or around it."""
    with contextlib.closing(world.call(timeout=timeout)) as cluster:
        pod = cluster.get_pod("default", name, uid)
        nads = cluster.get_nads([("default", "net1")])
        cluster.write_status(pod, STATUS)
        cluster.post_events(pod, [Event(reason="AddedInterface", message="Add net1")])
    return pod, nads


def is_right(world: Served, name: str, uid: str, *, timeout: float = 2.0) -> None:
    """Do an ADD, and check everything about it."""
    pod, (nad,) = add(world, name, uid, timeout=timeout)
    assert (pod.uid, pod.annotations[NETWORKS]) == (uid, "net1")
    assert isinstance(nad, Nad)
    assert nad.name == "net1"
    assert world.annotations(name)[next(iter(STATUS))] == "[]"


def test_an_add_costs_the_api_server_one_patch_and_the_event(world: Served) -> None:
    uid = world.create_pod("web", **{NETWORKS: "net1"})
    with world.warm(nads=1):
        world.server.forget_requests()
        is_right(world, "web", uid)
        eventually(lambda: world.server.list("event"))

        asked = [(request.method, request.path) for request in world.server.requests]
        assert asked == [
            ("PATCH", "/api/v1/namespaces/default/pods/web/status"),
            ("POST", "/api/v1/namespaces/default/events"),
        ]
        assert world.fallbacks == 0


def test_a_pod_that_was_created_this_moment_is_found(world: Served) -> None:
    with world.warm(nads=1):
        for index in range(20):
            is_right(world, f"pod{index}", world.create_pod(f"pod{index}", **{NETWORKS: "net1"}))
        assert world.fallbacks == 0


def test_a_pod_that_was_created_anew_is_never_mistaken_for_the_old_one(world: Served) -> None:
    world.create_pod("web", **{NETWORKS: "old"})
    with world.warm(nads=1):
        for _ in range(10):
            world.server.delete("pod", "web")
            is_right(world, "web", world.create_pod("web", **{NETWORKS: "net1"}))
        assert world.fallbacks == 0


def test_a_network_that_was_deleted_is_gone_soon(world: Served) -> None:
    uid = world.create_pod("web", **{NETWORKS: "net1"})
    with world.warm(nads=1) as daemon:
        world.server.delete("nad", "net1")
        daemon.until(lambda: daemon.count("multus_cache_objects", kind="nads") == 0)
        _, (nad,) = add(world, "web", uid)
        assert isinstance(nad, errors.NotFoundError)
        assert world.fallbacks == 0


def test_calls_are_counted_and_written_down(world: Served) -> None:
    uid = world.create_pod("web", **{NETWORKS: "net1"})
    with world.warm(nads=1) as daemon, contextlib.closing(world.client()) as client:
        pod = client.get_pod("default", "web", uid)
        phases = (Phase(name="plan", seconds=0.001), Phase(name="delegate", plugin="macvlan", seconds=0.02))
        report = Report(verb="ADD", succeeded=True, seconds=0.03, networks=("cluster", "default/net1"), phases=phases)
        client.post_events(pod, [], report)
        daemon.until(lambda: daemon.log("call"))

        (line,) = daemon.log("call")
        assert line.endswith(' seconds=0.030 phases="plan=0.001,macvlan=0.020"')
        assert "verb=ADD pod=default/web outcome=success networks=cluster,default/net1" in line
        assert daemon.figure("multus_requests_total", question="resolve", outcome="memory") == 1
        assert daemon.figure("multus_delegate_duration_seconds_count", verb="ADD", plugin="macvlan") == 1


def test_fallbacks_are_counted_by_the_file_that_the_plugin_appends_to(world: Served) -> None:
    with world.warm(nads=1) as daemon:
        with (world.directory / "fallbacks").open("a") as file:
            file.write("..")
        assert daemon.figure("multus_fallbacks_total") == 2


# ------------------------------------------------------------------------------------------------- a daemon in trouble


@pytest.mark.parametrize("when", ["before", "between", "after"])
def test_a_daemon_that_is_killed_costs_no_add(world: Served, when: str) -> None:
    uid = world.create_pod("web", **{NETWORKS: "net1"})
    with world.warm(nads=1) as daemon, contextlib.closing(world.call()) as cluster:
        if when == "before":
            daemon.process.kill()
            daemon.process.wait()
        pod = cluster.get_pod("default", "web", uid)
        if when == "between":
            daemon.process.kill()
            daemon.process.wait()
        cluster.write_status(pod, STATUS)
        if when == "after":
            daemon.process.kill()
            daemon.process.wait()
        cluster.post_events(pod, [Event(reason="AddedInterface", message="x")])

        assert world.annotations("web")[next(iter(STATUS))] == "[]"
        eventually(lambda: world.server.list("event"))
        assert world.fallbacks == 1
    with world.warm(nads=1):
        is_right(world, "web", uid)  # in spite of the socket that the dead one has left behind
        assert world.fallbacks == 1


def test_a_daemon_that_hangs_costs_no_add_and_does_nothing_late(world: Served) -> None:
    uid = world.create_pod("web", **{NETWORKS: "net1"})
    with world.warm(nads=1) as daemon:
        with contextlib.closing(world.call(timeout=0.3)) as cluster:
            pod = cluster.get_pod("default", "web", uid)
            daemon.process.send_signal(signal.SIGSTOP)
            cluster.write_status(pod, {"a": "late"})
            cluster.write_status(pod, {"a": "later"})
        world.server.forget_requests()
        daemon.process.send_signal(signal.SIGCONT)
        daemon.until(lambda: daemon.count("multus_requests_total", question="status", outcome="unwanted") == 1)

        assert world.annotations("web")["a"] == "later"
        assert not any(request.method == "PATCH" for request in world.server.requests)
        is_right(world, "web", uid)
        assert world.fallbacks == 1


def test_a_daemon_in_a_stopped_state_is_not_connected_to_for_long(world: Served) -> None:
    uid = world.create_pod("web", **{NETWORKS: "net1"})
    with world.warm(nads=1) as daemon:
        daemon.process.send_signal(signal.SIGSTOP)
        is_right(world, "web", uid, timeout=0.2)
        assert world.fallbacks == 1


def test_upgrading_under_load_costs_no_add(world: Served) -> None:
    uids = {f"pod{index}": world.create_pod(f"pod{index}", **{NETWORKS: "net1"}) for index in range(8)}
    wrong: list[BaseException] = []
    enough = threading.Event()

    def load(name: str, uid: str) -> None:
        try:
            while not enough.is_set():
                is_right(world, name, uid)
        except BaseException as error:  # noqa: BLE001 - the test's own thread raises it
            wrong.append(error)

    with contextlib.ExitStack() as daemons:
        old = daemons.enter_context(world.warm(nads=1))
        threads = [threading.Thread(target=load, args=each) for each in uids.items()]
        for thread in threads:
            thread.start()
        for _ in range(2):
            new = daemons.enter_context(world.warm(nads=1))
            assert old.stop() == 0
            new.until(functools.partial(has_served, new))
            old = new
        enough.set()
        for thread in threads:
            thread.join()
    assert wrong == []


def has_served(daemon: Daemon) -> bool:
    return daemon.count("multus_requests_total", question="status", outcome="written") > 10


def test_a_directory_that_somebody_empties_has_a_socket_again_soon(world: Served) -> None:
    uid = world.create_pod("web", **{NETWORKS: "net1"})
    with world.warm(nads=1) as daemon:
        for path in world.directory.iterdir():
            path.unlink()
        world.directory.rmdir()
        daemon.until(world.socket.exists)
        is_right(world, "web", uid)
        assert world.fallbacks == 0


# --------------------------------------------------------------------------------------------- an API server in trouble


def test_it_starts_and_serves_although_the_api_server_is_away(world: Served) -> None:
    uid = world.create_pod("web", **{NETWORKS: "net1"})
    world.server.inject(Fault(Answer(503), times=None))
    with world.daemon() as daemon:
        daemon.until(world.socket.exists)
        daemon.until_ready()
        with contextlib.closing(world.client()) as client, pytest.raises(NoAnswerError, match="unavailable"):
            client.get_pod("default", "web", uid)
        daemon.until(lambda: any("cannot list pods" in line for line in daemon.log("warning")))
        world.server.heal()
        daemon.until(lambda: daemon.count("multus_cache_current", kind="pods"), seconds=60)
        is_right(world, "web", uid)
        assert world.fallbacks == 0


def test_while_the_api_server_is_away_what_is_in_memory_is_answered(world: Served) -> None:
    uid = world.create_pod("web", **{NETWORKS: "net1"})
    with world.warm(nads=1) as daemon:
        world.server.inject(Fault(Answer(503), times=None))
        world.server.drop_connections()
        daemon.until(lambda: not daemon.count("multus_cache_current", kind="pods"), seconds=30)
        with contextlib.closing(world.client(timeout=5)) as client:
            assert client.get_pod("default", "web", uid).uid == uid
        world.server.heal()
        daemon.until(lambda: daemon.count("multus_cache_current", kind="pods"), seconds=60)
        is_right(world, "web", uid)


def test_a_slow_api_server_is_no_reason_to_write_twice(world: Served) -> None:
    uid = world.create_pod("web", **{NETWORKS: "net1"})
    with world.warm(nads=1):
        world.server.inject(Fault(Delay(0.7), method="PATCH"))
        world.server.forget_requests()
        is_right(world, "web", uid)
        patches = [request for request in world.server.requests if request.method == "PATCH"]
        assert (len(patches), world.fallbacks) == (1, 0)


def test_a_refused_status_is_not_believed_without_asking_oneself(world: Served) -> None:
    uid = world.create_pod("web", **{NETWORKS: "net1"})
    with world.warm(nads=1):
        world.server.inject(Fault(Answer(403), method="PATCH"))
        is_right(world, "web", uid)
        assert world.fallbacks == 1


# -------------------------------------------------------------------------------------------------------- bad clients


def test_a_client_that_connects_without_end_costs_no_add(world: Served) -> None:
    uid = world.create_pod("web", **{NETWORKS: "net1"})
    enough = threading.Event()

    def connect() -> None:
        while not enough.is_set():
            with socket.socket(socket.AF_UNIX) as client, contextlib.suppress(OSError):
                client.connect(str(world.socket))
                client.send(b"\xff\xff")

    with world.warm(nads=1) as daemon:
        broken = [threading.Thread(target=connect) for _ in range(2)]
        for thread in broken:
            thread.start()
        try:
            for _ in range(20):
                is_right(world, "web", uid)
        finally:
            enough.set()
            for thread in broken:
                thread.join()
        assert daemon.get("/healthz") == (200, "ok\n")


def test_memory_stays_flat_under_a_herd(world: Served) -> None:
    for index in range(500):
        world.create_nad(f"n{index}")
    uids = {f"pod{index}": world.create_pod(f"pod{index}", **{NETWORKS: f"net1,n{index}"}) for index in range(250)}
    with world.warm(nads=501) as daemon:
        before = resident(daemon)
        for _ in range(3):
            herd(world, dict(list(uids.items())[:200]))
        grown = resident(daemon) - before

    assert before <= 60e6
    assert grown <= 4e6
