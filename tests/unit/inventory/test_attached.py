"""What is attached, read from records, cached results, and what of either is broken or another program's."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from multus_py.cni import conf
from multus_py.inventory import attached
from multus_py.inventory.model import Link, Route
from tests.unit.inventory.nodes import ID, OTHER, NodeWorld

GOLDEN = Path("tests/golden/attach")


def test_a_container_is_its_record_with_what_its_plugins_answered(given: NodeWorld) -> None:
    given.start()
    (container,) = given.containers()
    assert (container.subject, container.pod_uid, container.id) == ("demo/web", "u1", ID)
    (attachment,) = container.attachments
    assert attachment.completed
    assert (attachment.network, attachment.interface, attachment.plugins) == ("cluster", "eth0", ("bridge",))
    assert (attachment.sandbox, attachment.master) == (given.sandbox, "br0")
    assert (attachment.mac, attachment.mtu) == ("02:00:00:00:00:02", 0)
    assert (attachment.addresses, attachment.gateways) == (("192.0.2.7/24",), ("192.0.2.1",))
    assert attachment.routes == (Route(destination="0.0.0.0/0", gateway="192.0.2.1"),)
    assert attachment.host == (Link(name="veth0", mac="02:00:00:00:00:01"),)
    assert attachment.config["name"] == "cluster"


def test_a_fresh_node_has_nothing(given: NodeWorld) -> None:
    assert given.containers() == ()


@pytest.mark.parametrize("content", ["", "[{", "null", "[]", "{}", '[{"Bytes": "!"}]'], ids=repr)
def test_a_broken_record_is_replaced_by_the_cached_results(given: NodeWorld, content: str) -> None:
    given.start()
    given.record().write_text(content)
    (container,) = given.containers()
    assert [each.interface for each in container.attachments] == ["eth0"]


def test_without_cached_results_a_broken_record_is_a_container_without_attachments(given: NodeWorld) -> None:
    given.write(given.record(), "[{")
    (container,) = given.containers()
    assert (container.subject, container.attachments) == (f"container {ID[:13]}", ())


def test_a_record_of_the_go_multus_with_its_cached_results_is_complete(given: NodeWorld) -> None:
    given.start()
    given.as_go_writes()
    (container,) = given.containers()
    assert (container.subject, container.sandbox) == ("demo/web", given.sandbox)


def test_a_record_of_the_go_multus_alone_tells_networks_and_no_more(given: NodeWorld) -> None:
    given.record().parent.mkdir()
    shutil.copy(GOLDEN / "go-record.json", given.record())
    (container,) = given.containers()
    assert [each.interface for each in container.attachments] == ["eth0", "net1", "storage"]
    assert [each.device for each in container.attachments] == ["", "", "0000:03:02.3"]
    assert (container.sandbox, container.pod) == ("", "")
    assert not any(each.completed for each in container.attachments)


def test_a_damaged_result_leaves_what_the_record_says(given: NodeWorld) -> None:
    given.start()
    (result,) = given.results()
    result.write_text('{"kind": "cni')
    ((attachment,),) = [container.attachments for container in given.containers()]
    assert (attachment.completed, attachment.sandbox, attachment.addresses) == (True, given.sandbox, ())


def test_where_the_runtime_keeps_its_results_too_those_without_a_record_are_not_ours(given: NodeWorld) -> None:
    given.start()
    foreign = json.loads(given.results()[0].read_text()) | {"containerId": OTHER, "networkName": "podman"}
    given.write(given.world.state / "results" / f"podman-{OTHER}-eth0", json.dumps(foreign))
    assert [each.id for each in given.containers()] == [ID, OTHER]
    given.runtime_results = given.world.state / "results"
    assert [each.id for each in given.containers()] == [ID]


@pytest.mark.parametrize(
    ("plugin", "master"),
    [
        ({"type": "macvlan", "master": "eth1"}, "eth1"),
        ({"type": "bridge"}, "cni0"),
        ({"type": "bridge", "bridge": "br7"}, "br7"),
        ({"type": "host-device", "device": "eth5"}, "eth5"),
        ({"type": "ptp"}, ""),
        ({"type": "odd", "master": ["eth1"]}, ""),
    ],
    ids=lambda item: item["type"] if isinstance(item, dict) else item,
)
def test_the_interface_of_the_node_is_what_the_plugin_calls_it(plugin: dict[str, str], master: str) -> None:
    network = conf.parse(json.dumps({"cniVersion": "1.0.0", "name": "n", **plugin}).encode())
    assert attached.master(network) == master
