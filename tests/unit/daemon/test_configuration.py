from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from multus_py.daemon.configuration import Configuration
from multus_py.hostconfig.errors import HostConfigError
from multus_py.hostconfig.options import Options
from tests.fakes.clock import FakeClock
from tests.integration.daemon.running import BRIDGE, ENVIRONMENT, Node


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(tmp_path)


def options(node: Node, *, isolated: bool = False, cleanup: bool = False) -> Options:
    return Options(
        cni_conf_dir=node.net_d,
        autoconfig_dir=node.net_d,
        service_account_dir=node.account,
        namespace_isolation=isolated,
        cleanup_config_on_exit=cleanup,
    )


def configuration(load: Callable[[], Options], *, file: Path | None = None, once: bool = False) -> Configuration:
    return Configuration(load, file=file, once=once, environment=ENVIRONMENT, clock=FakeClock())


def isolated(node: Node) -> bool:
    return bool(json.loads(node.config.read_text())["plugins"][0].get("namespaceIsolation"))


def refuse() -> Options:
    raise HostConfigError("the flag is wrong")


def test_options_that_are_wrong_at_the_start_are_an_error() -> None:
    with pytest.raises(HostConfigError, match="the flag is wrong"):
        configuration(refuse)


def test_a_look_puts_right_what_is_wrong(node: Node) -> None:
    node.put("10-bridge.conflist", BRIDGE)

    outcome = configuration(lambda: options(node)).look()

    assert {change.what for change in outcome.changes} == {"config-missing", "kubeconfig-missing"}
    assert node.delegate() == BRIDGE


def test_what_is_watched_is_the_nodes_folders_and_the_options_file(node: Node, tmp_path: Path) -> None:
    without = configuration(lambda: options(node)).watched()
    with_file = configuration(lambda: options(node), file=tmp_path / "etc/config.yaml").watched()

    assert {node.net_d, node.account} <= set(without)
    assert with_file == (*without, tmp_path / "etc")


def test_options_of_a_file_are_read_anew_for_each_look(node: Node, tmp_path: Path) -> None:
    node.put("10-bridge.conflist", BRIDGE)
    loaded = [options(node), options(node, isolated=True), options(node)]
    subject = configuration(lambda: loaded.pop(0), file=tmp_path / "config.yaml")

    subject.look()
    assert isolated(node)
    subject.look()
    assert not isolated(node)


def test_options_of_the_command_line_are_read_once(node: Node) -> None:
    loaded = [options(node)]
    subject = configuration(lambda: loaded.pop(0))

    subject.look()
    subject.look()


def test_options_that_become_wrong_are_a_warning_and_the_old_ones_hold(node: Node, tmp_path: Path) -> None:
    node.put("10-bridge.conflist", BRIDGE)
    right = True
    subject = configuration(lambda: options(node, isolated=True) if right else refuse(), file=tmp_path / "config.yaml")
    right = False

    outcome = subject.look()

    assert outcome.warnings == ("the flag is wrong; what it said before still holds",)
    assert isolated(node)


def test_once_means_until_the_node_is_configured_and_then_only_the_account_is_watched(node: Node) -> None:
    subject = configuration(lambda: options(node), once=True)
    subject.look()
    waiting = (subject.settled, node.net_d in subject.watched())

    node.put("10-bridge.conflist", BRIDGE)
    subject.look()

    assert waiting == (False, True)
    assert subject.settled
    assert subject.watched() == (node.account,)


@pytest.mark.parametrize(
    ("cleanup", "restoring", "stays"),
    [(False, False, True), (True, False, False), (False, True, False)],
    ids=["a stop", "a stop with clean-up", "Multus goes for good"],
)
def test_what_stays_on_the_node(node: Node, cleanup: bool, restoring: bool, stays: bool) -> None:  # noqa: FBT001
    node.put("10-bridge.conflist", BRIDGE)
    subject = configuration(lambda: options(node, cleanup=cleanup))
    subject.look()

    gone = subject.leave(restoring=restoring)

    assert node.config.exists() is stays
    assert (node.config in gone) is not stays
    assert (node.net_d / "10-bridge.conflist").exists()
