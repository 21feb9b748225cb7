"""A whole world for one CNI call: a state directory, delegates, a node, a cluster, and the call itself."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from multus_py.attach import add, check, delete, gc, status, work
from multus_py.attach.ports import Ports
from multus_py.attach.settings import Settings
from multus_py.attach.work import Work
from multus_py.base.log import Log
from multus_py.base.process import Outcome
from multus_py.cluster import errors as cluster_errors
from multus_py.cluster.objects import Nad, Pod
from multus_py.cluster.port import Report
from multus_py.cni import args, conf
from multus_py.cni.errors import CNIError
from multus_py.cni.skel import Request
from tests.fakes.clock import FakeClock
from tests.fakes.cluster import FakeCluster
from tests.fakes.node import FakeNode
from tests.fakes.processes import FakeProcesses, PluginCall

if TYPE_CHECKING:
    from multus_py.attach.attachment import Attachment
    from multus_py.attach.ports import Listener
    from multus_py.base.jsontext import JSONObject, JSONValue

NETNS = "/run/netns/pod"
POD_ARGS = "IgnoreUnknown=1;K8S_POD_NAMESPACE=demo;K8S_POD_NAME=web;K8S_POD_INFRA_CONTAINER_ID=c1;K8S_POD_UID=u1"
NETWORKS, DEFAULT_NETWORK = "k8s.v1.cni.cncf.io/networks", "v1.multus-cni.io/default-network"
STATUS, LEGACY_STATUS = "k8s.v1.cni.cncf.io/network-status", "k8s.v1.cni.cncf.io/networks-status"


class World:
    """Everything that the verbs touch, in a directory of its own."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.state, self.conf_dir, self.bin = root / "state", root / "net.d", root / "bin"
        self.conf_dir.mkdir()
        self.bin.mkdir()
        self.clock = FakeClock()
        self.node = FakeNode(NETNS)
        self.run = FakeProcesses(self.bin, self.clock)
        self.cluster: FakeCluster | None = FakeCluster()
        self.cluster_failure: cluster_errors.ClusterError | None = None
        self.opened: list[Settings] = []
        """The settings of each way to the cluster that was asked for."""
        self.listens = False
        """Whether there is somebody who wants to know how calls went."""
        self.prepared = 0
        """How often it was asked to prepare."""
        self.told: list[tuple[str, Report]] = []
        """What it was told: the pod as "namespace/name/uid", and the report."""
        self.stderr: list[bytes] = []
        self.keys: JSONObject = {
            "cniVersion": "1.0.0",
            "name": "multus",
            "type": "multus",
            "delegates": [{"cniVersion": "1.0.0", "name": "cluster", "type": "bridge"}],
            "confDir": str(self.conf_dir),
            "cniDir": str(self.state),
            "binDir": str(self.bin),
            "logFile": str(root / "log"),
            "logLevel": "debug",
            "logToStderr": False,
        }
        """The configuration; None takes a key out of it."""

    # What there is.

    def put(self, *objects: Pod | Nad) -> None:
        assert self.cluster is not None
        self.cluster.put(*objects)

    def put_pod(self, networks: JSONValue = None, *, uid: str = "u1", **annotations: str) -> Pod:
        """Put the pod of POD_ARGS into the cluster, with a networks annotation, as text or as a document."""
        if networks is not None:
            annotations[NETWORKS] = networks if isinstance(networks, str) else json.dumps(networks)
        pod = Pod(namespace="demo", name="web", uid=uid, annotations=annotations)
        self.put(pod)
        return pod

    def put_nad(self, name: str, config: JSONValue = None, *, namespace: str = "demo", resource: str = "") -> None:
        """Put a NAD into the cluster; by default one plugin, `macvlan`, of CNI 1.0.0."""
        document = {"cniVersion": "1.0.0", "type": "macvlan"} if config is None else config
        text = document if isinstance(document, str) else json.dumps(document)
        self.put(Nad(namespace=namespace, name=name, config=text, resource_name=resource))

    def write(self, name: str, document: JSONValue) -> str:
        """Write a CNI configuration into confDir; return its path."""
        path = self.conf_dir / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(document if isinstance(document, str) else json.dumps(document))
        return str(path)

    def plugin(self, type: str, **result: JSONValue) -> None:
        """Install a plugin that makes the interface it is asked for, and takes it away again."""
        self.run.answer(type, "ADD", lambda call: self.make(call, **result))
        self.run.answer(type, "DEL", self.unmake)
        for command in ("CHECK", "STATUS", "GC"):
            self.run.answer(type, command, None)

    def make(self, call: PluginCall, **result: JSONValue) -> JSONObject:
        """Do what an ADD does: the interface is there then, and the result says so."""
        self.node.interfaces[call.variables["NETNS"]].add(call.ifname)
        sandbox: JSONObject = {"name": call.ifname, "mac": "0a:58:0a:01:02:03", "sandbox": call.variables["NETNS"]}
        return {"cniVersion": call.config["cniVersion"], "interfaces": [sandbox], **result}

    def unmake(self, call: PluginCall) -> None:
        self.node.interfaces.get(call.variables["NETNS"], set()).discard(call.ifname)

    # The calls.

    def request(self, command: str, **changes: str) -> Request:
        """Return a call as `skel` hands it on. `changes` are fields of `args.Call`."""
        given = {"container_id": "c1", "netns": NETNS, "ifname": "eth0", "args": POD_ARGS}
        if command in {"STATUS", "GC"}:
            given = dict.fromkeys(given, "")
        keys = {key: value for key, value in self.keys.items() if value is not None}
        call = args.Call(command=command, path=("/opt/cni/bin",)).replace(**(given | changes))
        return Request(call=call, config=json.dumps(keys).encode(), version=str(keys["cniVersion"]), name="multus")

    def open_cluster(self, settings: Settings, *, log: Log) -> FakeCluster | None:
        self.opened.append(settings)
        if self.cluster_failure is not None:
            raise self.cluster_failure
        if self.cluster is not None:
            self.cluster.closed = False
        return self.cluster

    def find_listener(self, _settings: Settings) -> Listener | None:
        return self if self.listens else None

    def prepare(self) -> None:
        self.prepared += 1

    def tell(self, namespace: str, pod: str, uid: str, report: Report) -> None:
        self.told.append((f"{namespace}/{pod}/{uid}", report))

    def ports(self) -> Ports:
        return Ports(
            open_cluster=self.open_cluster,
            find_listener=self.find_listener,
            node=self.node,
            environ={b"PATH": b"/bin", b"CNI_ARGS": b"of the runtime"},
            stderr=self.stderr.append,
            clock=self.clock,
            run=self.run,
        )

    def work(self, command: str = "ADD", **changes: str) -> Work:
        return work.begin(self.request(command, **changes), ports=self.ports())

    def add(self, **changes: str) -> JSONObject:
        return add.add(self.request("ADD", **changes), ports=self.ports())

    def delete(self, **changes: str) -> None:
        delete.delete(self.request("DEL", **changes), ports=self.ports())

    def check(self, **changes: str) -> None:
        check.check(self.request("CHECK", **changes), ports=self.ports())

    def status(self) -> None:
        status.status(self.request("STATUS"), ports=self.ports())

    def collect(self, *valid: tuple[str, str]) -> None:
        """Run GC; `valid` are (container ID, interface name) pairs."""
        items: list[JSONValue] = [{"containerID": container_id, "ifname": ifname} for container_id, ifname in valid]
        self.keys["cni.dev/valid-attachments"] = items
        gc.collect(self.request("GC"), ports=self.ports())

    # What has become of it.

    def record(self, container_id: str = "c1") -> Path:
        return self.state / container_id

    def cached(self) -> list[str]:
        """Return the names of libcni's cached results."""
        return sorted(path.name for path in (self.state / "results").glob("*"))

    def left_behind(self) -> list[str]:
        """Return every file in the state directory."""
        return sorted(str(path.relative_to(self.state)) for path in self.state.rglob("*") if path.is_file())

    def log(self) -> str:
        path = self.root / "log"
        return path.read_text() if path.exists() else ""

    def annotation(self, key: str = STATUS) -> str:
        assert self.cluster is not None
        return self.cluster.pod("demo", "web").annotations.get(key, "")

    def status_entries(self) -> list[dict[str, object]]:
        entries: list[dict[str, object]] = json.loads(self.annotation())
        return entries

    def events(self) -> list[tuple[str, str, str]]:
        assert self.cluster is not None
        return [(event.type, event.reason, event.message) for _, event in self.cluster.events]


def network(document: Mapping[str, JSONValue]) -> conf.Network:
    """Parse a network."""
    return conf.parse(json.dumps(document).encode())


def exits(code: int, *, stdout: str = "", stderr: str = "") -> Outcome:
    return Outcome(code=code, stdout=stdout.encode(), stderr=stderr.encode())


def names(attachments: tuple[Attachment, ...]) -> list[str]:
    """Show attachments the way tests compare them: "demo/net-a@net1"."""
    return [f"{attachment.name}@{attachment.ifname}" for attachment in attachments]


def always(answer: JSONObject) -> Callable[[PluginCall], JSONObject]:
    """Return an answer that is the same for every call."""
    return lambda _call: answer


def refused_collection(world: World, *valid: tuple[str, str]) -> CNIError:
    """Return the error of a GC that fails."""
    with pytest.raises(CNIError) as caught:
        world.collect(*valid)
    return caught.value


def slow_plugin(world: World, type: str, *, add: float = 0.0, delete: float = 0.0) -> None:
    """Install a plugin that takes its time."""

    def make(call: PluginCall) -> JSONObject:
        world.clock.advance(add)
        return world.make(call)

    def unmake(call: PluginCall) -> None:
        world.clock.advance(delete)
        world.unmake(call)

    world.run.answer(type, "ADD", make)
    world.run.answer(type, "DEL", unmake)
