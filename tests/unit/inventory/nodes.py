"""A node with records that ADD itself has written, a machine to compare them with, and places of its own."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from multus_py.inventory import node as nodes
from multus_py.inventory.attached import attached
from multus_py.inventory.leaked import leaked
from multus_py.inventory.model import Container, Leak
from multus_py.inventory.node import Node
from multus_py.inventory.places import Places
from multus_py.node.interfaces import Interface, Route
from tests.fakes.machine import FakeMachine
from tests.unit.attach.world import World

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONObject, JSONValue

ID = "a" * 64
OTHER = "b" * 64
POD = "IgnoreUnknown=1;K8S_POD_NAMESPACE=demo;K8S_POD_NAME=web;K8S_POD_UID=u1"


class NodeWorld:
    """A world in which ADD works, and what the inventory sees of it."""

    def __init__(self, root: Path) -> None:
        self.world = World(root)
        self.machine = FakeMachine()
        self.addresses, self.devices = root / "networks", root / "devinfo"
        self.runtime_results, self.netns = root / "runtime-results", root / "netns"
        self.netns.mkdir()
        self.runtime_results.mkdir()
        self.ipam: JSONObject = {"type": "host-local", "dataDir": str(self.addresses)}
        self.world.keys["delegates"] = [{**self.bridge("cluster"), "bridge": "br0"}]
        self.plugin("bridge")

    def bridge(self, name: str) -> JSONObject:
        return {"cniVersion": "1.0.0", "name": name, "type": "bridge", "ipam": self.ipam}

    def plugin(self, type: str) -> None:
        """Install a plugin whose result has an interface on the node, an address and a route."""
        interfaces: list[JSONValue] = [
            {"name": "veth0", "mac": "02:00:00:00:00:01"},
            {"name": "eth0", "mac": "02:00:00:00:00:02", "sandbox": self.sandbox},
        ]
        self.world.plugin(
            type,
            interfaces=interfaces,
            ips=[{"address": "192.0.2.7/24", "gateway": "192.0.2.1", "interface": 1}],
            routes=[{"dst": "0.0.0.0/0", "gw": "192.0.2.1"}],
        )

    @property
    def sandbox(self) -> str:
        return str(self.netns / "pod")

    def start(self, container_id: str = ID) -> None:
        """Attach a container, and let the kernel have what the plugin said."""
        self.world.node.interfaces[self.sandbox] = {"lo"}
        self.world.cluster = None
        self.world.add(container_id=container_id, netns=self.sandbox, args=POD)
        self.machine.namespaces[self.sandbox] = [self.interface()]
        self.machine.namespaces["/proc/thread-self/ns/net"] = [Interface(index=1, name="veth0", up=True)]
        self.machine.routing[self.sandbox] = [Route(destination="0.0.0.0/0", gateway="192.0.2.1", interface="eth0")]

    def interface(self, **changes: object) -> Interface:
        there = Interface(index=2, name="eth0", mac="02:00:00:00:00:02", mtu=1400, up=True, addresses=("192.0.2.7/24",))
        return there.replace(**changes)

    def end(self) -> None:
        """Let the sandbox go, without DEL."""
        del self.machine.namespaces[self.sandbox]
        self.machine.namespaces["/proc/thread-self/ns/net"] = []

    def node(self) -> Node:
        keys: JSONObject = {key: value for key, value in self.world.keys.items() if value is not None}
        places = Places(
            addresses=self.addresses,
            runtime_results=(self.runtime_results,),
            device_info=self.devices,
        )
        return nodes.opened(keys, ports=self.world.ports(), places=places, machine=self.machine)

    def containers(self) -> tuple[Container, ...]:
        return attached(self.node())

    def leaks(self) -> list[Leak]:
        return list(leaked(self.node()))

    def write(self, path: Path, content: str = "", *, age: float = 3600) -> Path:
        """Write a file that is so many seconds old."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        written = self.world.clock.now() - age
        os.utime(path, (written, written))
        return path

    def reserve(self, address: str, owner: str, *, network: str = "cluster", age: float = 3600) -> Path:
        return self.write(self.addresses / network / address, f"{owner}\r\neth0", age=age)

    def record(self, container_id: str = ID) -> Path:
        return self.world.state / container_id

    def results(self) -> list[Path]:
        return sorted((self.world.state / "results").glob("*"))

    def as_go_writes(self, container_id: str = ID) -> None:
        """Take what is ours out of a record."""
        entries = json.loads(self.record(container_id).read_bytes())
        self.record(container_id).write_text(
            json.dumps([{key: value for key, value in entry.items() if key != "multus-py"} for entry in entries])
        )
