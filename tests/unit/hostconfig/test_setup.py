"""A node configured once: what is waited for, what is said, and when it is given up."""

from __future__ import annotations

import pytest

from multus_py.hostconfig import setup
from multus_py.hostconfig.errors import HostConfigError
from tests.fakes.clock import FakeClock
from tests.unit.hostconfig.node import BRIDGE, Node


class Installing(FakeClock):
    """A clock on which the primary network's installer is done after some seconds."""

    def __init__(self, node: Node, *, seconds: float) -> None:
        super().__init__()
        self._node = node
        self._at = self.monotonic() + seconds

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        if self.monotonic() >= self._at:
            self._node.put("10-a.conf", BRIDGE)


def configure(node: Node, clock: FakeClock, *, patience: float = 120) -> tuple[bool, list[str]]:
    said: list[str] = []
    complete = setup.configure(
        node.options, patience=patience, environment=node.environment, clock=clock, say=said.append
    )
    return complete, said


def test_a_node_with_a_primary_is_done_at_once(node: Node) -> None:
    node.put("10-a.conf", BRIDGE)
    complete, said = configure(node, node.clock)
    assert complete
    assert said == [
        f"kubeconfig-missing: {node.kubeconfig}: it was not there",
        f"config-missing: {node.path('00-multus.conf')}: it was not there",
    ]
    assert node.clock.sleeps == []


def test_a_primary_that_comes_late_is_waited_for_which_is_said_once(node: Node) -> None:
    complete, said = configure(node, Installing(node, seconds=30))
    assert complete
    assert said[1] == f"no configuration of a primary network in {node.directory}; waiting up to 120 seconds"
    assert len(said) == 3


def test_a_primary_that_never_comes_is_an_error(node: Node) -> None:
    """B39: the original ends with status 0."""
    with pytest.raises(HostConfigError, match=r"no configuration of a primary network in .*, after 120 seconds"):
        configure(node, node.clock)
    assert sum(node.clock.sleeps) == 120


def test_without_patience_the_rest_is_left_to_the_daemon(node: Node) -> None:
    complete, said = configure(node, node.clock, patience=0)
    assert not complete
    assert [text.partition(":")[0] for text in said] == ["kubeconfig-missing"]
    assert node.clock.sleeps == []


def test_what_is_odd_is_said(node: Node) -> None:
    path = node.put("05-x.json", "{}")
    node.put("10-a.conf", BRIDGE)
    _, said = configure(node, node.clock)
    assert f"warning: {path} is no CNI network, so it is passed over: name: is missing; plugins: is missing" in said
