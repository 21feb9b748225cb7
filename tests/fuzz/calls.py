"""Whole calls: what a pod, a network, a plugin, a file or a runtime says, and a call that has to cope with it.

The rule: one JSON document, never for an error of ours; and what an ADD has made, DEL takes away.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

from multus_py.attach import add, check, delete, gc
from multus_py.cluster.objects import Nad
from multus_py.cni import skel
from multus_py.node.routes import DefaultRoutes, RouteChange
from tests.fakes.node import FakeNode
from tests.fuzz import scratch
from tests.unit.attach.world import DEFAULT_NETWORK, World

_CALL = {
    b"CNI_CONTAINERID": b"c1",
    b"CNI_NETNS": b"/run/netns/pod",
    b"CNI_IFNAME": b"eth0",
    b"CNI_PATH": b"/opt/cni/bin",
    b"CNI_ARGS": b"IgnoreUnknown=1;K8S_POD_NAMESPACE=demo;K8S_POD_NAME=web;K8S_POD_UID=u1",
}


def annotation(data: bytes) -> None:
    """The pod's list of networks."""
    with _world() as world:
        world.put_nad("a")
        world.put_nad("b", namespace="other")
        world.put_pod(scratch.text(data))
        _attach(world)


def default_network(data: bytes) -> None:
    """The pod's other cluster network."""
    with _world() as world:
        world.put_nad("a", namespace="kube-system")
        world.put_pod(**{DEFAULT_NETWORK: scratch.text(data)})
        _attach(world)


def nad(data: bytes) -> None:
    """A network's configuration."""
    with _world() as world:
        world.put(Nad(namespace="demo", name="a", config=scratch.text(data), resource_name=""))
        world.put_pod("a")
        _attach(world)


def delegate(data: bytes) -> None:
    """What a plugin prints that says it succeeded."""
    with _world() as world:
        world.run.answer("macvlan", "ADD", data)
        world.put_nad("a")
        world.put_pod("a")
        _attach(world)


def record(data: bytes) -> None:
    """A container's record, for each verb that reads it."""
    with _world() as world:
        world.put_pod()
        world.state.mkdir()
        for verb in ("CHECK", "GC", "DEL"):
            (world.state / "c1").write_bytes(data)
            _call(world, verb)


def cached_result(data: bytes) -> None:
    """Libcni's cached result, without a record beside it."""
    with _world() as world:
        world.put_pod()
        (world.state / "results").mkdir(parents=True)
        for verb in ("CHECK", "GC", "DEL"):
            (world.state / "results" / "cluster-c1-eth0").write_bytes(data)
            _call(world, verb)


def standard_input(data: bytes) -> None:
    """What a runtime writes to our stdin; the handlers do nothing."""
    for verb in ("ADD", "DEL", "CHECK", "STATUS", "GC"):
        _answer({verb: lambda _: None}, verb, data, _CALL)


def environment(data: bytes) -> None:
    """The variables of a call, one a line. The kernel passes on no NUL."""
    variables = dict(line.partition(b"=")[::2] for line in data.replace(b"\0", b"").split(b"\n"))
    _answer({}, "", b'{"cniVersion": "1.0.0", "name": "n"}', variables)


class _Node(FakeNode):
    """Takes default routes on every interface: who is to hold them is in the fuzzer's hands."""

    def set_default_routes(self, namespace: str, wanted: DefaultRoutes) -> RouteChange:
        return RouteChange(removed=(), added=())


@contextmanager
def _world() -> Iterator[World]:
    with scratch.folder() as folder:
        world = World(folder)
        world.node = _Node("/run/netns/pod")
        world.plugin("bridge", ips=[{"address": "198.51.100.2/24", "gateway": "198.51.100.1", "interface": 0}])
        world.plugin("macvlan", ips=[{"address": "192.0.2.7/24", "interface": 0}])
        yield world


def _attach(world: World) -> None:
    """Call ADD; whatever came of it, DEL leaves nothing."""
    _call(world, "ADD")
    status = _call(world, "DEL")
    assert status == 0, "DEL failed"
    left = [str(path.relative_to(world.state)) for path in world.state.rglob("*") if path.is_file()]
    assert not left, f"left behind: {left}"


def _call(world: World, verb: str) -> int:
    config = json.dumps({**world.keys, "cniVersion": "1.1.0", "cni.dev/valid-attachments": []}).encode()
    ports = world.ports()
    handlers: dict[str, skel.Handler] = {
        "ADD": lambda request: add.add(request, ports=ports),
        "DEL": lambda request: delete.delete(request, ports=ports),
        "CHECK": lambda request: check.check(request, ports=ports),
        "GC": lambda request: gc.collect(request, ports=ports),
    }
    return _answer(handlers, verb, config, _CALL)


def _answer(handlers: dict[str, skel.Handler], verb: str, stdin: bytes, variables: dict[bytes, bytes]) -> int:
    """Make a call; see that it answers with one document, and not for an error of ours."""
    printed: list[bytes] = []
    told: list[bytes] = []
    status = skel.run(
        handlers,
        environ={b"CNI_COMMAND": verb.encode(), **variables},
        stdin=lambda: stdin,
        stdout=printed.append,
        stderr=told.append,
    )
    text = b"".join(printed)
    document = json.loads(text) if text else {}
    assert isinstance(document, dict)
    problem = document.get("msg", "")
    assert (status != 0) == ("code" in document), f"status {status}: {document}"
    assert not str(problem).startswith("internal error"), b"".join(told).decode(errors="replace")
    return status
