"""default-route: the kernel first, then every result that tells of routes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from multus_py.attach import rerouting
from multus_py.cni.result import Address, Result, Route
from tests.unit.attach.world import NETNS, World

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONValue

V4, V6, LINK = Route(dst="0.0.0.0/0", gw="10.1.0.1"), Route(dst="::/0", gw="fd00::1"), Route(dst="10.2.0.0/16")
ODD = Route(dst="0::0/0", gw="fd00::1")
HALF = Route(dst="0.0.0.0/1", gw="10.1.0.1")

CORRECTED = {
    "nothing": ((V4, V6, LINK), set(), (), (V4, V6, LINK)),
    "one family goes": ((V4, V6, LINK), {4}, (), (V6, LINK)),
    "the other goes, however it is spelled": ((V4, ODD, LINK), {6}, (), (V4, LINK)),
    "both go": ((V4, V6, LINK), {4, 6}, (), (LINK,)),
    "half of the world is no default route": ((HALF,), {4}, (), (HALF,)),
    "one comes": ((LINK,), set(), ("192.0.2.1",), (LINK, Route(dst="0.0.0.0/0", gw="192.0.2.1"))),
    "one is replaced": ((V6, LINK), {6}, ("2001:db8::1",), (LINK, Route(dst="::/0", gw="2001:db8::1"))),
}


@pytest.mark.parametrize(("before", "lost", "gained", "after"), CORRECTED.values(), ids=list(CORRECTED))
def test_a_result_follows_the_routes(
    before: tuple[Route, ...], lost: set[int], gained: tuple[str, ...], after: tuple[Route, ...]
) -> None:
    """B2: the original never finds the IPv6 default route in a result."""
    result = Result(addresses=(Address(address="10.1.0.2/16"),), routes=before)
    assert rerouting.corrected(result, lost=lost, gained=gained) == result.replace(routes=after)


# A whole ADD. eth0 has a default route of each family; net1 asks for them.

ROUTES: list[JSONValue] = [
    {"dst": "0.0.0.0/0", "gw": "10.1.0.1"},
    {"dst": "::/0", "gw": "fd00::1"},
    {"dst": "10.2.0.0/16"},
]


@pytest.fixture
def routed(world: World) -> World:
    world.plugin("bridge", ips=[{"address": "10.1.0.2/16", "interface": 0}], routes=ROUTES)
    world.put_nad("a")
    return world


def ask(world: World, *gateways: str) -> None:
    gateway_list: list[JSONValue] = list(gateways)
    world.put_pod([{"name": "a", "default-route": gateway_list}])


def cached_routes(world: World, name: str) -> object:
    return json.loads((world.state / "results" / name).read_bytes())["result"].get("routes")


def test_the_kernel_is_told_and_result_cache_and_status_follow(routed: World) -> None:
    """B1, B2, B5: the original changes nothing in the kernel, and tells everybody of the old gateway."""
    ask(routed, "192.0.2.1")
    routed.node.will_reroute("net1", removed=[("eth0", 4)], added=["192.0.2.1"])
    printed = routed.add()
    assert ("set_default_routes", NETNS, "net1", "192.0.2.1") in routed.node.calls
    assert printed["routes"] == ROUTES[1:]
    assert cached_routes(routed, "cluster-c1-eth0") == ROUTES[1:]
    assert cached_routes(routed, "a-c1-net1") == [{"dst": "0.0.0.0/0", "gw": "192.0.2.1"}]
    eth0, net1 = routed.status_entries()
    assert eth0["gateway"] == ["fd00::1"]
    assert net1["gateway"] == ["192.0.2.1"]


def test_only_the_family_that_was_asked_for_changes(routed: World) -> None:
    """B3, B4: in the original a request for one family touches the other one, too."""
    ask(routed, "2001:db8::1")
    routed.node.will_reroute("net1", removed=[("eth0", 6)], added=["2001:db8::1"])
    assert routed.add()["routes"] == [ROUTES[0], ROUTES[2]]


def test_an_empty_list_keeps_the_attachments_own_default_route(routed: World) -> None:
    """B3: in the original everybody loses theirs."""
    routed.plugin("macvlan", routes=[{"dst": "0.0.0.0/0", "gw": "192.0.2.9"}])
    ask(routed)
    routed.node.will_reroute("net1", removed=[("eth0", 4)])
    routed.add()
    eth0, net1 = routed.status_entries()
    assert (eth0["gateway"], net1["gateway"]) == (["fd00::1"], ["192.0.2.9"])


def test_check_and_del_are_told_of_the_routes_as_they_are(routed: World) -> None:
    """B2: in the original CHECK sees a route that was meant to go."""
    ask(routed, "192.0.2.1", "2001:db8::1")
    routed.node.will_reroute("net1", removed=[("eth0", 4), ("eth0", 6)], added=["192.0.2.1", "2001:db8::1"])
    routed.add()
    routed.check()
    previous = routed.run.one("CHECK bridge eth0").config["prevResult"]
    assert isinstance(previous, dict)
    assert previous["routes"] == [ROUTES[2]]


def test_default_routes_that_a_plugin_only_claimed_go_too(routed: World) -> None:
    ask(routed, "192.0.2.1")
    routed.node.will_reroute("net1", added=["192.0.2.1"])
    assert routed.add()["routes"] == ROUTES[1:]


def test_attachments_that_are_not_concerned_stay_as_they_are(world: World) -> None:
    world.put_nad("a")
    ask(world, "192.0.2.1")
    world.node.will_reroute("net1", added=["192.0.2.1"])
    assert "routes" not in world.add()


def test_each_family_may_have_another_holder(routed: World) -> None:
    routed.plugin("ipvlan")
    routed.put_nad("b", {"cniVersion": "1.0.0", "type": "ipvlan"})
    routed.put_pod([{"name": "a", "default-route": ["192.0.2.1"]}, {"name": "b", "default-route": ["2001:db8::1"]}])
    routed.node.will_reroute("net1", removed=[("eth0", 4)], added=["192.0.2.1"])
    routed.node.will_reroute("net2", removed=[("eth0", 6)], added=["2001:db8::1"])
    assert routed.add()["routes"] == [ROUTES[2]]
    assert [entry.get("gateway") for entry in routed.status_entries()] == [None, ["192.0.2.1"], ["2001:db8::1"]]


def test_a_result_that_is_not_cached_is_not_made_up(routed: World) -> None:
    ask(routed, "192.0.2.1")
    routed.node.will_reroute("net1", removed=[("eth0", 4)], added=["192.0.2.1"])

    def forget(call: object) -> object:
        (routed.state / "results" / "cluster-c1-eth0").unlink()
        return {}

    routed.run.answer("macvlan", "ADD", lambda call: (forget(call), routed.make(call))[1])
    routed.add()
    assert routed.cached() == ["a-c1-net1"]
