"""The node's Multus configuration is found by content, in either form, and its log stays the calls'."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from multus_py.inventory import node
from multus_py.inventory.node import InventoryError
from tests.unit.attach.world import World
from tests.unit.inventory.nodes import NodeWorld

PLUGIN = {"type": "multus", "delegates": [{"name": "n", "type": "ptp"}]}


def test_the_first_file_that_is_multus_counts(tmp_path: Path) -> None:
    (tmp_path / "10-cluster.conf").write_text(json.dumps({"name": "cluster", "type": "bridge"}))
    (tmp_path / "20-renamed.conf").write_text(json.dumps({**PLUGIN, "name": "second"}))
    (tmp_path / "30-multus.conf").write_text(json.dumps({**PLUGIN, "name": "third"}))
    (tmp_path / "00-notes.txt").write_text("multus")
    found = node.configuration(tmp_path)
    assert found is not None
    assert found["name"] == "second"


def test_of_a_list_it_is_what_the_plugin_gets(tmp_path: Path) -> None:
    document = {"cniVersion": "1.1.0", "name": "all", "plugins": [{"type": "portmap"}, PLUGIN]}
    (tmp_path / "00-multus.conflist").write_text(json.dumps(document))
    assert node.configuration(tmp_path) == {**PLUGIN, "cniVersion": "1.1.0", "name": "all"}


def test_a_node_without_one_has_none(tmp_path: Path) -> None:
    assert node.configuration(tmp_path) is None
    assert node.configuration(tmp_path / "missing") is None


def test_a_broken_file_and_an_unreadable_one_are_said(tmp_path: Path) -> None:
    (tmp_path / "00-multus.conf").write_text("{")
    with pytest.raises(InventoryError, match=r"00-multus\.conf is broken"):
        node.configuration(tmp_path)
    with pytest.raises(InventoryError, match="cannot read"):
        node.read_configuration(tmp_path)
    with pytest.raises(InventoryError, match="cannot list"):
        node.configuration(tmp_path / "00-multus.conf")


def test_a_wrong_configuration_is_said(given: NodeWorld) -> None:
    given.world.keys["delegates"] = []
    with pytest.raises(InventoryError, match="delegates"):
        given.node()


def test_a_bare_node_is_what_its_records_say(world_of: World) -> None:
    config = node.bare(world_of.state)
    opened = node.opened(config, ports=world_of.ports())
    assert opened.places.state == world_of.state


@pytest.fixture
def world_of(tmp_path: Path) -> World:
    return World(tmp_path)


def test_looking_leaves_no_lines_in_the_plugins_log(given: NodeWorld) -> None:
    given.write(given.record(), "[{")
    given.containers()
    assert given.world.log() == ""
