"""The rehearsal says what ADD does: plugin by plugin, byte by byte."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from multus_py.cluster.errors import UnavailableError
from multus_py.cluster.objects import Nad, Pod
from multus_py.cni.errors import CNIError
from multus_py.inventory import rehearsal
from multus_py.inventory.understudy import Understudy
from tests.fakes.cluster import FakeCluster
from tests.unit.attach.world import NETNS, World

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONObject, JSONValue
    from multus_py.inventory.rehearsal import Rehearsal

CHAIN: JSONObject = {
    "cniVersion": "1.0.0",
    "plugins": [{"type": "macvlan", "capabilities": {"ips": True}}, {"type": "tuning"}],
}
ASKED: JSONValue = [
    {"name": "a", "ips": ["192.0.2.7/24"], "default-route": ["192.0.2.1"]},
    {"name": "b", "interface": "data"},
]


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path)
    for type in ("bridge", "macvlan", "tuning"):
        made.plugin(type)
    made.put_nad("a", CHAIN)
    made.put_nad("b")
    return made


def rehearse(world: World, pod: Pod, cluster: Understudy | None = None) -> Rehearsal:
    keys: JSONObject = {key: value for key, value in world.keys.items() if value is not None}
    return rehearsal.rehearse(keys, pod, ports=world.ports(), cluster=cluster or Understudy([], world.cluster))


def test_it_tells_what_add_then_gives_to_each_plugin(world: World) -> None:
    pod = world.put_pod(ASKED, uid=rehearsal.UID)
    steps = rehearse(world, pod).steps
    assert world.run.calls == []
    world.node.will_reroute("net1", added=["192.0.2.1"])
    world.node.interfaces[rehearsal.NETNS] = {"lo"}
    args = next(step.environment["CNI_ARGS"] for step in steps)
    world.add(
        container_id=rehearsal.CONTAINER,
        netns=rehearsal.NETNS,
        args=args.replace("IgnoreUnknown=true", "IgnoreUnknown=1"),
    )
    added = [call for call in world.run.calls if call.command == "ADD"]
    assert [(step.plugin, step.interface) for step in steps] == [(call.type, call.ifname) for call in added]
    for step, call in zip(steps, added, strict=True):
        variables = {name.removeprefix("CNI_"): text for name, text in step.environment.items()}
        assert variables == {**call.variables, "PATH": variables["PATH"]}
        assert step.stdin == {key: value for key, value in call.config.items() if key != "prevResult"}
        assert bool(step.previous) == ("prevResult" in call.config)


def test_it_leaves_nothing_on_disk(world: World) -> None:
    rehearse(world, world.put_pod(ASKED))
    assert not world.state.exists()


def test_it_tells_who_gets_the_default_route(world: World) -> None:
    assert rehearse(world, world.put_pod(ASKED)).default_routes == (("net1", ("192.0.2.1",)),)


def test_a_plugin_that_this_machine_lacks_is_told_of(world: World) -> None:
    world.run.uninstall("tuning")
    paths = {step.plugin: step.path for step in rehearse(world, world.put_pod("a")).steps}
    assert paths == {"bridge": f"{world.bin}/bridge", "macvlan": f"{world.bin}/macvlan", "tuning": ""}


@pytest.mark.parametrize(
    ("networks", "said"),
    [("missing", "in none of the files"), ("[null]", "networks"), ("a@net1,b@net1", "both ask for the interface")],
)
def test_what_add_would_refuse_is_refused_in_its_words(world: World, networks: str, said: str) -> None:
    nads = [Nad(namespace="demo", name=name, config=json.dumps(CHAIN)) for name in ("a", "b")]
    with pytest.raises(CNIError, match=said):
        rehearse(world, world.put_pod(networks), Understudy(nads, None))


def test_a_device_that_has_yet_to_be_allocated_has_a_made_up_name(world: World) -> None:
    world.put_nad("nic", resource="vendor/nic")
    steps = rehearse(world, world.put_pod("nic,nic")).steps
    assert [step.stdin.get("deviceID") for step in steps] == [None, "DEVICE-1-OF-vendor/nic", "DEVICE-2-OF-vendor/nic"]


def test_nads_of_files_go_before_those_of_the_cluster(world: World) -> None:
    config = json.dumps({"cniVersion": "1.0.0", "type": "tuning"})
    understudy = Understudy([Nad(namespace="demo", name="a", config=config)], world.cluster)
    assert [step.plugin for step in rehearse(world, world.put_pod("a,b"), understudy).steps] == [
        "bridge",
        "tuning",
        "macvlan",
    ]


def test_a_cluster_that_does_not_answer_is_said(world: World) -> None:
    cluster = FakeCluster()
    cluster.fail("get_nads", UnavailableError("the server is away"))
    with pytest.raises(CNIError, match="the server is away"):
        rehearse(world, world.put_pod("a"), Understudy([], cluster))


def test_the_namespace_is_nobodys(world: World) -> None:
    assert rehearsal.NETNS != NETNS
