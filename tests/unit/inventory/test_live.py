"""Records compared with the kernel: each difference is found by its id, and nothing else is."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from multus_py.findings.finding import Finding
from multus_py.inventory.live import RULES, compared
from multus_py.inventory.machine import OWN
from tests.unit.inventory.nodes import ID, OTHER, NodeWorld

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONValue


def findings(given: NodeWorld) -> list[Finding]:
    return [finding for each in compared(given.node(), given.containers()) for finding in each.findings]


def found(given: NodeWorld) -> list[str]:
    return [finding.id for finding in findings(given)]


def test_nothing_is_found_where_all_is_as_the_plugins_left_it(given: NodeWorld) -> None:
    given.start()
    assert found(given) == []


def change(given: NodeWorld, **changes: object) -> None:
    given.machine.namespaces[given.sandbox] = [given.interface(**changes)]


def with_mtu(given: NodeWorld) -> None:
    """Let the result have an MTU, which it can from CNI 1.1.0 on."""
    (path,) = given.results()
    document = json.loads(path.read_text())
    document["result"] |= {"cniVersion": "1.1.0"}
    document["result"]["interfaces"][1]["mtu"] = 9000
    path.write_text(json.dumps(document))


FAULTS: dict[str, Callable[[NodeWorld], object]] = {
    "attachment-incomplete": lambda given: given.results()[0].unlink(),
    "sandbox-gone": lambda given: given.machine.namespaces.pop(given.sandbox),
    "interface-missing": lambda given: given.machine.namespaces[given.sandbox].clear(),
    "interface-down": lambda given: change(given, up=False),
    "mac-differs": lambda given: change(given, mac="02:00:00:00:00:99"),
    "mtu-differs": with_mtu,
    "address-missing": lambda given: change(given, addresses=("192.0.2.8/24",)),
    "route-missing": lambda given: given.machine.routing.clear(),
    "host-interface-missing": lambda given: given.machine.namespaces[OWN].clear(),
}


@pytest.mark.parametrize("id", FAULTS)
def test_a_difference_is_found_by_its_id_and_nothing_else(given: NodeWorld, id: str) -> None:
    given.start()
    FAULTS[id](given)
    assert found(given) == [id]


def test_a_go_record_without_results_cannot_be_compared(given: NodeWorld) -> None:
    given.start()
    given.as_go_writes()
    path = given.results()[0]
    document = json.loads(path.read_text()) | {"netns": "", "result": {"cniVersion": "0.4.0"}}
    path.write_text(json.dumps(document))
    assert found(given) == ["sandbox-unknown"]


def test_a_pod_and_what_is_left_of_its_last_sandbox_are_two(given: NodeWorld) -> None:
    """After a reboot the pod of a StatefulSet is back under its name, and the DEL of its old sandbox is yet to come."""
    given.start(ID)
    given.start(OTHER)
    for path in (given.record(), *(path for path in given.results() if ID in path.name)):
        path.write_text(path.read_text().replace(given.sandbox, "/run/netns/gone"))
    old, new = compared(given.node(), given.containers())
    assert (old.subject, new.subject) == ("demo/web", "demo/web")
    assert [finding.id for finding in old.findings] == ["sandbox-gone"]
    assert new.findings == ()


def test_of_a_chain_the_last_plugin_that_sets_an_mtu_counts(given: NodeWorld) -> None:
    plugins: list[JSONValue] = [{"type": "bridge", "mtu": 9000}, {"type": "tuning", "mtu": 1400}, {"type": "portmap"}]
    given.plugin("tuning")
    given.plugin("portmap")
    given.world.keys["delegates"] = [{"cniVersion": "1.0.0", "name": "cluster", "plugins": plugins}]
    given.start()
    assert found(given) == []
    change(given, mtu=9000)
    assert found(given) == ["mtu-differs"]


def test_every_id_is_explained() -> None:
    assert {rule.id for rule in RULES} == {*FAULTS, "sandbox-unknown"}


def test_a_finding_says_whose_it_is_and_what_to_do(given: NodeWorld) -> None:
    given.start()
    change(given, addresses=())
    (finding,) = findings(given)
    assert finding.subject == "demo/web eth0 (cluster)"
    assert finding.problem == "expected address 192.0.2.7/24, found none"
    assert "restart the pod" in finding.remedy
