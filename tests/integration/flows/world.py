"""What the flows happen in: one node with a bridge as the cluster network, a second link, and an API server over TLS.

    eth0 of pods - bridge cluster0 (198.51.100.1/24) | node | eth1 --- eth1 | peer (203.0.113.254/24, 2001:db8:2::fe/64)

A test starts pods the way a runtime does and looks into them. In the end `World.close` deletes all pods and asserts
that nothing is left of them, so that every test is a test of that, too.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from multus_py.lab import manifests
from multus_py.lab.apiserver import APIServer
from multus_py.lab.executable import ROOT
from multus_py.lab.links import End, Veth
from multus_py.lab.netlink import Interface
from multus_py.lab.netns import Namespace
from multus_py.lab.node import Node, node
from multus_py.lab.objects import JSON, Object, section, text
from multus_py.lab.runtime import Runtime, Sandbox
from tests.integration.flows.daemon import NODE, DaemonProcess

CLUSTER_SUBNET = "198.51.100.0/24"
CLUSTER_GATEWAY = "198.51.100.1"
PEER, PEER6 = "203.0.113.254", "2001:db8:2::fe"
MULTUS = os.environ.get("MULTUS")
"""The executable that `MULTUS=dist/multus make test` tries; by default the package itself."""
DAEMON = bool(os.environ.get("DAEMON"))
"""Whether each node has a daemon from the start: `DAEMON=1 make test ARGS=tests/integration/flows`."""
_RESERVED = ("fe80:", "::1/", "127.")


@dataclass
class Pod:
    """A pod, which runs when `result` is there."""

    name: str
    namespace: str
    sandbox: Sandbox
    result: Object = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """Return its interfaces but lo."""
        return [interface.name for interface in self.sandbox.namespace.interfaces() if interface.name != "lo"]

    def interface(self, name: str) -> Interface:
        found = self.sandbox.namespace.interface(name)
        assert found is not None, f"{self.name} has no {name}, but {self.names}"
        return found

    def addresses(self, name: str) -> list[str]:
        """Return an interface's addresses but the link-local ones."""
        return [address for address in self.interface(name).addresses if not address.startswith(_RESERVED)]

    def defaults(self, destination: str = "0.0.0.0/0") -> list[str]:
        """Return its default routes as `GATEWAY INTERFACE`, the one that counts first."""
        routes = self.sandbox.namespace.routes()
        return [f"{route.gateway} {route.interface}" for route in routes if route.destination == destination]

    def ping(self, address: str, *, over: str) -> None:
        """Assert that an address answers over an interface."""
        self.sandbox.namespace.run(["ping", "-c", "1", "-W", "5", "-I", over, address])


class World:
    """The node, its surroundings, and the runtime that starts pods on it."""

    def __init__(self, stack: ExitStack, directory: Path, *, name: str) -> None:
        """Make everything, to be taken away by the stack."""
        self._stack = stack
        built = Path(MULTUS).resolve() if MULTUS else None
        self.node: Node = stack.enter_context(node(f"{name}-node", directory, built=built))
        self.peer = stack.enter_context(Namespace(f"{name}-peer"))
        far = End(self.peer, "eth1", (f"{PEER}/24", f"{PEER6}/64"))
        stack.enter_context(Veth(End(self.node.namespace, "eth1"), far))
        listener = self.node.namespace.listen("127.0.0.1", 6443)
        self.api = APIServer(listen=listener)
        self._serving = stack.enter_context(ExitStack())
        self._serving.enter_context(self.api)
        self.api.kubeconfig(self.node.kubeconfig)
        self.daemon = DaemonProcess(self.node)
        stack.callback(self.daemon.stop)
        if DAEMON:
            self.daemon.start()
        self.pods: list[Pod] = []
        self.cluster_network = self.node.cluster_network(CLUSTER_SUBNET)
        self.runtime = self.configured()

    def configured(self, **keys: JSON) -> Runtime:
        """Give the node this `00-multus.conf`: keyword arguments are added to the usual one."""
        delegates = [] if "clusterNetwork" in keys else [self.cluster_network]
        self.runtime = self.node.runtime(self.node.multus_config(*delegates, **keys))
        return self.runtime

    def network(self, name: str, config: Object | str | None, *, namespace: str = "default") -> None:
        """Create a NetworkAttachmentDefinition."""
        self.api.create(manifests.network(name, config, namespace=namespace))

    def pod(self, name: str, networks: JSON = None, *, namespace: str = "default", **annotations: str) -> Pod:
        """Create a pod and its sandbox; the runtime has not heard of it yet."""
        made = self.api.create(manifests.pod(name, networks, namespace=namespace, node=NODE, **annotations))
        return self.adopt(made)

    def adopt(self, obj: Object) -> Pod:
        """Make a sandbox for a pod as the runtime knows it, whatever the API server has."""
        sandbox = self._stack.enter_context(self.node.sandbox(obj))
        metadata = section(obj, "metadata")
        self.pods.append(Pod(text(metadata, "name"), text(metadata, "namespace"), sandbox))
        return self.pods[-1]

    def start(self, name: str, networks: JSON = None, *, namespace: str = "default", **annotations: str) -> Pod:
        """Create a pod and attach it."""
        pod = self.pod(name, networks, namespace=namespace, **annotations)
        self.add(pod)
        return pod

    def add(self, pod: Pod, **arguments: JSON) -> Object:
        """Attach a pod, with capability arguments; return the result."""
        pod.result = self.runtime.add(pod.sandbox, **arguments)
        return pod.result

    def delete(self, pod: Pod) -> None:
        """Detach a pod."""
        self.runtime.delete(pod.sandbox)

    def recorder(self, name: str, script: Object | None = None, **keys: JSON) -> Object:
        """Put a plugin of that type on the node that answers as the script says; return a network that uses it."""
        (self.node.plugins / name).symlink_to(ROOT / "plugins" / "recorder.py")
        (self.node.plugins / f"{name}.json").write_text(json.dumps(script or {}))
        (self.node.plugins / f"{name}.log").touch()
        return {"cniVersion": "1.1.0", "name": name, "type": name, **keys}

    def recorded(self, name: str, *commands: str) -> list[Object]:
        """Return what such a plugin was given, of some commands or of all."""
        entries = map(json.loads, (self.node.plugins / f"{name}.log").read_text().splitlines())
        return [entry for entry in entries if not commands or entry["command"] in commands]

    def wait_for(self, name: str, command: str) -> None:
        """Wait until such a plugin has been called."""
        deadline = time.monotonic() + 10
        while not self.recorded(name, command):
            assert time.monotonic() < deadline, f"{name} got no {command}"
            time.sleep(0.01)

    def status(self, pod: Pod) -> list[Object]:
        """Return the entries of a pod's network status."""
        return [entry for entry in json.loads(self.annotation(pod, manifests.STATUS)) if isinstance(entry, dict)]

    def annotation(self, pod: Pod, name: str) -> str:
        """Return an annotation; empty when the pod has none of that name."""
        return text(self.api.get("pod", pod.name, pod.namespace), "metadata", "annotations", name)

    def events(self, pod: Pod, *, count: int) -> list[str]:
        """Return a pod's events as `TYPE REASON: MESSAGE`, once there are so many: daemons tell them later."""
        deadline = time.monotonic() + 10
        while len(found := self._events(pod)) < count and time.monotonic() < deadline:
            time.sleep(0.02)
        return found

    def _events(self, pod: Pod) -> list[str]:
        return [
            f"{text(event, 'type')} {text(event, 'reason')}: {text(event, 'message')}"
            for event in self.api.list("events", pod.namespace)
            if text(event, "involvedObject", "name") == pod.name
        ]

    def left(self, *, within: float = 0) -> list[str]:
        """Return what pods have left on the node and in their sandboxes, which exist until the end.

        Args:
            within: Seconds that the kernel gets: a namespace that was removed takes its interfaces along later.
        """
        deadline = time.monotonic() + within
        while (found := self._left()) and time.monotonic() < deadline:
            time.sleep(0.02)
        return found

    def _left(self) -> list[str]:
        sandboxes = {f"namespace {pod.sandbox.namespace.name}" for pod in self.pods}
        inside = (
            f"{name} in {pod.name}" for pod in self.pods if pod.sandbox.namespace.path.exists() for name in pod.names
        )
        return sorted({*self.node.leftovers("eth1"), *inside} - sandboxes)

    @contextmanager
    def without_api(self) -> Iterator[None]:
        """Stop the API server for a while. It comes back with what it knew, but for the history and the requests."""
        self._serving.close()
        yield
        listener = self.node.namespace.listen("127.0.0.1", 6443)
        old = self.api
        self.api = APIServer(listen=listener, authority=old.authority, tokens=old.tokens, store=old.store)
        self._serving.enter_context(self.api)
        self.api.forget_history()

    @contextmanager
    def cut_off(self) -> Iterator[None]:
        """Let nothing through between the node and the API server for a while; nobody is told."""
        self.node.namespace.run(["ip", "link", "set", "lo", "down"])
        try:
            yield
        finally:
            self.node.namespace.run(["ip", "link", "set", "lo", "up"])

    def stop_api(self) -> None:
        """Stop the API server and take the way to it away."""
        self._serving.close()
        self.node.kubeconfig.unlink()

    def close(self) -> None:
        """Delete all pods, and assert that nothing is left."""
        for pod in self.pods:
            self.delete(pod)
        assert self.left(within=5) == []
