"""The plan: which networks a pod gets, in which order, on which interfaces, with which arguments."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from multus_py.attach import plan as planning
from multus_py.attach.attachment import Attachment, Plan
from multus_py.attach.networks import Finder, NoNetworkError
from multus_py.cni import errors
from multus_py.cni.errors import CNIError
from multus_py.node.routes import DefaultRoutes
from tests.unit.attach.world import DEFAULT_NETWORK, NETNS, NETWORKS, World, names

if TYPE_CHECKING:
    from collections.abc import Iterable

    from multus_py.attach.settings import Settings
    from multus_py.base.jsontext import JSONObject, JSONValue
    from multus_py.cluster.objects import Pod
    from multus_py.cluster.port import Cluster


def make(world: World, pod: Pod | None) -> Plan:
    call = world.work()
    finder = Finder(call.settings, world.cluster)
    return planning.make(call, pod, finder=finder, cluster=world.cluster)


def planned(world: World, networks: JSONValue = None, **annotations: str) -> tuple[Attachment, ...]:
    return make(world, world.put_pod(networks, **annotations)).attachments


def refusal(world: World, networks: JSONValue = None, **annotations: str) -> CNIError:
    with pytest.raises(CNIError) as caught:
        planned(world, networks, **annotations)
    return caught.value


@pytest.fixture
def nads(world: World) -> World:
    """Return a world with the NADs demo/a, demo/b, blue/a and kube-system/a."""
    for namespace, name in (("demo", "a"), ("demo", "b"), ("blue", "a"), ("kube-system", "a")):
        world.put_nad(name, namespace=namespace)
    return world


# Order and interface names.


def test_a_pod_that_asks_for_nothing_gets_the_cluster_network(world: World) -> None:
    [only] = planned(world)
    assert only == Attachment(
        name="cluster",
        network=only.network,
        ifname="eth0",
        args=(
            ("IgnoreUnknown", "1"),
            ("K8S_POD_NAMESPACE", "demo"),
            ("K8S_POD_NAME", "web"),
            ("K8S_POD_INFRA_CONTAINER_ID", "c1"),
            ("K8S_POD_UID", "u1"),
        ),
        netns=NETNS,
    )


def test_without_kubernetes_a_pod_gets_the_configured_networks(world: World) -> None:
    world.cluster = None
    world.keys["delegates"] = [{"name": "x", "type": "bridge"}, {"name": "y", "type": "macvlan"}]
    assert names(make(world, None).attachments) == ["x@eth0", "y@net1"]


def test_without_kubernetes_the_default_networks_are_attached_too(world: World) -> None:
    world.cluster = None
    for name in ("main", "more"):
        world.write(f"{name}.conf", {"cniVersion": "1.0.0", "name": name, "type": "bridge"})
    world.keys |= {"delegates": None, "clusterNetwork": "main", "defaultNetworks": ["more"]}
    assert names(make(world, None).attachments) == ["main@eth0", "more@net1"]


class Noting(Finder):
    """A finder that notes what it is asked to look up in one go."""

    def __init__(self, settings: Settings, cluster: Cluster | None) -> None:
        super().__init__(settings, cluster)
        self.asked: list[list[tuple[str, str]]] = []

    def look_up(self, names: Iterable[tuple[str, str]]) -> None:
        self.asked.append(list(names))
        super().look_up(self.asked[-1])


def test_what_a_pod_asks_for_is_looked_up_in_one_go(nads: World) -> None:
    pod, call = nads.put_pod("b,blue/a"), nads.work()
    finder = Noting(call.settings, nads.cluster)
    planning.make(call, pod, finder=finder, cluster=nads.cluster)
    assert finder.asked[0] == [("demo", "b"), ("blue", "a")]


def test_the_order_is_cluster_network_default_networks_annotation_auxiliary_chain(nads: World) -> None:
    nads.write("cluster.conflist", {"name": "cluster", "plugins": [{"type": "bridge"}]})
    nads.write("aux/1.conf", {"type": "tuning"})
    nads.keys |= {
        "clusterNetwork": f"{nads.conf_dir}/cluster.conflist",
        "defaultNetworks": ["a"],
        "auxiliaryCNIChainName": "aux",
    }
    assert names(planned(nads, "b,a@storage,a")) == [
        "cluster@eth0",
        "kube-system/a@net1",
        "demo/b@net2",
        "demo/a@storage",
        "demo/a@net4",
        "aux@net5",
    ]


def test_default_networks_count_only_beside_a_cluster_network(nads: World) -> None:
    nads.keys["defaultNetworks"] = ["a"]
    assert names(planned(nads)) == ["cluster@eth0"]


SYSTEM = {
    "the pod's namespace": (["demo"], ["kube-system/a@eth0"]),
    "another one": (["kube-system"], ["kube-system/a@eth0", "kube-system/a@net1"]),
    "the pod's name": (["web"], ["kube-system/a@eth0", "kube-system/a@net1"]),
    "none": ([], ["kube-system/a@eth0", "kube-system/a@net1"]),
}


@pytest.mark.parametrize(("namespaces", "expected"), SYSTEM.values(), ids=list(SYSTEM))
def test_system_namespaces_are_namespaces_whose_pods_get_no_default_networks(
    nads: World, namespaces: list[JSONValue], expected: list[str]
) -> None:
    """B9: the original compares them with the pod's name when it comes to the status."""
    nads.keys |= {"clusterNetwork": "a", "defaultNetworks": ["a"], "systemNamespaces": namespaces}
    assert names(planned(nads)) == expected


DEFAULTS = {
    "a bare name is in the Multus namespace": ("a", "kube-system/a@eth0"),
    "another namespace": ("demo/b", "demo/b@eth0"),
    "another interface": ("demo/b@uplink", "demo/b@uplink"),
    "as JSON": ('[{"name": "b", "namespace": "demo", "interface": "uplink"}]', "demo/b@uplink"),
}


@pytest.mark.parametrize(("text", "first"), DEFAULTS.values(), ids=list(DEFAULTS))
def test_the_default_network_annotation_replaces_the_cluster_network_only(nads: World, text: str, first: str) -> None:
    assert names(planned(nads, "a", **{DEFAULT_NETWORK: text})) == [first, "demo/a@net1"]


# What delegates are told.


def test_a_selection_becomes_cni_args_capabilities_and_configuration(nads: World) -> None:
    _, attachment = planned(
        nads,
        [
            {
                "name": "a",
                "interface": "storage",
                "ips": ["192.0.2.7/24", "2001:db8::7"],
                "mac": "02:00:5e:00:53:01",
                "portMappings": [{"hostPort": 1, "containerPort": 2}],
                "bandwidth": {"ingressRate": 1},
                "infiniband-guid": "24:8a:07:03:00:8d:ae:2f",
                "cni-args": {"x": 1},
            }
        ],
    )
    assert attachment.args[-2:] == (("MAC", "02:00:5e:00:53:01"), ("IP", "192.0.2.7/24,2001:db8::7"))
    assert attachment.capability_args == {
        "ips": ["192.0.2.7/24", "2001:db8::7"],
        "mac": "02:00:5e:00:53:01",
        "portMappings": [{"hostPort": 1, "containerPort": 2}],
        "bandwidth": {"ingressRate": 1, "ingressBurst": 0, "egressRate": 0, "egressBurst": 0},
        "infinibandGUID": "24:8a:07:03:00:8d:ae:2f",
    }
    assert attachment.network.plugins[0].raw["args"] == {"cni": {"x": 1}}
    assert attachment.ifname == "storage"


def test_runtime_capability_arguments_are_the_cluster_networks_alone(nads: World) -> None:
    """cni-behaviour 14.3.9: the original hands the pod's host ports to every network."""
    nads.keys["runtimeConfig"] = {"portMappings": [{"hostPort": 80}], "dns": {"servers": ["10.0.0.10"]}}
    first, second = planned(nads, "a")
    assert first.capability_args == nads.keys["runtimeConfig"]
    assert second.capability_args == {}


def test_what_a_pod_asks_of_its_default_network_comes_before_what_the_runtime_said(nads: World) -> None:
    nads.keys["runtimeConfig"] = {"mac": "of the runtime", "ips": ["192.0.2.1"]}
    [only] = planned(nads, **{DEFAULT_NETWORK: '[{"name": "a", "mac": "02:00:5e:00:53:01"}]'})
    assert only.capability_args == {"mac": "02:00:5e:00:53:01", "ips": ["192.0.2.1"]}


ARGS = {
    "none": ("", (("IgnoreUnknown", "true"),)),
    "some, of which each is sent once": (
        "IgnoreUnknown=0;IP=192.0.2.1;IP=192.0.2.2",
        (("IgnoreUnknown", "0"), ("IP", "192.0.2.2")),
    ),
}


@pytest.mark.parametrize(("text", "expected"), ARGS.values(), ids=list(ARGS))
def test_delegates_get_the_runtimes_arguments(world: World, text: str, expected: tuple[tuple[str, str], ...]) -> None:
    assert planning.delegate_args(world.work(args=text).pod_args, None) == expected


# Devices.


def test_who_asks_for_neither_mac_nor_address_has_neither_in_the_arguments(nads: World) -> None:
    _, attachment = planned(nads, "a")
    assert not {"MAC", "IP"} & {key for key, _ in attachment.args}


def test_devices_are_shared_by_all_delegates(nads: World) -> None:
    """B22: a default network, the default-network annotation and the networks annotation use one map of devices."""
    for namespace in ("demo", "kube-system"):
        nads.put_nad("nic", {"type": "sriov"}, namespace=namespace, resource="vendor/nic")
    nads.put_nad("plain", namespace="kube-system")
    nads.node.devices["u1"] = {"vendor/nic": ("1", "2", "3")}
    nads.keys |= {"clusterNetwork": "plain", "defaultNetworks": ["nic"]}
    first, second, third = planned(nads, "nic", **{DEFAULT_NETWORK: "nic"})
    assert [item.device_id for item in (first, second, third)] == ["1", "2", "3"]
    assert [item.network.plugins[0].raw["deviceID"] for item in (first, second, third)] == ["1", "2", "3"]
    assert third.capability_args == {
        "deviceID": "3",
        "CNIDeviceInfoFile": "/var/run/k8s.cni.cncf.io/devinfo/cni/demo-nic-c1_net2",
    }
    assert third.resource == "vendor/nic"


def test_a_device_that_the_pod_names_is_a_capability_and_not_in_the_configuration(nads: World) -> None:
    _, attachment = planned(nads, [{"name": "a", "deviceID": "9"}])
    assert attachment.device_id == attachment.capability_args["deviceID"] == "9"
    assert "deviceID" not in attachment.network.plugins[0].raw


# Isolation.

ISOLATED = {
    "the pod's own namespace": ("demo/a", "", True),
    "the implied global namespace": ("default/a", "", True),
    "another one": ("blue/a", "", False),
    "a global one": ("blue/a", "blue, green", True),
    "default, when other ones are global": ("default/a", "blue", False),
}


@pytest.mark.parametrize("annotation", [NETWORKS, DEFAULT_NETWORK])
@pytest.mark.parametrize(("text", "allowed", "works"), ISOLATED.values(), ids=list(ISOLATED))
def test_isolation_holds_for_both_annotations(
    nads: World, annotation: str, text: str, allowed: str, *, works: bool
) -> None:
    """B10: the original does not apply it to the default network."""
    nads.put_nad("a", namespace="default")
    nads.keys |= {"namespaceIsolation": True, "globalNamespaces": allowed}
    if works:
        assert text in {item.name for item in planned(nads, **{annotation: text})}
        return
    error = refusal(nads, **{annotation: text})
    namespace = text.partition("/")[0]
    assert error.msg.startswith(f"pod demo/web: annotation {annotation}: ")
    assert error.msg.endswith(
        "namespace isolation enabled, annotation violates permission, pod is in namespace demo but refers to target "
        f"namespace {namespace} (allowed: demo, {allowed or 'default'})"
    )
    assert nads.cluster
    assert nads.cluster.calls == [], "not even looked at"


def test_isolation_does_not_concern_what_the_administrator_configured(nads: World) -> None:
    nads.keys |= {"namespaceIsolation": True, "clusterNetwork": "a", "defaultNetworks": ["a"]}
    assert names(planned(nads)) == ["kube-system/a@eth0", "kube-system/a@net1"]


def test_without_isolation_every_namespace_may_be_named(nads: World) -> None:
    assert names(planned(nads, "blue/a")) == ["cluster@eth0", "blue/a@net1"]


# Errors name pod, annotation and element.

BAD_NETWORKS = {
    "a null element": ("[null]", "networks[0]: expected an object, found null"),
    "no array": ("{}", "networks: expected a JSON array of objects, found an object"),
    "no JSON": ("[", "networks: neither a list of network names nor JSON: "),
    "no name": ("a,", "networks[1]: the network's name is missing"),
    "a bad MAC": ('[{"name":"a"},{"name":"a","mac":"zz"}]', "networks[1].mac: address zz: invalid MAC address"),
    "two on one interface": ("a@x,b@x", 'networks[0] and networks[1] both ask for the interface "x"'),
    "a missing one": ("a,none", "networks[1] (demo/none): cannot find a network-attachment-definition (none) in names"),
    "a bad one": ("bad", "networks[0] (demo/bad): network-attachment-definition demo/bad: delegate must have the 'ty"),
    "args that are no object": (
        '[{"name": "args", "cni-args": {"a": 1}}]',
        'networks[0] (demo/args): network "args": cni-args cannot be merged: "args" is a string, not an object',
    ),
    "no device": (
        "nic",
        "networks[0] (demo/nic): network demo/nic needs a device of resource vendor/nic, but pod demo",
    ),
    "a claim and addresses": (
        '[{"name": "a", "ips": ["192.0.2.7"], "ipam-claim-reference": "c"}]',
        "networks[0]",
    ),
}


@pytest.mark.parametrize(("text", "message"), BAD_NETWORKS.values(), ids=list(BAD_NETWORKS))
def test_a_bad_networks_annotation_is_an_error_that_names_pod_annotation_and_element(
    nads: World, text: str, message: str
) -> None:
    """B21: some of these crash the original."""
    nads.put_nad("bad", {})
    nads.put_nad("args", {"type": "x", "args": "x"})
    nads.put_nad("nic", resource="vendor/nic")
    error = refusal(nads, text)
    assert error.msg.startswith(f"pod demo/web: annotation {NETWORKS}: {message}")
    assert error.code == errors.INVALID_CONFIG


BAD_DEFAULTS = {
    "empty": ("", "default-network: expected exactly one network, found 0"),
    "an empty list": ("[]", "default-network: expected exactly one network, found 0"),
    "two": ("a,b", "default-network: expected exactly one network, found 2"),
    "null": ("[null]", "default-network[0]: expected an object, found null"),
    "a missing one": (
        "none",
        "kube-system/none: cannot find a network-attachment-definition (none) in namespace (kube",
    ),
}


@pytest.mark.parametrize(("text", "message"), BAD_DEFAULTS.values(), ids=list(BAD_DEFAULTS))
def test_a_bad_default_network_annotation_is_an_error_likewise(nads: World, text: str, message: str) -> None:
    """B21: `[]` crashes the original."""
    error = refusal(nads, **{DEFAULT_NETWORK: text})
    assert error.msg.startswith(f"pod demo/web: annotation {DEFAULT_NETWORK}: {message}")


def test_a_missing_network_keeps_the_originals_words_for_the_event(nads: World) -> None:
    error = refusal(nads, "none")
    assert isinstance(error, NoNetworkError)
    assert error.announcement.startswith("cannot find a network-attachment-definition (none) in namespace (demo): ")


CLASHES = {
    "a chosen name and a request": ("a@net2,b", "demo/a and demo/b both want interface name net2"),
    "the runtime's name and a request": ("a@eth0", "cluster and demo/a both want interface name eth0"),
}


@pytest.mark.parametrize(("text", "message"), CLASHES.values(), ids=list(CLASHES))
def test_two_networks_on_one_interface_are_an_error_before_anything_is_done(
    nads: World, text: str, message: str
) -> None:
    assert refusal(nads, text).msg == f"pod demo/web: {message}"


def test_a_clash_without_a_pod_is_an_error_too(world: World) -> None:
    world.keys["delegates"] = [{"name": "x", "type": "bridge"}, {"name": "y", "type": "macvlan"}]
    call = world.work(ifname="net1")
    with pytest.raises(CNIError) as caught:
        planning.make(call, None, finder=Finder(call.settings, None), cluster=None)
    assert caught.value.msg == "x and y both want interface name net1"


def test_a_cluster_network_that_cannot_be_is_not_blamed_on_the_pods_annotations(world: World) -> None:
    world.put_nad("nic", namespace="kube-system", resource="vendor/nic")
    world.keys["clusterNetwork"] = "nic"
    assert refusal(world).msg.startswith("network kube-system/nic needs a device of resource vendor/nic, but pod demo")


# Default routes.

ROUTES: dict[str, tuple[JSONObject, JSONObject, tuple[DefaultRoutes, ...]]] = {
    "nobody asked": ({}, {}, ()),
    "one gateway": ({"default-route": ["192.0.2.1"]}, {}, (DefaultRoutes(holder="net1", gateways=("192.0.2.1",)),)),
    "one of each family": (
        {"default-route": ["192.0.2.1", "2001:db8::1"]},
        {},
        (DefaultRoutes(holder="net1", gateways=("192.0.2.1", "2001:db8::1")),),
    ),
    "a family each": (
        {"default-route": ["192.0.2.1"]},
        {"default-route": ["2001:db8::1"]},
        (
            DefaultRoutes(holder="net1", gateways=("192.0.2.1",)),
            DefaultRoutes(holder="net2", gateways=("2001:db8::1",)),
        ),
    ),
    "an empty list": ({"default-route": []}, {}, (DefaultRoutes(holder="net1"),)),
}


@pytest.mark.parametrize(("first", "second", "expected"), ROUTES.values(), ids=list(ROUTES))
def test_default_route_requests_become_holders(
    nads: World, first: JSONObject, second: JSONObject, expected: tuple[DefaultRoutes, ...]
) -> None:
    pod = nads.put_pod([{"name": "a", **first}, {"name": "b", **second}])
    assert make(nads, pod).default_routes == expected


def test_the_default_network_may_hold_the_default_route(nads: World) -> None:
    text = json.dumps([{"name": "a", "default-route": ["192.0.2.1"]}])
    pod = nads.put_pod("a", **{DEFAULT_NETWORK: text})
    assert make(nads, pod).default_routes == (DefaultRoutes(holder="eth0", gateways=("192.0.2.1",)),)


CONTRADICTIONS: dict[str, tuple[list[JSONValue], list[JSONValue], str]] = {
    "two gateways of a family": (["192.0.2.1"], ["192.0.2.2"], "multus does not support ECMP for default-route"),
    "an empty list and another": ([], ["192.0.2.2"], "an empty default-route list must be the only"),
    "two empty lists": ([], [], "an empty default-route list must be the only"),
}


@pytest.mark.parametrize(("first", "second", "message"), CONTRADICTIONS.values(), ids=list(CONTRADICTIONS))
def test_default_routes_that_contradict_each_other_are_an_error(
    nads: World, first: list[JSONValue], second: list[JSONValue], message: str
) -> None:
    error = refusal(nads, [{"name": "a", "default-route": first}, {"name": "b", "default-route": second}])
    assert error.msg.startswith(f"pod demo/web: default-route: {message}")


def test_deep_cni_args_are_refused_before_anything_is_done(nads: World) -> None:
    deep = "[" * 5000 + "]" * 5000
    error = refusal(nads, f'[{{"name": "a", "cni-args": {{"x": {deep}}}}}]')
    assert "nested too deeply" in error.msg
