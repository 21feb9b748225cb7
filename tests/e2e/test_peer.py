"""The same pods with the Go Multus and with ours, and pods that change hands between the two.

What may differ is in departures.json, and has to: a departure that is no longer seen fails, too.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from multus_py.lab.objects import JSON, Object, text
from tests.e2e import networks
from tests.e2e.api import RBAC
from tests.e2e.cluster import DEFAULT_NETWORK, NETWORKS, Cluster, Space, nothing_new, status_of
from tests.e2e.node import Node

_DEPARTURES: list[dict[str, JSON]] = json.loads((Path(__file__).parent / "departures.json").read_text())
_GATEWAY = "203.0.113.129"


def _static(*addresses: str) -> Object:
    return {"type": "static", "addresses": [{"address": address} for address in addresses]}


def _asked(selection: Object) -> Object:
    return {NETWORKS: json.dumps([selection])}


_NETWORKS: dict[str, Object] = {
    "range": networks.macvlan(),
    "chain": {
        "cniVersion": "0.3.1",
        "name": "chain",
        "plugins": [
            {
                "type": "macvlan",
                "master": "eth1",
                "mode": "bridge",
                "capabilities": {"ips": True},
                "ipam": _static("203.0.113.155/25"),
            },
            {"type": "tuning", "capabilities": {"mac": True}},
        ],
    },
    "uplink": {
        "cniVersion": "1.0.0",
        "type": "macvlan",
        "master": "eth1",
        "ipam": {
            **_static("203.0.113.150/25", "2001:db8:2::150/64"),
            "routes": [{"dst": "192.0.2.128/25", "gw": _GATEWAY}, {"dst": "0.0.0.0/0", "gw": _GATEWAY}],
        },
    },
    "unversioned": {"type": "macvlan", "master": "eth1", "ipam": _static("203.0.113.160/25")},
    "ports": {
        "cniVersion": "1.0.0",
        "plugins": [
            {
                "type": "bridge",
                "bridge": "ports0",
                "isGateway": True,
                "ipam": {"type": "host-local", "subnet": "203.0.113.192/26"},
            },
            {"type": "portmap", "capabilities": {"portMappings": True}},
        ],
    },
}
_CASES: dict[str, Object] = {
    "cluster network only": {},
    "three networks": {NETWORKS: "chain, uplink@up0 ,unversioned"},
    "asked for": _asked(
        {"name": "chain", "ips": ["203.0.113.170/25"], "mac": "02:00:00:00:00:70", "interface": "data"}
    ),
    "default route": _asked({"name": "uplink", "default-route": [_GATEWAY]}),
    "own default route": _asked({"name": "uplink", "default-route": []}),
    "default network": {NETWORKS: "chain", DEFAULT_NETWORK: "{namespace}/uplink"},
}


@pytest.fixture
def peer(cluster: Cluster) -> Iterator[Path]:
    """Find the Go Multus, and let it do what ours need not: update the status of pods."""
    path = Path(os.environ.get("PEER", ""))
    if not path.is_file():
        pytest.skip("there is no Go Multus: make bench-peer builds one, PEER=FILE names one")
    role: Object = {
        "metadata": {"name": "peer"},
        "rules": [{"apiGroups": [""], "resources": ["pods/status"], "verbs": ["get", "update"]}],
    }
    binding: Object = {
        "metadata": {"name": "peer"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "peer"},
        "subjects": [{"kind": "ServiceAccount", "name": "multus", "namespace": "kube-system"}],
    }
    cluster.api.create(f"{RBAC}/clusterroles", role)
    cluster.api.create(f"{RBAC}/clusterrolebindings", binding)
    yield path
    cluster.api.delete(f"{RBAC}/clusterrolebindings/peer")
    cluster.api.delete(f"{RBAC}/clusterroles/peer")
    for node in cluster.nodes:
        node.install()


@pytest.mark.parametrize("case", _CASES, ids=[case.replace(" ", "-") for case in _CASES])
def test_peer_differs_in_nothing_but_the_known(space: Space, left: Node, peer: Path, case: str) -> None:
    for name, network in _NETWORKS.items():
        space.nad(name, network)
    found: dict[str, dict[str, JSON]] = {}
    for who, executable in (("ours", None), ("go", peer)):
        left.install(executable)
        annotations: Object = {
            key: text(value).replace("{namespace}", space.name) for key, value in _CASES[case].items()
        }
        space.pod("same", on=left, annotations=annotations)
        found[who] = _observed(space, left, space.running("same"))
        space.delete()
        space.gone()
        nothing_new(left, {})
    ours, go = found["ours"], found["go"]
    differing = [
        {"case": case, "path": path, "ours": ours.get(path), "go": go.get(path)}
        for path in sorted(ours.keys() | go.keys())
        if ours.get(path) != go.get(path)
    ]
    known = [{key: value for key, value in one.items() if key != "why"} for one in _DEPARTURES if one["case"] == case]
    assert differing == known, json.dumps(differing, indent=2)


@pytest.mark.parametrize("first", ["ours", "go"])
def test_peer_takes_over_running_pods(space: Space, left: Node, peer: Path, first: str) -> None:
    for name, network in _NETWORKS.items():
        space.nad(name, network)
    mapping: Object = {"hostPort": 8090, "containerPort": 80, "protocol": "TCP"}
    left.install(None if first == "ours" else peer)
    space.pod("plain", on=left)
    space.pod("several", "range,uplink@up0,unversioned", on=left)
    space.pod("port", on=left, container={"ports": [{**mapping, "hostPort": 8091}]})
    if first == "go":  # which forgets the annotation's ports by the time of DEL (B14)
        space.pod("mapped", [{"name": "ports", "portMappings": [mapping]}], on=left)
    names = [text(pod, "metadata", "name") for pod in space.pods()]
    for name in names:
        space.running(name)
    assert len(left.records()) == len(names)
    assert left.leftovers()["port rules"]
    left.install(peer if first == "ours" else None)
    space.delete()
    space.gone()
    nothing_new(left, {})


def _observed(space: Space, node: Node, pod: Object) -> dict[str, JSON]:
    """Return everything that can be seen of a pod's networks, by path, with words in place of what is made up anew."""
    interfaces = node.interfaces(pod)
    seen: Object = {
        "interfaces": {
            name: {"kind": one.kind, "mtu": one.mtu, "mac": one.mac, "addresses": [*one.addresses]}
            for name, one in interfaces.items()
        },
        "routes": [*node.routes(pod)],
        "routes6": [*node.routes(pod, family=6)],
        "status": [*status_of(pod)],
        "events": [*sorted(_added(space, pod))],
    }
    document = json.dumps(seen)
    for name, one in interfaces.items():
        if not one.mac.startswith("02:00:00:00:00:"):
            document = document.replace(one.mac, f"MAC of {name}")
    document = document.replace(text(pod, "status", "podIP"), "POD IP")
    return dict(_flat("", json.loads(document.replace(space.name, "NAMESPACE"))))


def _added(space: Space, pod: Object) -> list[str]:
    """Return what the events say was added to this pod, and not to another of its name."""
    events = [
        event for event in space.events(text(pod, "metadata", "name")) if text(event, "reason") == "AddedInterface"
    ]
    uid = text(pod, "metadata", "uid")
    return [text(event, "message") for event in events if text(event, "involvedObject", "uid") == uid]


def _flat(path: str, value: JSON) -> Iterator[tuple[str, JSON]]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _flat(f"{path}.{key}" if path else key, item)
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from _flat(f"{path}.{index}", item)
    else:
        yield path, value
