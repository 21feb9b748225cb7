"""`multus show` and `multus plan` on a node with real plugins and a real kernel."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

import pytest

from multus_py.lab.objects import JSON, Object, section
from tests.integration.flows import networks
from tests.integration.flows.node_commands import document, run
from tests.integration.flows.world import Pod, World

pytestmark = pytest.mark.root


@pytest.fixture
def pod(world: World) -> Pod:
    world.network("data", networks.storage(world.node))
    return world.start("pod1", "data")


def attachments(container: dict[str, JSON]) -> list[Object]:
    found = container["attachments"]
    assert isinstance(found, list)
    return [each for each in found if isinstance(each, dict)]


def test_what_is_shown_is_what_the_kernel_has(world: World, pod: Pod) -> None:
    (container,) = document(world, "show", "pod", "pod1")
    assert container["sandbox"] == str(pod.sandbox.namespace.path)
    assert container["container"] == pod.sandbox.container_id
    for shown in attachments(container):
        interface = pod.interface(str(shown["interface"]))
        assert (shown["mac"], shown["ips"]) == (interface.mac, pod.addresses(interface.name))
    assert [shown["master"] for shown in attachments(container)] == ["cluster0", "eth1"]


def test_a_live_pod_is_as_its_plugins_left_it(world: World, pod: Pod) -> None:
    (container,) = document(world, "show", "pods", "--live")
    assert container["findings"] == []


FAULTS = {
    "interface-missing": ["link", "del", "net1"],
    "interface-down": ["link", "set", "net1", "down"],
    "mac-differs": ["link", "set", "net1", "address", "02:00:5e:00:53:99"],
    "address-missing": ["address", "flush", "dev", "net1"],
    "route-missing": ["route", "del", "default"],
}


@pytest.mark.parametrize("id", FAULTS)
def test_what_has_changed_in_the_kernel_is_found(world: World, pod: Pod, id: str) -> None:
    pod.sandbox.namespace.run(["ip", *FAULTS[id]])
    done = run(world, "show", "pods", "--live", "-o", "json", check=False)
    (container,) = json.loads(done.stdout)
    assert [finding["id"] for finding in container["findings"]] == [id]
    assert done.returncode == int(container["findings"][0]["severity"] == "error")


def test_a_container_is_found_by_the_beginning_of_its_id(world: World, pod: Pod) -> None:
    (container,) = document(world, "show", "container", pod.sandbox.container_id[:12])
    assert container["container"] == pod.sandbox.container_id
    refused = run(world, "show", "pod", "other/pod1", check=False)
    assert refused.returncode == 1
    assert "nothing is recorded of pod other/pod1" in refused.stderr


def test_a_pod_is_drawn(world: World, pod: Pod) -> None:
    drawing = ET.fromstring(run(world, "show", "pods", "--live", "-o", "svg").stdout)
    texts = {element.text for element in drawing.iter() if element.tag.endswith("text")}
    assert {"default/pod1", "eth0", "net1", "cluster0", "eth1", "default/data", *pod.addresses("net1")} <= texts


def test_an_empty_node_says_so(world: World) -> None:
    assert run(world, "show", "pods").stdout == "nothing is attached on this node\n"


def test_the_plan_is_what_the_plugins_get(world: World) -> None:
    """The same bytes but for what only ADD knows: container, namespace, UID, and the results of plugins before."""
    world.network("probe", world.recorder("probe", capabilities={"ips": True}))
    asked: JSON = [{"name": "probe", "ips": ["203.0.113.7/24"], "cni-args": {"color": "blue"}}]
    pod = world.pod("pod1", asked)
    manifest = world.node.directory / "pod.json"
    manifest.write_text(json.dumps(world.api.get("pod", "pod1", "default")))
    (planned,) = document(world, "plan", "-f", str(manifest))
    assert world.recorded("probe") == []
    world.add(pod)
    (added,) = world.recorded("probe", "ADD")
    steps = planned["steps"]
    assert isinstance(steps, list)
    step = next(each for each in steps if isinstance(each, dict) and each["plugin"] == "probe")
    assert step["stdin"] == added["config"]
    variables = {
        name: text for name, text in section(added, "cni").items() if name not in ("CNI_NETNS", "CNI_CONTAINERID")
    }
    environment = section(step, "environment")
    own = ("K8S_POD_INFRA_CONTAINER_ID", "K8S_POD_UID", "IgnoreUnknown")
    for given in (variables, environment):
        pairs = str(given["CNI_ARGS"]).split(";")
        given["CNI_ARGS"] = ";".join(pair for pair in pairs if not pair.startswith(own))
    assert {name: environment[name] for name in variables} | {"CNI_PATH": ""} == variables | {"CNI_PATH": ""}
