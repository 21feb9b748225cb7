"""Records compared with the kernel: each difference is found by its id, and nothing else is."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from multus_py.inventory.live import RULES, live
from multus_py.inventory.machine import OWN
from tests.unit.inventory.nodes import NodeWorld


def found(given: NodeWorld) -> list[str]:
    return [finding.id for finding in live(given.node(), given.containers())]


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


def test_every_id_is_explained() -> None:
    assert {rule.id for rule in RULES} == {*FAULTS, "sandbox-unknown"}


def test_a_finding_says_whose_it_is_and_what_to_do(given: NodeWorld) -> None:
    given.start()
    change(given, addresses=())
    (finding,) = live(given.node(), given.containers())
    assert finding.subject == "demo/web eth0 (cluster)"
    assert finding.problem == "expected address 192.0.2.7/24, found none"
    assert "restart the pod" in finding.remedy
