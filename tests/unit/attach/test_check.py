"""CHECK: every recorded attachment."""

from __future__ import annotations

import base64
import json

import pytest

from multus_py.cni import errors
from multus_py.cni.errors import CNIError
from tests.unit.attach.world import NETNS, World


@pytest.fixture
def attached(world: World) -> World:
    """Return a world whose pod is attached to the cluster network (1.0.0), demo/a (0.4.0) and demo/old (0.3.1)."""
    world.plugin("ipvlan")
    world.put_nad("a", {"cniVersion": "0.4.0", "type": "macvlan"})
    world.put_nad("old", {"cniVersion": "0.3.1", "type": "ipvlan"})
    world.put_pod("a,old")
    world.run.answer("macvlan", "ADD", world.make)
    world.add()
    world.run.calls.clear()
    world.node.calls.clear()
    return world


def refusal(world: World) -> CNIError:
    with pytest.raises(CNIError) as caught:
        world.check()
    return caught.value


def test_every_recorded_attachment_is_checked_in_the_order_of_add(attached: World) -> None:
    """B18: the original checks what is in the configuration, and not what was attached."""
    attached.keys["delegates"] = [{"name": "new", "type": "other"}]
    opened = len(attached.opened)
    attached.check()
    assert attached.run.names() == ["CHECK bridge eth0", "CHECK macvlan net1"]
    assert attached.node.calls == [("first_interface", NETNS, "net2")]
    assert len(attached.opened) == opened, "the cluster is not asked"


def test_plugins_get_the_result_of_the_add(attached: World) -> None:
    attached.check()
    assert attached.run.one("CHECK macvlan net1").config["prevResult"] == {
        "cniVersion": "0.4.0",
        "interfaces": [{"name": "net1", "mac": "0a:58:0a:01:02:03", "sandbox": NETNS}],
        "dns": {},
    }


def test_the_first_thing_that_is_wrong_is_told_with_its_code(attached: World) -> None:
    attached.run.answer("bridge", "CHECK", CNIError(101, "no route", "to host"))
    error = refusal(attached)
    assert error.msg == "[demo/web/u1:cluster]: eth0: no route"
    assert (error.code, error.details) == (101, "to host")
    assert attached.run.names() == ["CHECK bridge eth0"]


def test_an_old_attachment_is_wrong_when_its_interface_is_gone(attached: World) -> None:
    attached.node.interfaces[NETNS].discard("net2")
    error = refusal(attached)
    assert error.msg == "[demo/web/u1:demo/old]: net2: the interface is not in the pod's network namespace"


def test_an_old_attachment_that_never_had_an_interface_is_right(world: World) -> None:
    world.keys["delegates"] = [{"cniVersion": "0.3.1", "name": "cluster", "type": "bridge"}]
    world.run.answer("bridge", "ADD", {"cniVersion": "0.3.1", "ips": [{"version": "4", "address": "192.0.2.7/24"}]})
    world.add(args="")
    world.check(args="")
    assert world.run.names() == ["ADD bridge eth0"]


def test_a_namespace_that_is_gone_is_an_error(attached: World) -> None:
    del attached.node.interfaces[NETNS]
    error = refusal(attached)
    assert error.code == errors.INVALID_NETNS
    assert error.msg == f"[demo/web/u1:demo/old]: net2: network namespace {NETNS} does not exist (any more)"


def test_a_container_of_which_nothing_is_recorded_is_unknown(world: World) -> None:
    error = refusal(world)
    assert error.msg == "nothing is recorded of container c1"
    assert error.code == errors.UNKNOWN_CONTAINER


def test_a_network_that_disables_check_is_right(world: World) -> None:
    world.keys["delegates"] = [
        {"cniVersion": "1.0.0", "name": "cluster", "disableCheck": True, "plugins": [{"type": "bridge"}]}
    ]
    world.add(args="")
    world.check(args="")
    assert world.run.names() == ["ADD bridge eth0"]


def test_a_recorded_version_that_is_none_is_named(attached: World) -> None:
    record = attached.state / "c1"
    entries = json.loads(record.read_text())
    config = base64.b64decode(entries[0]["Bytes"]).replace(b"1.0.0", b"1.0.p")
    entries[0]["Bytes"] = base64.b64encode(config).decode()
    record.write_text(json.dumps(entries))

    error = refusal(attached)

    assert error.code == errors.DECODING_FAILURE
    assert "micro version part" in error.msg
