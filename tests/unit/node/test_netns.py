"""Namespaces, as far as no privilege is needed; tests/integration has the rest."""

from __future__ import annotations

import contextlib
import errno
import struct
from typing import TYPE_CHECKING

import pytest

from multus_py.node import errors, netlink, netns
from multus_py.node.netlink import Message
from tests.fakes import netlink as fake

if TYPE_CHECKING:
    from collections.abc import Iterator

OWN = "/proc/thread-self/ns/net"


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/run/netns/mpy-none", r"^network namespace /run/netns/mpy-none does not exist \(any more\)$"),
        ("", r"^network namespace  does not exist"),
        ("/etc/hostname", "^/etc/hostname is not a network namespace$"),
        ("/proc/self/ns/mnt", "^/proc/self/ns/mnt is not a network namespace$"),
        ("/etc/hostname/x", "^network namespace /etc/hostname/x cannot be opened: .*Not a directory"),
        ("a\0b", "^network namespace a\0b cannot be opened: embedded null byte$"),
    ],
    ids=["nothing", "no path", "a file", "another kind of namespace", "below a file", "a NUL byte"],
)
def test_what_is_no_network_namespace_is_a_clear_error(path: str, message: str) -> None:
    with pytest.raises(errors.NodeError, match=message):
        netns.Namespace(path)
    assert not netns.is_namespace(path)


def test_our_own_namespace_is_one_and_the_same() -> None:
    assert netns.is_namespace(OWN)
    assert netns.same("/proc/self/ns/net")


GET, NEW, LINK = 90, 88, netlink.GET_LINK
OK: list[Message] = []


def _number(number: int) -> list[Message]:
    return [Message(kind=NEW, payload=bytes(4) + netlink.attribute(1, struct.pack("=i", number))), fake.OK]


@pytest.fixture(name="own")
def _own() -> Iterator[netns.Namespace]:
    with netns.Namespace(OWN) as own:
        yield own


@contextlib.contextmanager
def _asked(*answers: list[Message], kinds: list[int]) -> Iterator[fake.FakeSocket]:
    """Give a socket with these answers, and check that the requests were those expected."""
    socket = fake.FakeSocket(*answers)
    try:
        yield socket
        assert socket.requests() == kinds
    finally:
        socket.close()


def test_a_known_namespace_has_its_number(own: netns.Namespace) -> None:
    with _asked(_number(7), kinds=[GET]) as socket:
        assert netns._number(socket, own) == 7


def test_an_unknown_namespace_is_given_a_number(own: netns.Namespace) -> None:
    with _asked(_number(-1), OK, _number(8), kinds=[GET, NEW, GET]) as socket:
        assert netns._number(socket, own) == 8


def test_a_number_that_somebody_else_has_just_given_is_as_good(own: netns.Namespace) -> None:
    with _asked(_number(-1), [fake.refusal(errno.EEXIST)], _number(9), kinds=[GET, NEW, GET]) as socket:
        assert netns._number(socket, own) == 9


def test_a_refusal_to_give_a_number_is_handed_on(own: netns.Namespace) -> None:
    with _asked(_number(-1), [fake.refusal(errno.EPERM)], kinds=[GET, NEW]) as socket:
        with pytest.raises(errors.KernelError) as caught:
            netns._number(socket, own)
        assert caught.value.errno == errno.EPERM


def test_a_kernel_that_knows_no_numbers_counts_as_one_without_support(own: netns.Namespace) -> None:
    with _asked(OK, kinds=[GET]) as socket:
        with pytest.raises(errors.KernelError) as caught:
            netns._number(socket, own)
        assert caught.value.errno == errno.EOPNOTSUPP


def test_a_link_from_our_own_namespace_is_no_answer_about_another_one() -> None:
    """Kernels before 4.15 pass over what they do not know, and look in the wrong place."""
    found = Message(kind=netlink.NEW_LINK, payload=bytes(16) + netlink.attribute(3, b"eth0\0"))
    with _asked([found, fake.OK], kinds=[LINK]) as socket:
        with pytest.raises(errors.KernelError) as caught:
            netns._exists(socket, "eth0", nsid=7)
        assert caught.value.errno == errno.EOPNOTSUPP
