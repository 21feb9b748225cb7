"""A real Kubernetes of two nodes: `with cluster.up() as running: ...`."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import yaml

from multus_py.lab.objects import Object, at, text
from tests.e2e.api import API, APPS, CORE, NADS
from tests.e2e.controlplane import ControlPlane
from tests.e2e.equipment import ADDRESSES, REPOSITORY
from tests.e2e.machine import run
from tests.e2e.node import Node
from tests.e2e.waiting import say, wait_for

CONF = REPOSITORY / "conf"
NETWORKS = "k8s.v1.cni.cncf.io/networks"
STATUS = "k8s.v1.cni.cncf.io/network-status"
DEFAULT_NETWORK = "v1.multus-cni.io/default-network"
RESOURCE_NAME = "k8s.v1.cni.cncf.io/resourceName"


class Cluster:
    """What the cases use: the API, two nodes with a direct link between them, and short words for the usual."""

    def __init__(self, control: ControlPlane, api: API, nodes: tuple[Node, Node]) -> None:
        """Put together what runs."""
        self.control = control
        self.api = api
        self.nodes = nodes

    def kubectl(self, *argv: str, stdin: str = "") -> str:
        """Run kubectl as administrator."""
        kubeconfig = str(self.control.kubeconfig("admin"))
        return run([self.control.program("kubectl"), f"--kubeconfig={kubeconfig}", *argv], stdin=stdin)

    def user(self, kubeconfig: Path, *, namespace: str) -> dict[str, str]:
        """Write a kubeconfig for an administrator in a namespace; return the environment that finds it and kubectl."""
        shutil.copyfile(self.control.kubeconfig("admin"), kubeconfig)
        kubectl = self.control.program("kubectl")
        run([kubectl, f"--kubeconfig={kubeconfig}", "config", "set-context", "--current", f"--namespace={namespace}"])
        return {"KUBECONFIG": str(kubeconfig), "PATH": f"{Path(kubectl).parent}:{os.environ['PATH']}"}

    def node_of(self, pod: Object) -> Node:
        """Return the node that a pod runs on."""
        return next(node for node in self.nodes if node.name == text(pod, "spec", "nodeName"))

    @contextmanager
    def without_api(self) -> Iterator[None]:
        """Stop the API server for a while.

        A kubelet that has lost its server asks again later and later, at last once a minute: what the API says would
        reach it long after the server is back. So the kubelets start anew then; what they run goes on.
        """
        self.control.stop_api()
        try:
            yield
        finally:
            self.control.start_api()
            for node in self.nodes:
                node.stop("kubelet")
                node.start("kubelet")
        for node in self.nodes:
            wait_ready(self.api, node)

    def admit_plugin(self) -> str:
        """Make what the plugin needs of the cluster, and return a token for it: the way without a DaemonSet."""
        for manifest in ("crd.yaml", "rbac.yaml"):
            self.kubectl("apply", "--filename", str(CONF / manifest))
        self.kubectl("wait", "--for=condition=Established", "crd/network-attachment-definitions.k8s.cni.cncf.io")
        path = f"{CORE}/namespaces/kube-system/serviceaccounts/multus/token"
        request: Object = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
        return text(self.api.create(path, request), "status", "token")

    def connect_nodes(self) -> None:
        """Lay the cable `eth1` between the nodes, without addresses: the pods' second networks use it."""
        left, right = (str(node.machine.pid) for node in self.nodes)
        run(["ip", "link", "add", "eth1", "netns", left, "type", "veth", "peer", "name", "eth1", "netns", right])
        for node in self.nodes:
            node.machine.run(["ip", "link", "set", "eth1", "up"])


class Space:
    """A namespace for one case, and what the case does in it."""

    def __init__(self, cluster: Cluster, name: str) -> None:
        """Use a namespace that exists."""
        self.cluster = cluster
        self.api = cluster.api
        self.name = name

    # ---------------------------------------------------------------------------------------------------- making

    def apply(self, file: Path) -> None:
        """Apply a manifest; what has no namespace goes into this one."""
        items = list(yaml.safe_load_all(file.read_text()))
        for item in items:
            item["metadata"].setdefault("namespace", self.name)
        document = json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
        self.cluster.kubectl("apply", "--filename", "-", stdin=document)

    def nad(self, name: str, configuration: Object, *, resource: str = "") -> None:
        """Define a network, whose attachments take a device of a resource if one is named."""
        annotations: Object = {RESOURCE_NAME: resource} if resource else {}
        document: Object = {
            "apiVersion": "k8s.cni.cncf.io/v1",
            "kind": "NetworkAttachmentDefinition",
            "metadata": {"name": name, "annotations": annotations},
            "spec": {"config": json.dumps(configuration)},
        }
        self.api.create(f"{NADS}/namespaces/{self.name}/network-attachment-definitions", document)

    def pod(self, name: str, networks: object = "", *, on: Node | None = None, **more: Object) -> Object:
        """Create a pod.

        Args:
            name: Its name.
            networks: Its annotation: text, or what becomes JSON.
            on: The node it has to run on; the scheduler's choice if None.
            more: `annotations`, and `container`: what the pod's container has beside the usual.
        """
        annotations: Object = dict(more.get("annotations", {}))
        if networks:
            annotations[NETWORKS] = networks if isinstance(networks, str) else json.dumps(networks)
        spec = pod_spec(on, more.get("container", {}))
        document: Object = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "annotations": annotations},
            "spec": spec,
        }
        return self.api.create(f"{CORE}/namespaces/{self.name}/pods", document)

    def create(self, kind: str, document: Object) -> Object:
        """Create an object of the group `apps`."""
        return self.api.create(f"{APPS}/namespaces/{self.name}/{kind}", document)

    def delete(self, *pods: str, grace: int | None = None) -> None:
        """Delete pods; all if none is named."""
        for name in pods or [text(pod, "metadata", "name") for pod in self.pods()]:
            self.api.delete(self._pod(name), grace=grace)

    def delete_all(self) -> None:
        """Delete all pods, after those who would make new ones."""
        for kind in ("deployments", "statefulsets"):
            self.api.delete(f"{APPS}/namespaces/{self.name}/{kind}")
        self.delete()

    # --------------------------------------------------------------------------------------------------- waiting

    def running(self, name: str, *, timeout: float = 60) -> Object:
        """Wait until a pod is ready, and return it."""
        return self.api.wait(self._pod(name), _is_ready, f"pod {name} runs", timeout=timeout)

    def gone(self, *names: str, timeout: float = 60) -> None:
        """Wait until pods are no more; all of the namespace if none is named."""

        def remaining() -> list[str]:
            there = [text(pod, "metadata", "name") for pod in self.pods()]
            return [name for name in there if not names or name in names]

        what = f"pods {', '.join(names) or 'all'} are gone"
        wait_for(lambda: not remaining(), what, timeout=timeout, found=remaining)

    def event(self, pod: str, reason: str, *words: str, timeout: float = 60) -> str:
        """Wait for an event of a pod whose message holds these words, and return the message."""

        def found() -> list[str]:
            return [f"{text(event, 'reason')}: {text(event, 'message')}" for event in self.events(pod)]

        def ask() -> str | None:
            for event in self.events(pod):
                message = text(event, "message")
                if text(event, "reason") == reason and all(word in message for word in words):
                    return message
            return None

        return wait_for(ask, f"event {reason} of {pod} with {words}", timeout=timeout, found=found) or ""

    # --------------------------------------------------------------------------------------------------- looking

    def pods(self) -> list[Object]:
        """Return all pods."""
        return self.api.list(f"{CORE}/namespaces/{self.name}/pods")

    def events(self, pod: str) -> list[Object]:
        """Return a pod's events."""
        return self.api.list(f"{CORE}/namespaces/{self.name}/events?fieldSelector=involvedObject.name={pod}")

    def _pod(self, name: str) -> str:
        return f"{CORE}/namespaces/{self.name}/pods/{name}"


def pod_spec(on: Node | None = None, *containers: Object) -> Object:
    """Return the spec of a pod that does nothing, and ends when it is told to.

    Args:
        on: The node it has to run on; the scheduler's choice if None.
        containers: What each container has beside the usual; one without anything if there are none.
    """
    usual: Object = {"name": "idle", "image": "busybox:stable", "imagePullPolicy": "IfNotPresent"}
    spec: Object = {
        "containers": [usual | container for container in containers or ({},)],
        "automountServiceAccountToken": False,
        "dnsPolicy": "Default",  # there are no cluster names, and each pod would have a warning about that
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 2,
    }
    return spec | ({"nodeSelector": {"kubernetes.io/hostname": on.name}} if on else {})


def status_of(pod: Object) -> list[Object]:
    """Return a pod's network status."""
    status: list[Object] = json.loads(text(pod, "metadata", "annotations", STATUS) or "[]")
    return status


def ips(pod: Object, interface: str) -> list[str]:
    """Return the addresses that a pod's network status has for one interface."""
    (entry,) = [entry for entry in status_of(pod) if text(entry, "interface") == interface]
    found = entry["ips"]
    return [ip for ip in found if isinstance(ip, str)] if isinstance(found, list) else []


def _is_ready(pod: Object) -> bool:
    conditions = at(pod, "status", "conditions")
    return any(
        text(condition, "type") == "Ready" and text(condition, "status") == "True"
        for condition in (conditions if isinstance(conditions, list) else [])
    )


@contextmanager
def up() -> Iterator[Cluster]:
    """Bring the cluster up; take it down whatever happens."""
    work = Path(os.environ["MULTUS_E2E_WORK"])
    tools = Path(os.environ["MULTUS_E2E_TOOLS"])
    state, logs = work / "state", work / "logs"
    state.mkdir()
    # In memory, and in this mount namespace only: nothing has to be removed, and etcd's fsyncs cost nothing.
    run(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", str(state)])
    with ExitStack() as stack:
        control = ControlPlane(tools=tools, state=state, logs=logs)
        stack.callback(control.down)
        say("starting the control plane")
        api = control.up()
        left, right = (Node(one, tools=tools, state=state, logs=logs, cgroup=work.name) for one in ADDRESSES)
        cluster = Cluster(control, api, (left, right))
        token = cluster.admit_plugin()
        for node in cluster.nodes:
            say(f"starting {node.name}")
            stack.callback(node.down)
            node.up(control.kubeconfig(node.name), authority=control.authority.read_bytes(), token=token)
        cluster.connect_nodes()
        for node in cluster.nodes:
            wait_ready(api, node)
        yield cluster


def wait_ready(api: API, node: Node) -> None:
    """Wait until the cluster considers a node ready."""

    def ready() -> bool:
        node.alive()
        found = api.find(f"{CORE}/nodes/{node.name}")
        return found is not None and _is_ready(found) and not at(found, "spec", "taints")

    wait_for(ready, f"{node.name} is ready", timeout=90)


def available() -> bool:
    """Whether this run has the namespaces that the cases need."""
    return "MULTUS_E2E_WORK" in os.environ and shutil.which("nsenter") is not None


@contextmanager
def new_space(cluster: Cluster, name: str) -> Iterator[Space]:
    """Make a namespace, and remove it with all that is in it, without waiting for the end of that."""
    cluster.api.create(f"{CORE}/namespaces", {"metadata": {"name": name}})
    account = f"{CORE}/namespaces/{name}/serviceaccounts/default"
    cluster.api.wait(account, bool, f"namespace {name} has its service account", timeout=30)
    try:
        yield Space(cluster, name)
    finally:
        cluster.api.delete(f"{CORE}/namespaces/{name}")


def nothing_new(node: Node, before: dict[str, list[str]]) -> None:
    """Wait until a node holds nothing for a pod but what it held before."""

    def new() -> dict[str, set[str]]:
        found = {what: set(names) - set(before.get(what, ())) for what, names in node.leftovers().items()}
        return {what: names for what, names in found.items() if names}

    wait_for(lambda: not new(), f"nothing is left on {node.name}", timeout=30, found=new)
