"""`multus gc` takes back what belongs to nobody, and nothing else, while the runtime goes on."""

from __future__ import annotations

import os
import pty
import secrets
import threading
import time
from pathlib import Path
from typing import Self

import pytest

from multus_py.lab.objects import Object
from multus_py.lab.runtime import PluginError
from tests.integration.flows import networks
from tests.integration.flows.node_commands import document, run
from tests.integration.flows.world import Pod, World

pytestmark = pytest.mark.root

LONG_AGO = time.time() - 3600


def abandon(world: World, *pods: Pod) -> None:
    """End sandboxes behind the back of Multus, as a machine or a runtime does that loses its state."""
    for pod in pods:
        pod.sandbox.namespace.remove()
    deadline = time.monotonic() + 30
    while veths(world) and len(veths(world)) > len(world.pods) - len(pods) and time.monotonic() < deadline:
        time.sleep(0.05)  # the kernel takes the interfaces along later


def veths(world: World) -> list[str]:
    return [link.name for link in world.node.namespace.interfaces() if link.kind == "veth" and link.name != "eth1"]


def aged(path: Path, content: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    os.utime(path, (LONG_AGO, LONG_AGO))
    return path


def orphan(world: World, address: str, *, owner: str = "") -> Path:
    """Note an address of the network `data` as given away to a container that nobody knows."""
    return aged(world.node.addresses / "data" / address, f"{owner or secrets.token_hex(32)}\r\nnet1")


@pytest.fixture
def data(world: World) -> World:
    world.network("data", networks.storage(world.node))
    return world


def test_twenty_leaks_are_taken_back_while_pods_come_and_go(data: World) -> None:
    pods = [data.start(f"pod{number}", "data") for number in range(16)]
    gone, kept = pods[:12], pods[12:]
    abandon(data, *gone)
    orphans = [orphan(data, f"203.0.113.{number}") for number in range(80, 85)]
    remains = [
        aged(data.node.state / f".{secrets.token_hex(32)}.lock"),
        aged(data.node.state / f".{secrets.token_hex(32)}.tmp", "[{"),
        aged(data.node.state / "results" / f"data-{secrets.token_hex(32)}-net1", '{"kind": "cni'),
    ]
    before = {pod.name: pod.addresses("net1") for pod in kept}
    with Churn(data) as churn:
        taken = document(data, "gc", "--yes")
    assert churn.rounds > 0
    assert churn.problems == []
    assert [each["result"] for each in taken if not each["reclaimed"]] == []
    kinds = [str(each["kind"]) for each in taken]
    assert (kinds.count("container"), kinds.count("address"), len(kinds)) == (12, 5, 20)
    assert [path for path in (*orphans, *remains) if path.exists()] == []
    assert not any((data.node.state / pod.sandbox.container_id).exists() for pod in gone)
    assert {pod.name: pod.addresses("net1") for pod in kept} == before
    for pod in kept:
        data.runtime.check(pod.sandbox)
    reserved = {path.name for path in (data.node.addresses / "data").iterdir()}
    assert {address.split("/")[0] for pod in kept for address in before[pod.name]} <= reserved
    assert document(data, "gc", "--yes") == []


class Churn:
    """A runtime that starts and ends a pod, again and again."""

    def __init__(self, world: World) -> None:
        self.rounds = 0
        self.problems: list[str] = []
        self._world = world
        self._pods = [world.pod(f"churn{number}", "data") for number in range(2)]
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._work, args=[pod]) for pod in self._pods]

    def _work(self, pod: Pod) -> None:
        while not self._stop.is_set():
            try:
                self._world.add(pod)
                self._world.runtime.check(pod.sandbox)
                self._world.delete(pod)
                self.rounds += 1
            except PluginError as error:
                self.problems.append(str(error))
                return

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=60)


def test_a_dry_run_shows_what_would_be_done_and_does_nothing(data: World) -> None:
    pod = data.start("pod1", "data")
    abandon(data, pod)
    before = data.left()
    shown = run(data, "gc", "--dry-run")
    assert "default/pod1" in shown.stdout
    assert "203.0.113.10/24" in shown.stdout
    assert data.left() == before


def test_without_a_terminal_and_without_yes_nothing_is_done(data: World) -> None:
    pod = data.start("pod1", "data")
    abandon(data, pod)
    refused = run(data, "gc", check=False)
    assert refused.returncode == 1
    assert "--yes was not given" in refused.stderr
    assert (data.node.state / pod.sandbox.container_id).is_file()


@pytest.mark.parametrize(
    ("answer", "taken"),
    [("y\n", True), ("n\n", False), ("\n", False), ("\x04", False)],
    ids=["yes", "no", "nothing", "Ctrl-D"],
)
def test_a_person_is_asked(data: World, answer: str, taken: bool) -> None:  # noqa: FBT001 - a case
    pod = data.start("pod1", "data")
    abandon(data, pod)
    ours, theirs = pty.openpty()
    try:
        os.write(ours, answer.encode())
        done = run(data, "gc", check=False, stdin=theirs)
    finally:
        os.close(ours)
        os.close(theirs)
    assert "Take back 1 of these? [y/N]" in done.stdout
    assert done.stderr == ""
    assert (done.returncode == 0) is taken
    assert (data.node.state / pod.sandbox.container_id).exists() is not taken


def test_on_a_clean_node_there_is_nothing_to_do(data: World) -> None:
    data.start("pod1", "data")
    assert run(data, "gc").stdout == "nothing has leaked\n"


def test_an_address_that_an_interface_has_is_nobodys_leak(data: World) -> None:
    """Its container is unknown to Multus, but it is in use: another program's, or a record that was lost."""
    pod = data.start("pod1", "data")
    for path in (data.node.state / pod.sandbox.container_id, *(data.node.state / "results").iterdir()):
        path.unlink()
    used = orphan(data, "203.0.113.10", owner=pod.sandbox.container_id)
    free = orphan(data, "203.0.113.20")
    taken = document(data, "gc", "--yes")
    assert [each["subject"] for each in taken] == ["address 203.0.113.20 of network data"]
    assert (used.exists(), free.exists()) == (True, False)
    pod.sandbox.namespace.remove()
    assert [each["reclaimed"] for each in document(data, "gc", "--yes")] == [True]
    (data.node.addresses / "cluster" / pod_address(pod)).unlink()


def pod_address(pod: Pod) -> str:
    """Return what the cluster network gave to a pod."""
    found = pod.result["ips"]
    assert isinstance(found, list)
    assert isinstance(found[0], dict)
    return str(found[0]["address"]).split("/")[0]


def test_what_a_plugin_refuses_to_take_back_stays_recorded_and_is_said(data: World) -> None:
    failing: Object = {"error": {"cniVersion": "1.1.0", "code": 11, "msg": "come back later"}}
    data.network("flaky", data.recorder("flaky", {"DEL": [failing, {}]}))
    pod = data.start("pod1", "data,flaky")
    abandon(data, pod)
    (first,) = document(data, "gc", "--yes", check=False)
    assert first["reclaimed"] is False
    assert "come back later" in str(first["result"])
    (second,) = document(data, "gc", "--yes")
    assert second["reclaimed"] is True
    assert data.left() == []


def test_the_plugins_get_no_namespace_as_another_one_may_be_at_its_path_by_now(data: World) -> None:
    data.network("probe", data.recorder("probe"))
    pod = data.start("pod1", "probe")
    abandon(data, pod)
    document(data, "gc", "--yes")
    (deleted,) = data.recorded("probe", "DEL")
    variables = deleted["cni"]
    assert isinstance(variables, dict)
    assert (variables["CNI_NETNS"], variables["CNI_CONTAINERID"]) == ("", pod.sandbox.container_id)
