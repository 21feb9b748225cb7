"""Which file is the primary network's, and which is not."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from multus_py.hostconfig import primary
from multus_py.hostconfig.errors import HostConfigError
from tests.unit.hostconfig.node import BRIDGE, Node, chain, multus

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONObject
    from multus_py.hostconfig.primary import Search


def find(node: Node, **options: object) -> Search:
    return primary.find(dataclasses.replace(node.options, **options))  # type: ignore[arg-type]  # the test's own words


def found(node: Node, **options: object) -> str:
    search = find(node, **options)
    assert search.primary, search.problem
    return search.primary.path.name


def test_the_first_by_name_is_the_primary_whatever_its_form(node: Node) -> None:
    node.put("30-c.conf", BRIDGE)
    node.put("20-b.conflist", chain("bridge"))
    assert found(node) == "20-b.conflist"
    node.put("10-a.json", BRIDGE)
    assert found(node) == "10-a.json"


def test_what_no_runtime_reads_is_no_candidate(node: Node) -> None:
    node.put("10-a.conf.bak", BRIDGE)
    node.put("calico-kubeconfig", "apiVersion: v1")
    node.path("05-directory.conf").mkdir()
    os.mkfifo(node.path("06-pipe.conf"))
    node.path("07-dangling.conf").symlink_to("nowhere")
    node.put("20-b.conf", BRIDGE)
    assert found(node) == "20-b.conf"


MULTUS: dict[str, JSONObject] = {
    "a single one": multus(),
    "the thick plugin's": multus(type="multus-shim"),
    "a list": chain("multus"),
    "second in a list": chain("tuning", "multus"),
    "wrapped": {"cniVersion": "1.0.0", "name": "w", "type": "other", "delegates": [multus()]},
    "wrapped in a list": chain("x", plugins=[{"type": "other", "delegates": [chain("multus-shim")]}]),
    "with keys in another case": {"name": "m", "Type": "multus", "Delegates": [BRIDGE]},
}


@pytest.mark.parametrize("content", MULTUS.values(), ids=list(MULTUS))
def test_multus_is_never_its_own_primary_whatever_its_file_is_called(node: Node, content: JSONObject) -> None:
    """B30: the original looks at the name only, and so wraps a renamed Multus configuration again and again."""
    node.put("00-a.conf", content)
    assert find(node).problem == f"no configuration of a primary network in {node.directory}"
    node.put("10-b.conf", BRIDGE)
    assert found(node) == "10-b.conf"


def test_naming_multus_as_the_primary_is_an_error(node: Node) -> None:
    """B30: the original accepts `multusMasterCNI: 00-multus.conf`."""
    node.put("00-multus.conf", multus())
    with pytest.raises(HostConfigError, match="is a Multus configuration: it cannot be its own primary network"):
        find(node, master_cni_file="00-multus.conf")


def test_the_named_file_is_the_primary_though_others_come_first(node: Node) -> None:
    node.put("10-a.conf", "{")
    node.put("20-b.conf", BRIDGE)
    assert found(node, master_cni_file="20-b.conf") == "20-b.conf"
    assert find(node, master_cni_file="30-c.conf").problem == f"no 30-c.conf in {node.directory}"


@pytest.mark.parametrize("content", ["", "{", '{"cniVersion": "0.4.0", "na', "\0\0\0\0"])
def test_nothing_is_chosen_beyond_a_file_that_may_be_half_written(node: Node, content: str) -> None:
    """B28: the original generates an empty configuration from such a file."""
    node.put("10-a.conf", content)
    node.put("20-b.conf", BRIDGE)
    search = find(node)
    assert search.primary is None
    assert search.problem.startswith(f"{node.path('10-a.conf')} is broken: ")


def test_a_broken_file_that_comes_later_is_nobodys_business(node: Node) -> None:
    node.put("10-a.conf", BRIDGE)
    node.put("20-b.conf", "{")
    assert found(node) == "10-a.conf"


NO_NETWORKS = {
    "no object": ("[]", "expected an object, found an array"),
    "no plugin": ('{"name": "x"}', "plugins: is missing"),
    "no name": ('{"type": "bridge"}', "name: is missing"),
    "no version": ('{"type": "bridge", "name": "x", "cniVersion": "one"}', "cniVersion: expected a CNI version"),
    "something quite different": ('{"apiVersion": "v1", "kind": "Config"}', "name: is missing; plugins: is missing"),
}


@pytest.mark.parametrize(("content", "reason"), NO_NETWORKS.values(), ids=list(NO_NETWORKS))
def test_complete_json_that_is_no_network_is_passed_over_with_a_warning(node: Node, content: str, reason: str) -> None:
    path = node.put("10-a.json", content)
    node.put("20-b.conf", BRIDGE)
    search = find(node)
    assert search.primary
    assert search.primary.name == "20-b.conf"
    [warning] = search.warnings
    assert warning.startswith(f"{path} is no CNI network, so it is passed over: {reason}")


def test_a_directory_of_the_networks_name_adds_its_plugins(node: Node) -> None:
    """The runtime would append them to the primary's (cni-behaviour 8.2), so Multus has to run them too."""
    node.put("10-a.conflist", chain("bridge"))
    node.path("cluster").mkdir()
    (node.path("cluster") / "tuning.conf").write_text('{"type": "tuning"}')
    search = find(node)
    assert search.primary
    assert search.primary.document == chain("bridge", "tuning", loadOnlyInlinedPlugins=True)
    (node.path("cluster") / "tuning.conf").write_text('{"type')
    assert "a plugin of its chain is broken" in find(node).problem
    node.put("10-a.conflist", chain("bridge", loadOnlyInlinedPlugins=True))
    assert find(node).problem == ""


def test_a_renamed_file_has_the_place_of_its_old_name(node: Node) -> None:
    """B38: for the original the primary is missing as soon as it has renamed it."""
    node.put("10-a.conf.old", BRIDGE)
    node.put("20-b.conf", BRIDGE)
    assert found(node, rename_conf_file=True) == "10-a.conf.old"
    assert found(node) == "20-b.conf"
    node.put("10-a.conf", BRIDGE)
    assert found(node, rename_conf_file=True) == "10-a.conf"


def test_a_directory_that_is_not_there_is_an_error_that_says_which_option_names_it(node: Node) -> None:
    with pytest.raises(
        HostConfigError, match=r"cannot list /nowhere: No such file or directory; .*--multus-autoconfig"
    ):
        find(node, autoconfig_dir=Path("/nowhere"))


def test_a_file_that_cannot_be_read_is_an_error(node: Node) -> None:
    with pytest.raises(HostConfigError, match=r"cannot read .*: Is a directory"):
        primary.read(node.directory)
