"""00-multus.conflist: what others do to it is undone."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.daemon.running import Daemon, Node


def append(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


DEEDS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "deleted": ("config-missing", lambda path: path.unlink()),
    "renamed": ("config-missing", lambda path: path.rename(path.with_name("elsewhere"))),
    "edited": ("config-outdated", lambda path: path.write_text(json.dumps({"name": "mine"}))),
    "appended to": ("config-outdated", lambda path: append(path, "{}")),
    "emptied": ("config-outdated", lambda path: path.write_text("")),
    "replaced": ("config-outdated", lambda path: path.with_name("mine").rename(path)),
    "made readable": ("config-mode", lambda path: path.chmod(0o644)),
}


@pytest.mark.parametrize(("what", "deed"), DEEDS.values(), ids=DEEDS)
def test_it_is_restored(node: Node, daemon: Daemon, what: str, deed: Callable[[Path], object]) -> None:
    right = node.config.read_bytes()
    (node.net_d / "mine").write_text("{}")
    deed(node.config)

    daemon.until(lambda: node.config.exists() and node.config.read_bytes() == right and daemon.repairs(what) >= 1)
    assert node.config.stat().st_mode & 0o777 == 0o600
    daemon.until(lambda: any(f"what={what} path={node.config}" in line for line in daemon.log("repaired")))
    assert daemon.get("/readyz") == (200, "ok\n")


def test_it_is_restored_each_time(node: Node, daemon: Daemon) -> None:
    for _ in range(15):
        node.config.unlink()
        daemon.until(node.config.exists)


def test_cilium_renames_it_again_and_again_and_is_warned_of_once(node: Node, daemon: Daemon) -> None:
    for _ in range(5):
        node.config.rename(node.net_d / "00-multus.conflist.cilium_bak")
        daemon.until(node.config.exists)
    daemon.until(lambda: daemon.log("warning"))

    (warning,) = daemon.log("warning")
    assert "cni.exclusive=false" in warning


def test_the_whole_directory_is_replaced(node: Node, daemon: Daemon) -> None:
    right = node.config.read_bytes()
    shutil.rmtree(node.net_d, ignore_errors=True)  # the daemon may be putting files back meanwhile
    node.net_d.mkdir(exist_ok=True)
    node.put("10-bridge.conflist", json.loads(right)["plugins"][0]["delegates"][0])

    daemon.until(lambda: node.config.exists() and node.config.read_bytes() == right)
    daemon.until_ready()
    node.config.unlink()
    daemon.until(node.config.exists)


def test_the_other_form_is_removed_when_somebody_puts_it_there(node: Node, daemon: Daemon) -> None:
    other = node.net_d / "00-multus.conf"
    other.write_text("{}")

    daemon.until(lambda: not other.exists() and daemon.repairs("config-superfluous") == 1)
