"""What the daemon of a node has in memory, what calls still ask the API server, and what has to come of them."""

from __future__ import annotations

import socket
import time

from multus_py.cluster import frames, wire
from tests.integration.flows.world import Pod, World
from tests.unit.cluster.desk import read_frame


def start(world: World) -> None:
    """Start a daemon, unless the world has one already."""
    world.daemon.stop()
    world.daemon.start()


def is_attached(world: World, pod: Pod) -> None:
    """Assert that a pod has the interfaces that it asked for, and that its status says the same."""
    said = {entry["interface"]: entry["ips"] for entry in world.status(pod) if entry["interface"] in pod.names}
    found = {name: [address.partition("/")[0] for address in pod.addresses(name)] for name in pod.names}
    assert list(found) == ["eth0", "net1"]
    assert said == found


def known(world: World, name: str, networks: str = "data", *, namespace: str = "default") -> Pod:
    """Create a pod, and wait until the daemon has it, and what it names, in memory."""
    pod = world.pod(name, networks, namespace=namespace)
    wait_for_memory(world, name, pod.sandbox.pod_uid, namespace=namespace)
    return pod


def wait_for_memory(world: World, name: str, uid: str, *, namespace: str = "default") -> None:
    """Wait until the daemon can answer a call for a pod without asking anybody."""
    deadline = time.monotonic() + 20
    while True:
        world.api.forget_requests()
        assert f'"{uid}"' in told(world, name, uid, namespace=namespace)
        if not asked(world):
            return
        assert time.monotonic() < deadline, "the daemon still has to ask"
        time.sleep(0.05)


def told(world: World, name: str, uid: str, *, namespace: str = "default") -> str:
    """Ask the daemon what a call for a pod would ask, and return the answer."""
    asking = wire.Resolve(namespace=namespace, name=name, uid=uid, multus_namespace="kube-system")
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(str(world.daemon.socket))
        line.sendall(frames.pack(asking.document(), frames.MAX_REQUEST))
        return read_frame(line).decode()


def asked(world: World) -> list[str]:
    """Return what the API server was asked of single objects, events aside."""
    requests = [request for request in world.api.requests if request.user and "/events" not in request.path]
    return [request.method for request in requests if request.method != "GET" or "?" not in request.path]


def wait_for_line(world: World, *parts: str) -> None:
    """Wait until the daemon has a line in its log with all of these in it."""
    deadline = time.monotonic() + 10
    while not any(all(part in line for part in parts) for line in world.daemon.log.splitlines()):
        assert time.monotonic() < deadline, f"no line with {parts}: {world.daemon.log}"
        time.sleep(0.02)
