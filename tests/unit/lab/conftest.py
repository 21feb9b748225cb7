"""A running API server, and the clients that talk to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import kubernetes.client
import kubernetes.config
import pytest

from multus_py.lab.apiserver import APIServer
from multus_py.lab.objects import Object
from tests.unit.lab.caller import Caller


@pytest.fixture
def server() -> Iterator[APIServer]:
    with APIServer() as server:
        yield server


@pytest.fixture
def caller(server: APIServer) -> Iterator[Caller]:
    caller = Caller(server)
    yield caller
    caller.close()


@pytest.fixture
def client(server: APIServer, tmp_path: Path) -> Iterator[kubernetes.client.ApiClient]:
    path = server.kubeconfig(tmp_path / "kubeconfig")
    with kubernetes.config.new_client_from_config(config_file=str(path)) as client:
        yield client
        client.rest_client.pool_manager.clear()


@pytest.fixture
def pod() -> Object:
    """Return a pod that is not created yet."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "pod1", "namespace": "default", "labels": {"app": "web"}},
        "spec": {"nodeName": "node1", "containers": [{"name": "web", "image": "web:1"}]},
    }
