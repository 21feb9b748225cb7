"""Objects in files come to the lab's API server, those that are there already anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from multus_py.lab import applying
from multus_py.lab.apiserver import APIServer
from multus_py.lab.objects import text

NAD = """\
apiVersion: k8s.cni.cncf.io/v1
kind: NetworkAttachmentDefinition
metadata: {name: blue, namespace: default}
spec: {config: '%s'}
"""
POD = """\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: %s}
spec: {containers: []}
"""


@pytest.fixture
def kubeconfig(server: APIServer, tmp_path: Path) -> Path:
    return server.kubeconfig(tmp_path / "kubeconfig")


def written(tmp_path: Path, *documents: str) -> Path:
    file = tmp_path / "objects.yaml"
    file.write_text("---\n".join(documents))
    return file


def test_objects_are_created_and_pods_wait_on_the_node(server: APIServer, kubeconfig: Path, tmp_path: Path) -> None:
    file = written(tmp_path, NAD % "{}", POD % "default")
    assert list(applying.apply([file], kubeconfig)) == ["network-attachment-definition/blue created", "pod/web created"]
    pod = server.get("pod", "web")
    assert (text(pod, "spec", "nodeName"), text(pod, "status", "phase")) == ("node1", "Pending")


def test_one_that_is_there_is_replaced(server: APIServer, kubeconfig: Path, tmp_path: Path) -> None:
    list(applying.apply([written(tmp_path, NAD % "{}")], kubeconfig))
    file = written(tmp_path, NAD % '{"type": "bridge"}')
    assert list(applying.apply([file], kubeconfig)) == ["network-attachment-definition/blue replaced"]
    assert text(server.get("nad", "blue"), "spec", "config") == '{"type": "bridge"}'


def test_what_the_server_refuses_is_said_in_its_words(kubeconfig: Path, tmp_path: Path) -> None:
    with pytest.raises(applying.ApplyError, match='namespaces "nowhere" not found'):
        list(applying.apply([written(tmp_path, POD % "nowhere")], kubeconfig))
