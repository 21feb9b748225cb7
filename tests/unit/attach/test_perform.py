"""Performing a plan. The whole of it is in test_add.py and test_delete.py; here is what does not show there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from multus_py.attach import perform
from multus_py.attach.attachment import Attached, Attachment, Plan
from multus_py.cni import errors
from multus_py.cni.errors import CNIError
from multus_py.cni.result import Result
from multus_py.node import errors as node_errors
from tests.fakes.node import FakeNode
from tests.unit.attach.world import NETNS, World, network

if TYPE_CHECKING:
    from collections.abc import Iterable

CLUSTER = Attachment(name="cluster", network=network({"name": "cluster", "type": "bridge"}), ifname="eth0", netns=NETNS)

COMBINED = {
    "one": ([CNIError(11, "a", "b")], 11, "errors: a; b"),
    "several of one code": ([CNIError(11, "a"), CNIError(11, "b")], 11, "errors: a / b"),
    "several of several codes": ([CNIError(11, "a"), CNIError(7, "b")], errors.INTERNAL, "errors: a / b"),
}


@pytest.mark.parametrize(("failures", "code", "message"), COMBINED.values(), ids=list(COMBINED))
def test_failures_become_one_error(failures: list[CNIError], code: int, message: str) -> None:
    found = perform.combined(failures)
    assert (found.code, found.msg) == (code, message)


def test_interfaces_are_looked_for_where_the_call_says(world: World) -> None:
    perform.check_interfaces(world.work(), Plan(attachments=(CLUSTER,)))
    assert world.node.calls == [("first_interface", NETNS, "eth0")]


def test_a_namespace_that_cannot_be_looked_into_is_an_error(world: World) -> None:
    class Broken(FakeNode):
        def first_interface(self, namespace: str, ifnames: Iterable[str]) -> str:
            raise node_errors.NodeError("operation not permitted")

    world.node = Broken(NETNS)
    with pytest.raises(CNIError, match="operation not permitted") as caught:
        perform.check_interfaces(world.work(), Plan(attachments=(CLUSTER,)))
    assert caught.value.code == errors.INVALID_NETNS


@pytest.mark.parametrize("parallel", [False, True])
def test_what_is_undone_is_what_was_made_and_what_was_begun(world: World, *, parallel: bool) -> None:
    world.keys["parallelAttachments"] = parallel
    plan = Plan(attachments=tuple(CLUSTER.replace(ifname=f"net{index}") for index in range(4)))
    made = [Attached(attachment=plan.attachments[0], result=Result())]
    world.state.mkdir()
    perform.undo(world.work(), plan, made)
    begun = 4 if parallel else 2
    assert world.run.names() == [f"DEL bridge net{index}" for index in reversed(range(begun))]


def test_what_belongs_to_another_container_is_taken_back_where_it_was(world: World) -> None:
    world.run.answer("bridge", "DEL", CNIError(5, "busy"))
    [failure] = perform.detach_all(
        world.work("GC"), [CLUSTER.replace(netns="/recorded")], container_id="c9", netns=None
    )
    call = world.run.one("DEL bridge eth0")
    assert (call.variables["CONTAINERID"], call.variables["NETNS"]) == ("c9", "/recorded")
    assert failure.error.msg == "[container c9:cluster]: eth0: busy"
    assert not failure.leaves_something
