"""The primary network's configuration: what becomes of Multus' when that one comes, changes and goes."""

from __future__ import annotations

import functools
import json
import threading
from typing import TYPE_CHECKING

from tests.integration.daemon.running import BRIDGE, Daemon, Node

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONObject

OTHER: JSONObject = {**BRIDGE, "name": "other"}


def test_it_appears_late(node: Node) -> None:
    with Daemon(node) as daemon:
        daemon.until(lambda: daemon.log("waiting"))
        assert daemon.get("/readyz") == (503, f"no configuration of a primary network in {node.net_d}\n")
        assert daemon.get("/healthz") == (200, "ok\n")
        assert daemon.figure("multus_node_config_waiting") == 1
        assert node.listing() == ["multus.d/multus.kubeconfig"]

        node.put("10-bridge.conflist", BRIDGE)
        daemon.until(lambda: node.delegate() == BRIDGE)
        daemon.until_ready()

        assert daemon.get("/readyz") == (200, "ok\n")
        assert daemon.figure("multus_node_config_waiting") == 0
        assert node.config.stat().st_mode & 0o777 == 0o600


def test_the_directory_itself_appears_late(node: Node) -> None:
    node.net_d.rmdir()
    with Daemon(node) as daemon:
        daemon.until(lambda: daemon.log("failed"))
        assert "--cni-conf-dir" in daemon.get("/readyz")[1]
        assert daemon.get("/healthz") == (200, "ok\n")

        node.net_d.mkdir()
        node.put("10-bridge.conflist", BRIDGE)
        daemon.until(lambda: node.delegate() == BRIDGE)
        daemon.until_ready()

    assert len(daemon.log("failed")) == 1


def test_it_changes(node: Node, daemon: Daemon) -> None:
    node.put("10-bridge.conflist", OTHER)

    daemon.until(lambda: node.delegate() == OTHER and daemon.repairs("config-outdated") == 1)


def test_it_changes_in_place(node: Node, daemon: Daemon) -> None:
    (node.net_d / "10-bridge.conflist").write_text(json.dumps(OTHER))

    daemon.until(lambda: node.delegate() == OTHER)


def test_it_is_replaced_by_one_that_comes_first(node: Node, daemon: Daemon) -> None:
    node.put("05-other.conflist", OTHER)

    daemon.until(lambda: node.delegate() == OTHER)


def test_it_is_replaced_by_one_with_another_name(node: Node, daemon: Daemon) -> None:
    node.put("20-other.conflist", OTHER)
    daemon.until_looked()
    assert node.delegate() == BRIDGE

    (node.net_d / "10-bridge.conflist").unlink()
    daemon.until(lambda: node.delegate() == OTHER)


def test_it_is_half_written_when_it_comes(node: Node) -> None:
    text = json.dumps(BRIDGE)
    with Daemon(node) as daemon:
        (node.net_d / "10-bridge.conflist").write_text(text[: len(text) // 2])
        daemon.until(lambda: "10-bridge.conflist is broken" in daemon.get("/readyz")[1])
        assert not node.config.exists()

        with (node.net_d / "10-bridge.conflist").open("a") as file:
            file.write(text[len(text) // 2 :])
        daemon.until(lambda: node.delegate() == BRIDGE)


def test_it_is_half_written_later(node: Node, daemon: Daemon) -> None:
    before = node.config.read_bytes()
    text = json.dumps(OTHER)
    for broken in ("", text[:40], text + "}"):
        (node.net_d / "10-bridge.conflist").write_text(broken)
        daemon.until_looked()
        assert node.config.read_bytes() == before
        assert daemon.get("/readyz") == (200, "ok\n"), "the node works"
    daemon.until(lambda: any("00-multus.conflist stays as it is" in line for line in daemon.log("warning")))

    (node.net_d / "10-bridge.conflist").write_text(text)
    daemon.until(lambda: node.delegate() == OTHER)


def test_it_vanishes_and_comes_back(node: Node, daemon: Daemon) -> None:
    before = node.config.read_bytes()
    (node.net_d / "10-bridge.conflist").unlink()
    daemon.until(lambda: daemon.log("warning"))
    daemon.until_looked()

    assert node.config.read_bytes() == before
    (warning,) = daemon.log("warning")
    assert f"no configuration of a primary network in {node.net_d}" in warning

    node.put("10-bridge.conflist", OTHER)
    daemon.until(lambda: node.delegate() == OTHER)


def test_multus_own_configuration_is_never_wrapped_again_whatever_its_name(node: Node, daemon: Daemon) -> None:
    own = node.config.read_text()
    for name in ("00-aaa.conflist", "05-multus.conf", "99-old.json"):
        node.put(name, own)
    node.put("10-bridge.conflist", OTHER)

    daemon.until(lambda: node.delegate() == OTHER)
    assert "multus" not in json.dumps(node.delegate())


def test_crossing_1_0_moves_the_configuration_to_the_other_form_and_back(node: Node, daemon: Daemon) -> None:
    single = node.net_d / "00-multus.conf"
    old: JSONObject = {"cniVersion": "0.3.1", "name": "old", "type": "bridge"}
    (node.net_d / "10-bridge.conflist").unlink()
    node.put("10-bridge.conf", old)

    daemon.until(lambda: single.exists() and not node.config.exists())
    written = json.loads(single.read_text())
    assert (written["cniVersion"], written["delegates"]) == ("0.3.1", [old])

    node.put("10-bridge.conf", {**old, "cniVersion": "1.1.0"})
    daemon.until(lambda: node.config.exists() and not single.exists())
    assert json.loads(node.config.read_text())["cniVersion"] == "1.1.0"


def test_capabilities_come_and_go_with_the_primarys(node: Node, daemon: Daemon) -> None:
    def capabilities() -> object:
        return json.loads(node.config.read_text())["plugins"][0].get("capabilities")

    assert capabilities() == {"portMappings": True}
    node.put(
        "10-bridge.conflist",
        {**BRIDGE, "plugins": [{"type": "bandwidth", "capabilities": {"bandwidth": True, "ips": False}}]},
    )
    daemon.until(lambda: capabilities() == {"bandwidth": True})


def test_a_renamed_primary_lives_on(node: Node) -> None:
    node.put("10-bridge.conflist", BRIDGE)
    with Daemon(node, "--rename-conf-file") as daemon:
        daemon.until((node.net_d / "10-bridge.conflist.old").exists)
        daemon.until_ready()
        node.config.unlink()
        daemon.until(lambda: node.delegate() == BRIDGE)

        node.put("10-bridge.conflist", OTHER)
        daemon.until(lambda: node.delegate() == OTHER)
        daemon.until(lambda: not (node.net_d / "10-bridge.conflist").exists())


class Reader(threading.Thread):
    """A runtime that reads the configuration without end."""

    def __init__(self, node: Node) -> None:
        super().__init__()
        self._node = node
        self._over = threading.Event()
        self.seen: set[str] = set()
        self.bad: list[str] = []

    def run(self) -> None:
        while not self._over.is_set():
            try:
                document = json.loads(self._node.config.read_bytes())
                self.seen.add(document["plugins"][0]["delegates"][0]["name"])
            except (OSError, ValueError, LookupError) as error:
                self.bad.append(repr(error))

    def stop(self) -> None:
        self._over.set()
        self.join()


def test_a_runtime_never_finds_it_empty_torn_or_missing_while_it_changes(node: Node, daemon: Daemon) -> None:
    def named(name: str) -> bool:
        return (node.delegate() or {}).get("name") == name

    reader = Reader(node)
    reader.start()
    for number in range(8):
        path, text = node.net_d / "10-bridge.conflist", json.dumps({**BRIDGE, "name": f"net{number}"})
        path.write_text("")
        path.write_text(text[:50])
        path.write_text(text)
        daemon.until(functools.partial(named, f"net{number}"))
    reader.stop()

    assert reader.bad == []
    assert {"net0", "net7"} <= reader.seen
