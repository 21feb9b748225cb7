from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.daemon.running import BRIDGE, Daemon, Node


@pytest.fixture
def node(tmp_path: Path) -> Node:
    """Return a node that has no network yet."""
    return Node(tmp_path)


@pytest.fixture
def daemon(node: Node) -> Iterator[Daemon]:
    """Return a daemon that has configured the node for the network 10-bridge.conflist."""
    node.put("10-bridge.conflist", BRIDGE)
    with Daemon(node) as daemon:
        daemon.until_ready()
        yield daemon
