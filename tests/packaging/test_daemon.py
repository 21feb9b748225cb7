"""The daemon of the built program: its libraries and schemas are there, and signals get to it through the launcher."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.daemon.running import BRIDGE, ENVIRONMENT, Daemon, Node, token


@pytest.fixture
def node(tmp_path: Path) -> Node:
    (tmp_path / "node").mkdir()
    return Node(tmp_path / "node")


@pytest.fixture
def temporary(tmp_path: Path) -> Path:
    (tmp_path / "tmp").mkdir()
    return tmp_path / "tmp"


def test_it_configures_heals_and_leaves_in_place(program: Path, node: Node, temporary: Path) -> None:
    config = node.net_d.parent / "config.yaml"
    config.write_text("logLevel: error\n")
    environment = {**ENVIRONMENT, "TMPDIR": str(temporary)}
    with Daemon(node, f"--config={config}", program=[program], environment=environment) as daemon:
        daemon.until(lambda: daemon.log("waiting"))
        node.put("10-bridge.conflist", BRIDGE)
        daemon.until_ready()
        assert node.delegate() == BRIDGE

        node.config.unlink()
        daemon.until(node.config.exists)
        node.mount_account(token=(new := token(4_000_000_999, name="new")), authority="CA 2")
        daemon.until(lambda: node.user() == new)
        assert 'multus_build_info{build="",' not in daemon.get("/metrics")[1]
        assert daemon.stop() == 0

    assert node.config.exists()
    assert list(temporary.iterdir()) == []


def test_options_that_are_wrong_are_refused_by_the_schemas(program: Path, node: Node) -> None:
    with Daemon(node, "--multus-log-level=loud", program=[program]) as daemon:
        assert daemon.process.wait(timeout=30) == 1

    assert "--multus-log-level: expected one of" in daemon.text()
