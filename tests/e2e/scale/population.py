"""The objects of a large cluster, straight through the API: nodes without kubelets, pods that never run, networks."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import local
from typing import TypeVar

from multus_py.daemon.cache import Kept, Key, keep_nad, keep_pod
from multus_py.lab.objects import JSON, Object, text
from tests.e2e import controlplane
from tests.e2e.api import API, CORE, NADS, APIError
from tests.e2e.cluster import NETWORKS, STATUS
from tests.e2e.scale.caches import digest

T = TypeVar("T")
NAMESPACE = "scale"
UPLINK = "uplink"
_AT_ONCE = 4
_EXISTS = 409


@dataclass(frozen=True)
class Size:
    """How much there is of each."""

    nodes: int
    pods: int
    nads: int


class Population:
    """The objects."""

    def __init__(self, api: API, size: Size, *, leases: Path, authority: Path, token: str) -> None:
        """Prepare; nothing is made yet.

        Args:
            api: The administrator's way to ask.
            size: How much to make.
            leases: Where the networks' addresses are written down, if a pod is really attached.
            authority: What the connections for thousands of objects trust.
            token: The administrator's.
        """
        self._api = api
        self._size = size
        self._leases = leases
        self._owner = ""
        self._send = _Sender(authority, token)
        self.nodes = [f"scale-{number:03}" for number in range(size.nodes)]

    def make(self) -> None:
        """Make everything."""
        self._api.create(f"{CORE}/namespaces", {"metadata": {"name": NAMESPACE}})
        try:
            self._api.create(f"{_CORE}/serviceaccounts", {"metadata": {"name": "default"}})
        except APIError as error:
            if error.status != _EXISTS:  # the controllers were faster
                raise
        # An owner that is there: whose owner is not would be removed by the controllers, where they run.
        self._owner = text(self._api.get(f"{_CORE}/serviceaccounts/default"), "metadata", "uid")
        self._send.all((f"{CORE}/nodes", _node(name)) for name in self.nodes)
        self._send.all((_NADS, _nad(number, self._configuration())) for number in range(self._size.nads))
        self.add_pods("pod", self._size.pods)

    def remove(self) -> None:
        """Remove everything, the pods without their kubelets' confirmation, for which there is nobody to ask."""
        self._api.delete(f"{_CORE}/pods", grace=0)
        self._api.delete(f"{CORE}/namespaces/{NAMESPACE}")
        for name in self.nodes:
            self._api.delete(f"{CORE}/nodes/{name}", grace=0)

    def add_pods(self, prefix: str, count: int) -> None:
        """Make pods, so many on each node as on the others."""
        self._send.all((f"{_CORE}/pods", self._pod(prefix, number)) for number in range(count))

    def remove_pods(self, prefix: str, count: int) -> None:
        """Remove them again."""
        self._send.each(lambda number: self._delete(f"{_CORE}/pods/{prefix}-{number}"), range(count))

    def change_nads(self, count: int, *, mtu: int) -> None:
        """Change so many NADs, each once, to an MTU that they do not have yet."""
        change: Object = {"spec": {"config": self._configuration(mtu=mtu)}}
        for number in range(count):
            self._api.patch(f"{_NADS}/net{number}", change)

    def pods_of(self, node: str) -> list[tuple[str, str]]:
        """Return name and UID of a node's pods."""
        found = self._api.list(f"{_CORE}/pods?fieldSelector=spec.nodeName={node}")
        return [(text(pod, "metadata", "name"), text(pod, "metadata", "uid")) for pod in found]

    def digests(self) -> dict[str, dict[str, str]]:
        """Return what the caches have to hold, in the form in which they say what they hold."""
        pods: dict[str, dict[Key, Kept]] = {name: {} for name in self.nodes}
        for pod in self._api.list(f"{_CORE}/pods"):
            node = text(pod, "spec", "nodeName")
            pods[node][_key(pod)] = keep_pod(pod, node=node)
        nads = digest({_key(nad): keep_nad(nad) for nad in self._api.list(f"{NADS}/network-attachment-definitions")})
        return {node: {"pods": digest(kept), "nads": nads} for node, kept in pods.items()}

    def _delete(self, path: str) -> None:
        self._send("DELETE", path, {"gracePeriodSeconds": 0})

    def _configuration(self, *, mtu: int = 1400) -> str:
        ranges: list[JSON] = [[{"subnet": "198.51.100.0/25"}]]
        ipam: Object = {"type": "host-local", "dataDir": str(self._leases), "ranges": ranges}
        configuration: Object = {"type": "macvlan", "master": UPLINK, "mode": "bridge", "mtu": mtu, "ipam": ipam}
        return json.dumps({"cniVersion": "1.0.0", **configuration})

    def _pod(self, prefix: str, number: int) -> Object:
        """Return a pod as a workload's: with an owner, labels, two networks, and what the kubelet has written."""
        first, second = number % self._size.nads, (number + 1) % self._size.nads
        owner: Object = {"apiVersion": "v1", "kind": "ServiceAccount", "name": "default", "uid": self._owner}
        container: Object = {
            "name": "main",
            "image": "registry.example/team/workload:1.2.3",
            "env": [{"name": f"SETTING_{key}", "value": f"value of {key}"} for key in range(8)],
            "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"memory": "64Mi"}},
        }
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": f"{prefix}-{number}",
                "labels": {"app.kubernetes.io/name": "workload", "pod-template-hash": "5d59d67564"},
                "annotations": {NETWORKS: f"net{first},net{second}", STATUS: _status(first, second)},
                "ownerReferences": [owner],
                "managedFields": [_KUBELET],
            },
            "spec": {
                "nodeName": self.nodes[number % len(self.nodes)],
                "containers": [container],
                "automountServiceAccountToken": False,
                "tolerations": [{"operator": "Exists"}],
            },
        }


class _Sender:
    """Sends requests over a few connections that are kept."""

    def __init__(self, authority: Path, token: str) -> None:
        self._context = ssl.create_default_context(cafile=str(authority))
        self._token = token
        self._connections: list[http.client.HTTPSConnection] = []
        self._own = local()

    def all(self, creations: Iterable[tuple[str, Object]]) -> None:
        self.each(lambda creation: self("POST", *creation), creations)

    def each(self, do: Callable[[T], None], things: Iterable[T]) -> None:
        with ThreadPoolExecutor(_AT_ONCE) as threads:
            for _ in threads.map(do, things):
                pass
        for connection in self._connections:
            connection.close()
        self._connections, self._own = [], local()

    def __call__(self, method: str, path: str, document: Object) -> None:
        connection: http.client.HTTPSConnection | None = getattr(self._own, "connection", None)
        if connection is None:
            connection = http.client.HTTPSConnection(controlplane.ADDRESS, 6443, context=self._context, timeout=30)
            self._own.connection = connection
            self._connections.append(connection)
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        connection.request(method, path, json.dumps(document), headers)
        with connection.getresponse() as response:
            answer = response.read()
            if response.status >= 400:
                raise APIError(response.status, answer.decode(errors="replace"))


_CORE = f"{CORE}/namespaces/{NAMESPACE}"
_NADS = f"{NADS}/namespaces/{NAMESPACE}/network-attachment-definitions"
# What the kubelet's status updates leave in a pod's metadata: half of what a watcher of metadata is sent.
_CONDITIONS = ("ContainersReady", "Initialized", "PodReadyToStartContainers", "Ready")
_FIELDS: Object = {
    f'k:{{"type":"{condition}"}}': {
        ".": {},
        "f:lastProbeTime": {},
        "f:lastTransitionTime": {},
        "f:status": {},
        "f:type": {},
    }
    for condition in _CONDITIONS
}
_KUBELET: Object = {
    "manager": "kubelet",
    "operation": "Update",
    "apiVersion": "v1",
    "time": "2026-01-01T00:00:00Z",
    "fieldsType": "FieldsV1",
    "fieldsV1": {
        "f:status": {
            "f:conditions": _FIELDS,
            "f:containerStatuses": {},
            "f:hostIP": {},
            "f:phase": {},
            "f:podIP": {},
            "f:podIPs": {".": {}, 'k:{"ip":"198.51.100.7"}': {".": {}, "f:ip": {}}},
            "f:startTime": {},
        }
    },
    "subresource": "status",
}


def _node(name: str) -> Object:
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}}


def _nad(number: int, configuration: str) -> Object:
    return {
        "apiVersion": "k8s.cni.cncf.io/v1",
        "kind": "NetworkAttachmentDefinition",
        "metadata": {"name": f"net{number}"},
        "spec": {"config": configuration},
    }


def _status(*networks: int) -> str:
    """Return a network status as Multus has left it: larger than all that a cache keeps of the pod."""
    entries: list[JSON] = [
        {
            "name": f"{NAMESPACE}/net{network}",
            "interface": f"net{number}",
            "ips": ["198.51.100.7"],
            "mac": "02:00:00:00:00:07",
            "dns": {},
        }
        for number, network in enumerate(networks, 1)
    ]
    return json.dumps(entries, indent=4)


def _key(item: Object) -> Key:
    return text(item, "metadata", "namespace"), text(item, "metadata", "name")
