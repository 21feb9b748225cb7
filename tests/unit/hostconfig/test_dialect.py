"""What our schemas mean beyond the standard: Go's keys, keys that nobody knows, one of several keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from multus_py.hostconfig import validation
from multus_py.hostconfig.validation import Kind, Problem

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONValue

UNKNOWN: dict[str, tuple[str, JSONValue, list[tuple[tuple[str | int, ...], str]]]] = {
    "any case is known": ("plugin-macvlan", {"type": "macvlan", "MASTER": "eth1"}, []),
    "keys of every plugin are known": ("plugin-macvlan", {"type": "macvlan", "dns": {}, "args": {}}, []),
    "one that resembles another": ("plugin-macvlan", {"type": "macvlan", "mastr": ""}, [(("mastr",), "master")]),
    "not one that is there": ("plugin-macvlan", {"type": "macvlan", "mastr": "", "Master": ""}, [(("mastr",), "")]),
    "one that resembles none": ("plugin-macvlan", {"type": "macvlan", "colour": "red"}, [(("colour",), "")]),
    "inside": (
        "ipam-host-local",
        {"ranges": [[{"subnet": "192.0.2.0/24", "rangestrat": ""}]]},
        [(("ranges", 0, 0, "rangestrat"), "rangeStart")],
    ),
    "exact case in a list": (
        "cni-list",
        {"name": "n", "Plugins": [], "plugins": [{"type": "a"}]},
        [(("Plugins",), "")],
    ),
    "those of one branch": ("multus-conf", {"clusterNetwork": "a", "delegates": 5}, []),
}


@pytest.mark.parametrize(("schema", "document", "expected"), UNKNOWN.values(), ids=list(UNKNOWN))
def test_keys_that_nobody_knows_are_found(
    schema: str, document: JSONValue, expected: list[tuple[tuple[str | int, ...], str]]
) -> None:
    found = [problem for problem in validation.check(document, schema) if problem.kind is Kind.UNKNOWN]
    assert [(problem.path, problem.meant) for problem in found] == expected


def test_unknown_keys_are_no_problems_of_a_configuration() -> None:
    assert validation.problems({"colour": "red"}, "daemon-config") == ()


def test_one_of_several_keys_may_be_asked_for() -> None:
    assert validation.check({"type": "host-local"}, "ipam-host-local") == (
        Problem(path=(), kind=Kind.MISSING, text="one of the keys subnet, ranges is missing"),
    )
    assert not validation.check({"Subnet": "192.0.2.0/24"}, "ipam-host-local")


def test_a_wrong_kind_is_said_once() -> None:
    (problem,) = validation.check({"type": "macvlan", "mode": 5}, "plugin-macvlan")
    assert str(problem) == "mode: expected a string, found 5"


EMPTY = {
    "an address": ("ipam-host-local", {"subnet": "192.0.2.0/24", "gateway": ""}),
    "a MAC address": ("plugin-macvlan", {"type": "macvlan", "mac": ""}),
    "an interface": ("plugin-macvlan", {"type": "macvlan", "master": ""}),
}


@pytest.mark.parametrize(("schema", "document"), EMPTY.values(), ids=list(EMPTY))
def test_what_go_takes_as_not_set_is_not_judged(schema: str, document: JSONValue) -> None:
    assert not validation.check(document, schema)
