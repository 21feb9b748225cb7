"""How the daemon starts, stops, and is told what to do."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from tests.integration.daemon.running import BRIDGE, ENVIRONMENT, ROOT, SOURCE, Daemon, Node, token


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_a_stop_leaves_the_configuration_in_place(node: Node, daemon: Daemon, number: signal.Signals) -> None:
    before = {name: (node.net_d / name).read_bytes() for name in node.listing()}

    assert daemon.stop(number) == 0

    assert {name: (node.net_d / name).read_bytes() for name in node.listing()} == before
    assert daemon.log()[-1] == f"level=info event=stopping signal={number.name}"


def test_a_stop_while_it_waits_for_a_network_is_as_quick(node: Node) -> None:
    with Daemon(node) as daemon:
        daemon.until(lambda: daemon.log("waiting"))
        assert daemon.stop() == 0


def test_a_killed_daemon_leaves_the_configuration_in_place_and_the_next_one_changes_nothing(
    node: Node, daemon: Daemon
) -> None:
    daemon.process.kill()
    daemon.process.wait()
    before = node.config.stat().st_mtime_ns

    with Daemon(node) as following:
        following.until_ready()
        assert following.log("repaired") == []
    assert node.config.stat().st_mtime_ns == before


def test_cleanup_on_exit_takes_the_configuration_away(node: Node) -> None:
    node.put("10-bridge.conflist", BRIDGE)
    with Daemon(node, "--cleanup-config-on-exit", "--rename-conf-file") as daemon:
        daemon.until_ready()
        assert daemon.stop() == 0

    assert node.listing() == ["10-bridge.conflist"]
    assert any(f"path={node.config}" in line for line in daemon.log("removed"))


def test_a_second_signal_ends_it_at_once(node: Node, daemon: Daemon) -> None:
    """Another installer's lock keeps it in the middle of a look."""
    fd = os.open(node.net_d, os.O_RDONLY)
    fcntl.flock(fd, fcntl.LOCK_EX)
    node.config.unlink()
    daemon.until(lambda: node.net_d in daemon.open_files())
    daemon.process.send_signal(signal.SIGTERM)
    daemon.process.send_signal(signal.SIGINT)

    assert daemon.process.wait(timeout=20) == 1
    assert daemon.log("stopping") == []
    os.close(fd)


def test_a_file_of_the_users_is_copied_and_kept_and_the_daemon_lives_on(node: Node, tmp_path: Path) -> None:
    """B31: the original ends right after its start."""
    mine = tmp_path / "mine/70-multus.conf"
    mine.parent.mkdir()
    document = {"cniVersion": "0.3.1", "name": "mine", "type": "multus", "delegates": [{"type": "bridge", "name": "b"}]}
    mine.write_text(json.dumps(document))
    copy = node.net_d / "70-multus.conf"
    with Daemon(node, f"--multus-conf-file={mine}") as daemon:
        daemon.until_ready()
        assert copy.read_bytes() == mine.read_bytes()

        copy.unlink()
        daemon.until(copy.exists)
        mine.write_text(json.dumps({**document, "name": "changed"}))
        daemon.until(lambda: copy.read_bytes() == mine.read_bytes())
        mine.write_text("{")
        daemon.until_looked()
        assert json.loads(copy.read_text())["name"] == "changed"
        assert daemon.stop() == 0
    assert copy.exists()


def test_options_in_a_file_take_effect_when_they_change_and_flags_win(node: Node, tmp_path: Path) -> None:
    node.put("10-bridge.conflist", BRIDGE)
    config = tmp_path / "etc/config.yaml"
    config.parent.mkdir()
    config.write_text("namespaceIsolation: true\nlogLevel: error\n")

    def multus() -> dict[str, object]:
        written: dict[str, object] = json.loads(node.config.read_text())["plugins"][0]
        return written

    with Daemon(node, "-config", config, "--multus-log-level=debug") as daemon:
        daemon.until_ready()
        assert (multus()["namespaceIsolation"], multus()["logLevel"]) == (True, "debug")

        config.write_text("globalNamespaces: infra\n")
        daemon.until(lambda: multus().get("globalNamespaces") == "infra")
        assert multus().get("namespaceIsolation", False) is False

        config.write_text("logLevel: loud\n")
        daemon.until(lambda: any("what it said before still holds" in line for line in daemon.log("warning")))
        node.config.unlink()
        daemon.until(node.config.exists)
        assert multus()["globalNamespaces"] == "infra"


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        (["--multus-log-level=loud"], "--multus-log-level: expected one of"),
        (["--metrics-port=70000"], "--metrics-port: expected a number from 0 to 65535, found 70000"),
        (["--config=/nowhere/config.yaml"], "cannot read /nowhere/config.yaml: No such file or directory"),
    ],
    ids=["value", "port", "file"],
)
def test_options_that_are_wrong_at_the_start_end_it_with_the_reason(flags: list[str], reason: str) -> None:
    done = subprocess.run(
        [*SOURCE, "daemon", *flags],
        env={**ENVIRONMENT, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 1
    assert done.stderr.startswith(f"multus daemon: {reason}")


def test_without_watching_the_node_is_configured_once_and_only_the_account_is_followed(node: Node) -> None:
    with Daemon(node, "--skip-config-watch") as daemon:
        daemon.until(lambda: daemon.log("waiting"))
        node.put("10-bridge.conflist", BRIDGE)
        daemon.until_ready()
        daemon.until(lambda: daemon.figure("multus_node_config_checks_total") >= 2)
        checks = daemon.figure("multus_node_config_checks_total")

        node.config.write_text("by hand")
        node.put("10-bridge.conflist", {**BRIDGE, "name": "other"})
        node.mount_account(token=(new := token(4_000_000_999, name="new")), authority="CA 1")
        daemon.until(lambda: node.user() == new)

        assert daemon.figure("multus_node_config_checks_total") <= checks + 2


def test_a_taken_port_is_no_reason_to_leave_the_node_alone(node: Node) -> None:
    node.put("10-bridge.conflist", BRIDGE)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with Daemon(node, f"--metrics-port={port}") as daemon:
            daemon.until(lambda: daemon.log("configured"))
            daemon.until(lambda: any(f"cannot answer on port {port}" in line for line in daemon.log("warning")))
            assert node.delegate() == BRIDGE


def test_port_0_answers_nowhere(node: Node) -> None:
    node.put("10-bridge.conflist", BRIDGE)
    with Daemon(node, "--metrics-port=0") as daemon:
        daemon.until(lambda: daemon.log("configured"))

        assert daemon.log("warning") == []
        assert [path for path in daemon.open_files() if path.name.startswith("socket:")] == []


def test_the_metrics_say_what_runs(daemon: Daemon) -> None:
    text = daemon.get("/metrics")[1]

    assert 'multus_build_info{build="",version="' in text
    assert daemon.figure("process_resident_memory_bytes") > 0
    assert daemon.get("/nothing")[0] == 404
