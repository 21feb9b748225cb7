"""Removal: the node is as it was before Multus came."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from multus_py.hostconfig import placing, removal
from multus_py.hostconfig.errors import HostConfigError
from tests.unit.hostconfig.node import BRIDGE, Node, chain, multus


def remove(node: Node, **options: object) -> list[str]:
    chosen = dataclasses.replace(node.options, **options)  # type: ignore[arg-type]  # the test's own words
    return [str(path.relative_to(node.directory)) for path in removal.remove(chosen)]


@pytest.mark.parametrize("version", ["0.4.0", "1.0.0"])
def test_nothing_of_ours_is_left(node: Node, version: str) -> None:
    node.put("10-a.conf", BRIDGE | {"cniVersion": version})
    node.reconcile()
    [ours] = [name for name in node.names() if name.startswith("00-")]
    assert remove(node) == [ours, "multus.d/multus.kubeconfig", "multus.d"]
    assert list(node.directory.iterdir()) == [node.path("10-a.conf")]
    assert remove(node) == []


def test_a_renamed_primary_has_its_name_again_before_the_configuration_goes(node: Node) -> None:
    node.put("10-a.conf", BRIDGE)
    node.reconcile(rename_conf_file=True)
    assert remove(node)[:2] == ["10-a.conf", "00-multus.conf"]
    assert node.names() == ["10-a.conf"]


def test_a_renamed_primary_is_known_by_its_content_too(node: Node) -> None:
    """`multus uninstall` need not be told how it was installed."""
    node.put("10-a.conflist", chain("bridge"))
    node.put("20-b.conf.old", BRIDGE)
    node.reconcile(rename_conf_file=True)
    remove(node, rename_conf_file=False)
    assert node.names() == ["10-a.conflist", "20-b.conf.old"]


def test_a_primary_that_was_written_anew_is_not_written_over(node: Node) -> None:
    node.put("10-a.conf", BRIDGE)
    node.reconcile(rename_conf_file=True)
    node.put("10-a.conf", BRIDGE | {"mtu": 1})
    remove(node)
    assert node.read("10-a.conf") == BRIDGE | {"mtu": 1}


def test_a_copied_file_goes_too(node: Node) -> None:
    (node.root / "70-multus.conf").write_text('{"type": "multus", "delegates": [{"type": "a"}]}')
    node.reconcile(multus_conf_file=str(node.root / "70-multus.conf"))
    assert remove(node)[0] == "70-multus.conf"


def test_somebody_elses_files_stay(node: Node) -> None:
    node.put("00-multus.conf", BRIDGE)
    node.put("01-multus.conf", multus())
    node.kubeconfig.parent.mkdir()
    (node.kubeconfig.parent / "other").touch()
    assert remove(node) == []
    assert node.names() == ["00-multus.conf", "01-multus.conf"]


def test_a_kubeconfig_of_somebody_else_stays(node: Node) -> None:
    node.put("10-a.conf", BRIDGE)
    node.reconcile()
    assert remove(node, skip_kubeconfig=True) == ["00-multus.conf"]
    assert node.kubeconfig.exists()


def test_broken_and_unfinished_files_and_ciliums_copies_of_ours_go(node: Node) -> None:
    node.put("00-multus.conf", "")
    node.put("00-multus.conflist.cilium_bak", multus())
    node.put(".00-multus.conf.1.tmp", "{")
    node.put("05-cilium.conflist.cilium_bak", BRIDGE)
    remove(node)
    assert node.names() == ["05-cilium.conflist.cilium_bak"]


def test_without_the_directory_it_is_an_error(node: Node) -> None:
    with pytest.raises(HostConfigError, match="cannot remove /nowhere: No such file or directory"):
        remove(node, cni_conf_dir=Path("/nowhere"))


def test_a_directory_in_the_place_of_a_file_is_an_error(node: Node) -> None:
    node.kubeconfig.mkdir(parents=True)
    with pytest.raises(HostConfigError, match=r"cannot remove .*multus\.kubeconfig"):
        remove(node)
    with placing.locked(node.directory, node.clock):
        pass
