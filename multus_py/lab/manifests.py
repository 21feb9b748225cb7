"""Kubernetes objects for the lab: pods that ask for networks, and the networks."""

from __future__ import annotations

import json

from multus_py.lab.objects import JSON, Object

NETWORKS = "k8s.v1.cni.cncf.io/networks"
STATUS = "k8s.v1.cni.cncf.io/network-status"


def pod(name: str, networks: JSON = None, *, namespace: str = "default", node: str = "", **annotations: str) -> Object:
    """Return a pod.

    Args:
        name: Its name.
        networks: What it asks for: the short form, or the JSON form as the list that it is; None for nothing.
        namespace: Its namespace.
        node: The node that it runs on.
        annotations: Further annotations.
    """
    asked = {} if networks is None else {NETWORKS: networks if isinstance(networks, str) else json.dumps(networks)}
    notes: Object = {**asked, **annotations}
    metadata: Object = {"name": name, "namespace": namespace, "annotations": notes}
    containers: list[JSON] = [{"name": "main", "image": "registry.example/main:1"}]
    spec: Object = {"containers": containers, **({"nodeName": node} if node else {})}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def network(name: str, config: Object | str | None, *, namespace: str = "default") -> Object:
    """Return a NetworkAttachmentDefinition; without a configuration it refers to a file on the node."""
    text = config if config is None or isinstance(config, str) else json.dumps(config)
    spec: Object = {} if text is None else {"config": text}
    metadata: Object = {"name": name, "namespace": namespace}
    return {
        "apiVersion": "k8s.cni.cncf.io/v1",
        "kind": "NetworkAttachmentDefinition",
        "metadata": metadata,
        "spec": spec,
    }
