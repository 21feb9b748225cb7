"""The lab's API server, over TLS."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from multus_py.lab.apiserver import APIServer


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
