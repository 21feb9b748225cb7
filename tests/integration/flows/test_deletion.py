"""DEL takes back what ADD made, whatever has happened to the API server, the sandbox or the record in between."""

from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path

import pytest

from multus_py.lab.objects import JSON, Object, section
from multus_py.lab.runtime import PluginError
from tests.integration.flows import networks
from tests.integration.flows.world import Pod, World

pytestmark = pytest.mark.root


@pytest.fixture
def pod(world: World) -> Pod:
    """Start a pod with a second network whose addresses are noted on disk."""
    world.network("data", networks.storage(world.node))
    return world.start("pod1", "data")


def record(world: World, pod: Pod) -> Path:
    return world.node.state / pod.sandbox.container_id


def test_everything_goes(world: World, pod: Pod) -> None:
    assert record(world, pod).is_file()
    assert len(list((world.node.state / "results").iterdir())) == 2
    world.delete(pod)
    assert world.left() == []
    assert pod.names == []


def test_the_api_server_and_the_kubeconfig_are_not_needed(world: World, pod: Pod) -> None:
    world.stop_api()
    world.delete(pod)
    assert world.left() == []


def test_a_second_del_succeeds(world: World, pod: Pod) -> None:
    world.delete(pod)
    world.delete(pod)
    assert world.left() == []


@pytest.mark.parametrize("netns", ["", None], ids=["the runtime gives none", "the runtime gives its old path"])
def test_the_sandbox_may_be_gone(world: World, pod: Pod, netns: str | None) -> None:
    pod.sandbox.namespace.remove()
    world.runtime.delete(pod.sandbox, netns=netns)
    assert world.left(within=5) == []


def test_the_pod_and_its_networks_may_be_gone_from_the_api_server(world: World, pod: Pod) -> None:
    world.api.delete("pod", "pod1")
    world.api.delete("nad", "data")
    world.delete(pod)
    assert world.left() == []


@pytest.mark.parametrize("content", [b"", b'[{"Conf": {"na', b"{}", b"[]", b"null", b"\xff\xfe"], ids=repr)
def test_a_torn_record_is_replaced_by_the_cached_results(world: World, pod: Pod, content: bytes) -> None:
    record(world, pod).write_bytes(content)
    world.delete(pod)
    assert world.left() == []
    assert pod.names == []


def test_a_lost_record_is_replaced_by_the_cached_results(world: World, pod: Pod) -> None:
    record(world, pod).unlink()
    world.delete(pod)
    assert world.left() == []


def test_a_pod_that_the_go_multus_attached_is_deleted(world: World, pod: Pod) -> None:
    """Its record has no key of ours; libcni's cached results have the same format (multus-behaviour 3.7)."""
    file = record(world, pod)
    ours = json.loads(file.read_bytes())
    file.write_text(json.dumps([_as_go_writes(entry) for entry in ours]))
    world.delete(pod)
    assert world.left() == []
    assert pod.names == []


def test_a_pod_that_the_go_multus_attached_is_deleted_without_cached_results(world: World, pod: Pod) -> None:
    file = record(world, pod)
    file.write_text(json.dumps([_as_go_writes(entry) for entry in json.loads(file.read_bytes())]))
    for cached in (world.node.state / "results").iterdir():
        cached.unlink()
    world.delete(pod)
    assert world.left() == []
    assert pod.names == []


def _as_go_writes(entry: Object) -> Object:
    raw = json.loads(base64.b64decode(str(entry["Bytes"])))
    conf: Object = {"cniVersion": raw["cniVersion"], "name": raw["name"], "type": raw["type"]}
    return {
        "Conf": {**conf, "ipam": {"type": raw["ipam"]["type"]}, "dns": {}},
        "ConfList": {"cniVersion": raw["cniVersion"], "name": raw["name"], "plugins": None},
        "Name": entry["Name"],
        "IsFilterV4Gateway": False,
        "IsFilterV6Gateway": False,
        "Bytes": entry["Bytes"],
    }


def test_a_delegate_that_fails_keeps_the_record_and_the_next_del_completes_it(world: World) -> None:
    failing: Object = {"DEL": [{"error": {"cniVersion": "1.1.0", "code": 11, "msg": "come back later"}}, {}]}
    world.network("flaky", world.recorder("flaky", failing))
    world.network("data", networks.storage(world.node))
    pod = world.start("pod1", "data,flaky")
    with pytest.raises(PluginError, match="come back later") as caught:
        world.delete(pod)
    assert caught.value.code == 11
    assert pod.names == []
    assert record(world, pod).is_file()
    world.delete(pod)
    assert world.left() == []


def test_delegates_get_the_same_arguments_and_the_result_of_add(world: World) -> None:
    capabilities: Object = {"ips": True, "mac": True, "portMappings": True, "bandwidth": True}
    world.network("probe", world.recorder("probe", capabilities=capabilities))
    asked: Object = {
        "name": "probe",
        "ips": ["203.0.113.7/24"],
        "mac": "02:00:00:00:00:07",
        "portMappings": [{"hostPort": 8080, "containerPort": 80, "protocol": "tcp"}],
        "bandwidth": {"ingressRate": 1000000, "ingressBurst": 1000000},
        "cni-args": {"color": "blue"},
    }
    pod = world.start("pod1", [asked])
    world.stop_api()
    world.delete(pod)
    added, deleted = world.recorded("probe", "ADD", "DEL")
    assert section(added, "cni") == {**section(deleted, "cni"), "CNI_COMMAND": "ADD"}
    config: dict[str, JSON] = section(deleted, "config")
    assert "prevResult" in config
    assert {key: config[key] for key in config if key != "prevResult"} == section(added, "config")
    assert {"ips", "mac", "portMappings", "bandwidth"} <= set(section(added, "config", "runtimeConfig"))


def test_a_container_of_which_nothing_is_known_is_deleted(world: World) -> None:
    pod = world.pod("pod1")
    world.delete(pod)
    assert world.left() == []


def test_a_hung_delegate_is_ended_when_there_is_a_limit(world: World) -> None:
    world.configured(delegateTimeout=1)
    world.network("slow", world.recorder("slow", {"ADD": {"sleep": 600}}))
    pod = world.pod("pod1", "slow")
    with pytest.raises(PluginError, match=r"slow.*1 second"):
        world.add(pod)
    assert subprocess.run(["pgrep", "-f", f"{world.node.plugins}/slow"], check=False, capture_output=True).stdout == b""
    assert world.left() == []
