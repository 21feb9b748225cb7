"""Kubernetes objects for the lab: pods that ask for networks, and the networks; made here, or read from files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from multus_py.base import jsontext, yamltext
from multus_py.lab import kinds
from multus_py.lab.objects import JSON, Object

NETWORKS = "k8s.v1.cni.cncf.io/networks"
STATUS = "k8s.v1.cni.cncf.io/network-status"


class ManifestError(Exception):
    """A file holds something else than objects."""


def read(file: Path) -> Iterator[Object]:
    """Yield the objects of a file, YAML or JSON.

    Raises:
        ManifestError: It cannot be read, or something in it is no object.
    """
    try:
        found = yamltext.loads_all(file.read_bytes())
    except (OSError, yamltext.YAMLError) as error:
        raise ManifestError(f"cannot read {file}: {error}") from error
    for document in found:
        if isinstance(document, dict):
            try:
                kinds.of(document)
            except KeyError as error:
                raise ManifestError(f"{file}: the lab's API server has no {error.args[0]}") from error
            yield document
        elif document is not None:  # between two lines of dashes
            raise ManifestError(f"{file}: expected objects, found {jsontext.kind(document)}")


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
