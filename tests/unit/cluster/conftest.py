"""The lab's API server, over TLS, and the direct adapter in front of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from multus_py.lab.apiserver import APIServer
from tests.unit.cluster.asking import Fixture


@pytest.fixture
def server() -> Iterator[APIServer]:
    with APIServer() as server:
        server.create(
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"name": "web", "namespace": "default", "annotations": {"kept": "yes"}},
                "spec": {"nodeName": "node1"},
            }
        )
        yield server


@pytest.fixture
def fixture(server: APIServer, tmp_path: Path) -> Iterator[Fixture]:
    fixture = Fixture(server, tmp_path)
    yield fixture
    for direct in fixture.opened:
        direct.close()
