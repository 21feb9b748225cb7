"""The kubeconfig follows the service account, and no secret gets anywhere else."""

from __future__ import annotations

import base64
import json

from tests.integration.daemon.running import BRIDGE, Daemon, Node, token

FIRST, SECOND = token(4_000_000_000, name="one"), token(4_000_000_777, name="two")


def test_the_token_rotates(node: Node, daemon: Daemon) -> None:
    assert node.user() == FIRST
    assert daemon.figure("multus_kubeconfig_token_expiry_timestamp_seconds") == 4_000_000_000

    node.mount_account(token=SECOND, authority="CA 1")

    daemon.until(lambda: node.user() == SECOND)
    daemon.until(lambda: daemon.figure("multus_kubeconfig_token_expiry_timestamp_seconds") == 4_000_000_777)
    assert node.kubeconfig.stat().st_mode & 0o777 == 0o600
    assert daemon.repairs("kubeconfig-outdated") == 1


def test_the_authority_rotates(node: Node, daemon: Daemon) -> None:
    node.mount_account(token=FIRST, authority="CA 2")

    def authority() -> bytes:
        cluster = json.loads(node.kubeconfig.read_text())["clusters"][0]["cluster"]
        return base64.b64decode(cluster["certificate-authority-data"])

    daemon.until(lambda: authority() == b"CA 2")


def test_the_server_is_the_one_that_kubernetes_names(node: Node, daemon: Daemon) -> None:
    assert daemon.process.poll() is None
    assert json.loads(node.kubeconfig.read_text())["clusters"][0]["cluster"]["server"] == "https://[fd00::1]:6443"


def test_a_kubeconfig_that_is_removed_or_edited_is_restored(node: Node, daemon: Daemon) -> None:
    node.kubeconfig.unlink()
    daemon.until(lambda: node.user() == FIRST)

    node.kubeconfig.write_text("{}")
    daemon.until(lambda: node.kubeconfig.read_text() != "{}" and node.user() == FIRST)


def test_a_token_that_is_about_to_expire_is_warned_of(node: Node) -> None:
    node.put("10-bridge.conflist", BRIDGE)
    node.mount_account(token=token(1_600_000_000), authority="CA 1")
    with Daemon(node) as daemon:
        daemon.until(lambda: any("expires at 2020-09-13T12:26:40Z" in line for line in daemon.log("warning")))


def test_an_account_that_vanishes_leaves_what_is_there(node: Node, daemon: Daemon) -> None:
    (node.account / "..data").unlink()
    daemon.until(lambda: any("multus.kubeconfig stays as it is" in line for line in daemon.log("warning")))

    assert node.user() == FIRST
    node.mount_account(token=SECOND, authority="CA 1")
    daemon.until(lambda: node.user() == SECOND)


def test_no_account_at_all_is_said_and_waited_for(node: Node) -> None:
    node.put("10-bridge.conflist", BRIDGE)
    (node.account / "..data").unlink()
    with Daemon(node) as daemon:
        daemon.until(lambda: daemon.log("failed"))
        assert "cannot read the service account's" in daemon.get("/readyz")[1]
        assert not node.config.exists(), "it would name a kubeconfig that is not there"

        node.mount_account(token=SECOND, authority="CA 1")
        daemon.until_ready()

    assert len(daemon.log("failed")) == 1


def test_a_kubeconfig_of_somebody_else_is_left_alone(node: Node) -> None:
    node.put("10-bridge.conflist", BRIDGE)
    with Daemon(node, "--skip-kubeconfig", "--multus-kubeconfig-file-host=/etc/mine", environment={}) as daemon:
        daemon.until_ready()

    assert not node.kubeconfig.exists()
    assert json.loads(node.config.read_text())["plugins"][0]["kubeconfig"] == "/etc/mine"


def test_the_log_and_the_metrics_have_no_secrets(node: Node, daemon: Daemon) -> None:
    node.mount_account(token=SECOND, authority="CA 1")
    daemon.until(lambda: node.user() == SECOND)
    node.kubeconfig.write_text("{}")
    daemon.until_looked()

    shown = daemon.text() + daemon.get("/metrics")[1] + daemon.get("/readyz")[1]
    assert "signature-of" not in shown
