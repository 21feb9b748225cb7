"""Changing default routes, where the kernel does what it rarely does; tests/integration has the rest."""

from __future__ import annotations

import contextlib
import errno
from typing import TYPE_CHECKING

import pytest

from multus_py.node import defaultroute, errors, netlink, netns, routes
from tests.fakes.netlink import FakeSocket, refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

OWN = "/proc/thread-self/ns/net"
NAMES = {2: "eth0", 3: "net1"}
DELETE, NEW = defaultroute.DELETE_ROUTE, defaultroute.NEW_ROUTE
ROUTE = defaultroute.through("192.0.2.1", 2)


OK: list[netlink.Message] = []


@contextlib.contextmanager
def _change(*answers: list[netlink.Message], kinds: list[int]) -> Iterator[routes._Change]:
    """Give a change of routes that talks to a kernel with these answers, and check what it asked for."""
    socket = FakeSocket(*answers)
    with netns.Namespace(OWN) as own:
        yield routes._Change(own, socket, NAMES)
    assert socket.requests() == kinds
    socket.close()


def test_a_route_that_has_gone_by_itself_counts_as_removed() -> None:
    with _change([refusal(errno.ESRCH)], kinds=[DELETE]) as change:
        change.remove(ROUTE, kept=3)
        assert change.removed == [("eth0", 4)]


def test_any_other_refusal_to_remove_one_is_an_error_that_names_it() -> None:
    with _change([refusal(errno.EPERM)], kinds=[DELETE]) as change:
        message = "^IPv4 default route via 192.0.2.1 dev eth0 cannot be removed: operation not permitted$"
        with pytest.raises(errors.NodeError, match=message):
            change.remove(ROUTE, kept=3)
        assert not change.undo()


def test_a_route_of_the_interface_that_keeps_its_own_is_not_touched() -> None:
    with _change(kinds=[]) as change:
        change.remove(ROUTE, kept=2)
        assert change.removed == []


def test_everything_that_cannot_be_undone_is_named() -> None:
    refused = [refusal(errno.ENETUNREACH, "Nexthop has invalid gateway.")]
    with _change(OK, OK, refused, refused, kinds=[DELETE, NEW, DELETE, NEW]) as change:
        change.remove(ROUTE, kept=3)
        change.add("2001:db8::1", 3)
        reason = "Nexthop has invalid gateway (network is unreachable)"
        assert change.undo() == (
            f"IPv6 default route via 2001:db8::1 dev net1 cannot be removed again: {reason}, "
            f"IPv4 default route via 192.0.2.1 dev eth0 cannot be put back: {reason}"
        )
