"""The fence around the plugin path: what a CNI call imports, verb by verb, is a committed list.

Each verb runs for real in a fresh interpreter without site-packages, with delegates that are shell scripts; ADD asks
the lab's API server over TLS. A module that is not on the list fails the test: it costs every call on every node
milliseconds (ARCHITECTURE.md). When the list has to change, change it by hand, and say why in the commit.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from multus_py.cluster import port
from multus_py.lab.apiserver import APIServer
from multus_py.lab.objects import text
from tests.unit.attach.world import NETWORKS, POD_ARGS, STATUS, World
from tests.unit.cluster.desk import desk

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONObject

ROOT = Path(__file__).parents[2]
GOLDEN = Path(__file__).parents[1] / "golden" / "cold_start_modules.txt"
PROGRAM = """
import sys
sys.path.insert(0, sys.argv.pop())
before = set(sys.modules)
import posix
from multus_py import entry
status = entry.main(["multus"], posix.environ)
posix.write(int(sys.argv.pop()), "\\n".join(sorted(set(sys.modules) - before)).encode())
entry.exit_now(status)
"""
FORBIDDEN = frozenset(
    {
        *("argparse", "asyncio", "base64", "calendar", "collections", "contextlib", "copy", "dataclasses", "datetime"),
        *(
            "encodings.idna",
            "enum",
            "functools",
            "google",
            "grpc",
            "hashlib",
            "http",
            "importlib",
            "inspect",
            "ipaddress",
            "json",
        ),
        *("logging", "operator", "os", "pathlib", "random", "re", "selectors", "shutil", "signal", "socket", "ssl"),
        *("string", "subprocess", "tempfile", "threading", "traceback", "types", "typing", "urllib", "uuid"),
        *("warnings", "weakref", "yaml"),
    }
)
"""What must never be on the list, however good the reason seems."""


def allowed() -> dict[str, frozenset[str]]:
    """Read the list: a module a line, with the verbs that load it; DAEMON and TOLD are ADD and DEL with a daemon."""
    lines = [line.partition("#")[0].split() for line in GOLDEN.read_text().splitlines()]
    return {name: frozenset(verbs) for name, *verbs in filter(None, lines)}


def run(command: str, config: JSONObject, **variables: str) -> tuple[str, frozenset[str]]:
    """Make a call; return what it printed, and the modules that it loaded."""
    reading, writing = os.pipe()
    try:
        completed = subprocess.run(
            [sys.executable, "-I", "-S", "-c", PROGRAM, str(writing), str(ROOT)],
            env={"PATH": "/usr/bin:/bin", "CNI_COMMAND": command, **variables},
            input=json.dumps(config).encode(),
            pass_fds=[writing],
            capture_output=True,
            check=False,
            timeout=60,
        )
    finally:
        os.close(writing)
    with os.fdopen(reading) as loaded:
        modules = frozenset(loaded.read().split())
    assert (completed.returncode, completed.stderr) == (0, b""), completed.stdout.decode()
    return completed.stdout.decode(), modules


def assert_on_the_list(verb: str, loaded: frozenset[str]) -> None:
    """Compare; of our own modules the list must be exact, of Python's versions may differ in what they need."""
    listed = {name for name, verbs in allowed().items() if verb in verbs}
    added = sorted(loaded - listed)
    gone = sorted(name for name in listed - loaded if name.startswith("multus_py"))
    assert (added, gone) == ([], []), (
        f"{verb} loads what is not on the list, or no longer loads what is ({GOLDEN.name})"
    )


@pytest.fixture
def server() -> Iterator[APIServer]:
    """Return an API server with the pod demo/web and the NAD demo/a."""
    nad: JSONObject = {"cniVersion": "1.1.0", "type": "macvlan"}
    with APIServer() as server:
        server.create(
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"namespace": "demo", "name": "web", "annotations": {NETWORKS: "a"}},
                "spec": {"containers": []},
            }
        )
        server.create(
            {
                "apiVersion": "k8s.cni.cncf.io/v1",
                "kind": "NetworkAttachmentDefinition",
                "metadata": {"namespace": "demo", "name": "a"},
                "spec": {"config": json.dumps(nad)},
            }
        )
        yield server


@pytest.fixture
def world(tmp_path: Path, server: APIServer) -> World:
    """Return a world with the container c1 attached to its networks, and a configuration for the server."""
    world = World(tmp_path)
    world.plugin("bridge")
    world.plugin("macvlan")
    world.put_nad("a", {"cniVersion": "1.1.0", "type": "macvlan"})
    world.put_pod("a")
    world.keys |= {
        "cniVersion": "1.1.0",
        "delegates": [{"cniVersion": "1.1.0", "name": "cluster", "type": "bridge"}],
        "kubeconfig": str(server.kubeconfig(tmp_path / "kubeconfig")),
        "logFile": None,
        "daemonSocketDir": str(tmp_path / "daemon"),
    }
    world.add()
    install(world)
    return world


def install(world: World) -> None:
    """Put scripts in place of the fake executables."""
    for type in ("bridge", "macvlan"):
        path = world.bin / type
        answer = '{"cniVersion": "1.1.0", "ips": [{"address": "192.0.2.7/24"}]}'
        path.write_text(f"#!/bin/sh\ncat >/dev/null\n[ $CNI_COMMAND != ADD ] || echo '{answer}'\n")
        path.chmod(0o755)


def keys(world: World) -> JSONObject:
    return {key: value for key, value in world.keys.items() if value is not None}


def variables(world: World, **more: str) -> Mapping[str, str]:
    return {
        "CNI_CONTAINERID": "c1",
        "CNI_IFNAME": "eth0",
        "CNI_NETNS": "/run/netns/pod",
        "CNI_PATH": str(world.bin),
        "CNI_ARGS": POD_ARGS,
        **more,
    }


def test_the_list_holds_nothing_that_is_dear() -> None:
    assert FORBIDDEN.isdisjoint(allowed())
    assert not [name for name in allowed() if name.startswith(("multus_py.lab", "multus_py.cli", "multus_py.daemon"))]


def test_version_loads_what_is_on_the_list() -> None:
    printed, loaded = run("VERSION", {})
    assert json.loads(printed)["supportedVersions"]
    assert_on_the_list("VERSION", loaded)


@pytest.mark.parametrize("verb", ["DEL", "CHECK"])
def test_a_verb_that_works_from_the_record_loads_what_is_on_the_list(world: World, verb: str) -> None:
    printed, loaded = run(verb, keys(world), **variables(world))
    assert printed == ""
    assert world.record().exists() is (verb == "CHECK")
    assert_on_the_list(verb, loaded)
    assert not [name for name in loaded if name.startswith("multus_py.cluster")], "they need no API server"


def test_gc_loads_what_is_on_the_list(world: World) -> None:
    printed, loaded = run("GC", keys(world) | {"cni.dev/valid-attachments": []}, CNI_PATH=str(world.bin))
    assert printed == ""
    assert world.left_behind() == []
    assert_on_the_list("GC", loaded)


def test_status_loads_what_is_on_the_list(world: World) -> None:
    printed, loaded = run("STATUS", keys(world), CNI_PATH=str(world.bin))
    assert printed == ""
    assert_on_the_list("STATUS", loaded)


POD_GIVEN = {
    "CNI_CONTAINERID": "c2",
    "CNI_IFNAME": "multus-test0",
    "CNI_NETNS": "/proc/self/ns/net",
    "CNI_NETNS_OVERRIDE": "1",
    "CNI_ARGS": "IgnoreUnknown=1;K8S_POD_NAMESPACE=demo;K8S_POD_NAME=web",
}


@pytest.mark.root
def test_add_with_an_api_server_over_tls_loads_what_is_on_the_list(world: World, server: APIServer) -> None:
    printed, loaded = run("ADD", keys(world), **variables(world, **POD_GIVEN))
    assert json.loads(printed)["ips"] == [{"address": "192.0.2.7/24"}]
    assert [
        entry["name"] for entry in json.loads(text(server.get("pod", "web", "demo"), "metadata", "annotations", STATUS))
    ] == ["cluster", "demo/a"]
    assert len(server.list("events", "demo")) == 2
    assert_on_the_list("ADD", loaded)


@pytest.mark.root
def test_add_through_the_daemon_loads_what_is_on_the_list(world: World, tmp_path: Path) -> None:
    pod: JSONObject = {
        "metadata": {"namespace": "demo", "name": "web", "uid": "u1", "annotations": {NETWORKS: "a"}},
    }
    config = '{"cniVersion": "1.1.0", "type": "macvlan"}'
    nad: JSONObject = {"metadata": {"namespace": "demo", "name": "a"}, "spec": {"config": config}}
    world.keys |= {"daemonSocketDir": str(tmp_path), "kubeconfig": "/nobody/needs/one"}
    with desk(tmp_path / port.SOCKET, {"pod": pod, "nads": [["demo", "a", nad]]}, {}) as heard:
        printed, loaded = run("ADD", keys(world), **variables(world, **POD_GIVEN))
        while len(heard.heard) < 3:  # nobody waits for the last one
            time.sleep(0.01)
    assert json.loads(printed)["ips"] == [{"address": "192.0.2.7/24"}]
    assert [question["ask"] for question in heard.heard] == ["resolve", "status", "events"]
    assert_on_the_list("DAEMON", loaded)
    dear = {"_ssl", "multus_py.cluster.tls", "multus_py.cluster.http", "multus_py.cluster.kubeconfig"}
    assert dear.isdisjoint(loaded)


def test_a_del_that_tells_the_daemon_loads_what_is_on_the_list(world: World, tmp_path: Path) -> None:
    with desk(tmp_path / port.SOCKET) as heard:
        world.keys |= {"daemonSocketDir": str(tmp_path), "kubeconfig": "/nobody/needs/one"}
        printed, loaded = run("DEL", keys(world), **variables(world))
        while not heard.heard:  # nobody waits for it
            time.sleep(0.01)
    assert printed == ""
    assert world.left_behind() == []
    (told,) = heard.heard
    assert (told["ask"], told["name"], told["events"]) == ("events", "web", [])
    assert_on_the_list("TOLD", loaded)
