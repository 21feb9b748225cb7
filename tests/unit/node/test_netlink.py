"""The netlink codec, held against pyroute2 and against bytes that a kernel sent."""

from __future__ import annotations

import errno
import resource
import socket as sockets
import struct
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroute2.netlink.rtnl.ifinfmsg import ifinfmsg

from multus_py.node import errors, netlink
from multus_py.node.netlink import Message
from tests.fakes.netlink import CAPPED, DONE, ERROR, EXPLAINED, OK, FakeSocket

needs_little_endian = pytest.mark.skipif(sys.byteorder != "little", reason="the recorded bytes are little-endian")

ATTRIBUTES = st.dictionaries(st.integers(0, 0x3FFF), st.binary(max_size=70), max_size=5)
MESSAGES = st.builds(
    Message,
    kind=st.integers(0, 0xFFFF),
    flags=st.integers(0, 0xFFFF),
    sequence=st.integers(0, 0xFFFFFFFF),
    payload=st.binary(max_size=60),
)


@given(ATTRIBUTES)
def test_attributes_survive_being_written_and_read(found: netlink.Attributes) -> None:
    written = b"".join(netlink.attribute(kind, data) for kind, data in found.items())
    assert len(written) % 4 == 0
    assert netlink.attributes(b"head" + written, 4) == found


@given(st.binary())
def test_any_bytes_are_read_as_attributes(data: bytes) -> None:
    netlink.attributes(data)


def test_the_coding_bits_of_a_kind_do_not_count() -> None:
    assert netlink.attributes(struct.pack("=HHI", 8, 0x8000 | 3, 7)) == {3: struct.pack("=I", 7)}


@pytest.mark.parametrize(
    "data",
    [b"", b"\x08\0", b"\x08\0\x01\0\0", struct.pack("=HH", 0, 1), struct.pack("=HH", 3, 1)],
    ids=["nothing", "half a header", "half a value", "no size", "a size without its header"],
)
def test_torn_attributes_end_the_reading(data: bytes) -> None:
    good = netlink.attribute(2, b"good")
    assert netlink.attributes(good + data) == {2: b"good"}


@given(st.lists(MESSAGES))
def test_messages_survive_being_written_and_read(messages: list[Message]) -> None:
    encoded = [netlink.encode(message) for message in messages]
    assert tuple(netlink.decode(b"".join(data + bytes(-len(data) % 4) for data in encoded))) == tuple(messages)


@pytest.mark.parametrize(
    "data",
    [b"\x10", struct.pack("=IHHII", 15, 1, 0, 0, 0), struct.pack("=IHHII", 17, 1, 0, 0, 0)],
    ids=["half a header", "a size less than a header", "half a payload"],
)
def test_a_message_that_is_cut_short_is_an_error(data: bytes) -> None:
    with pytest.raises(errors.NodeError, match="cut short"):
        tuple(netlink.decode(data))


def _link_message(*attributes: tuple[str, object], index: int = 0) -> bytes:
    message = ifinfmsg()
    message["index"] = index
    message["attrs"] = list(attributes)
    message["header"]["type"] = netlink.NEW_LINK
    message.encode()
    return bytes(message.data)


@pytest.mark.parametrize("name", ["lo", "eth0", "abcdefghijklmno"])
def test_a_link_is_read_as_pyroute2_writes_it(name: str) -> None:
    [message] = netlink.decode(_link_message(("IFLA_IFNAME", name), ("IFLA_MTU", 1500), index=7))
    assert netlink.link_of(message) == netlink.Link(index=7, name=name)


def test_a_link_of_another_namespace_says_which() -> None:
    [message] = netlink.decode(_link_message(("IFLA_IFNAME", "eth0"), ("IFLA_IF_NETNSID", 3), index=2))
    assert netlink.link_of(message) == netlink.Link(index=2, name="eth0", nsid=3)


def _ending(kind: int, number: int, rest: bytes = b"", *, flags: int = 0) -> Message:
    return Message(kind=kind, flags=flags, payload=struct.pack("=i", number) + rest)


REQUEST = netlink.encode(Message(kind=24, payload=b"123456"))
TEXT = netlink.attribute(1, b"Nexthop has invalid gateway.\0")
OFFSET = netlink.attribute(2, struct.pack("=I", 28))

ENDINGS = {
    "all is well": (_ending(ERROR, 0, REQUEST), None),
    "the end of a dump": (_ending(DONE, 0), None),
    "the end of a dump, without a word": (Message(kind=DONE, payload=b""), None),
    "an error": (_ending(ERROR, -errno.ENODEV, REQUEST), "no such device"),
    "an error with the header only": (_ending(ERROR, -errno.ENODEV, REQUEST[:16], flags=CAPPED), "no such device"),
    "an explanation after the header": (
        _ending(ERROR, -errno.ENETUNREACH, REQUEST[:16] + TEXT, flags=CAPPED | EXPLAINED),
        "Nexthop has invalid gateway (network is unreachable)",
    ),
    "an explanation after the whole request": (
        _ending(ERROR, -errno.EINVAL, REQUEST + b"\0\0" + OFFSET + TEXT, flags=EXPLAINED),
        "Nexthop has invalid gateway (invalid argument)",
    ),
    "no text in the explanation": (
        _ending(ERROR, -errno.EINVAL, REQUEST[:16] + OFFSET, flags=CAPPED | EXPLAINED),
        "invalid argument",
    ),
    "a dump that fails": (
        _ending(DONE, -errno.EINVAL, TEXT, flags=EXPLAINED),
        "Nexthop has invalid gateway (invalid argument)",
    ),
}


@pytest.mark.parametrize(("message", "text"), ENDINGS.values(), ids=list(ENDINGS))
def test_an_ending_tells_the_error_and_the_kernels_words(message: Message, text: str | None) -> None:
    error = netlink.outcome(message)
    assert (error and str(error)) == text


# What Linux 6.18 sent: RTM_GETLINK for lo, shortened to its first attributes, and the acknowledgement.
LO = (
    "2c00000010000000010000000000000000000403010000004900010000000000"
    "070003006c6f0000"
    "0400000000000000"  # an attribute without a value, and padding
)


@needs_little_endian
def test_recorded_bytes_are_read() -> None:
    payload = bytes.fromhex(LO)[:40]
    [message] = netlink.decode(struct.pack("=I", len(payload)) + payload[4:])
    assert netlink.link_of(message) == netlink.Link(index=1, name="lo")


# A socket in this process' own namespace needs no privilege. What follows asks the real kernel, and changes nothing.


def test_the_loopback_interface_is_found() -> None:
    with netlink.Socket() as socket:
        assert socket.link("lo").name == "lo"
        assert socket.link("lo") in socket.links()
        assert sorted(link.name for link in socket.links()) == sorted(name for _, name in sockets.if_nameindex())


def test_an_interface_that_is_not_there_is_told_by_its_number() -> None:
    with netlink.Socket() as socket, pytest.raises(errors.KernelError, match="no such device") as caught:
        socket.link("mpy-none")
    assert caught.value.errno == errno.ENODEV


def test_a_request_without_an_answer_of_the_expected_kind_found_nothing() -> None:
    socket = FakeSocket([Message(kind=99, payload=b""), OK])
    with pytest.raises(errors.KernelError, match="no such device"):
        socket.link("lo")
    socket.close()


def test_a_socket_that_cannot_be_opened_is_an_error_of_this_layer() -> None:
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, limits[1]))
    try:
        with pytest.raises(errors.NodeError, match=r"netlink: .*Too many open files"):
            netlink.Socket()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def test_a_closed_socket_is_an_error_of_this_layer() -> None:
    with netlink.Socket() as socket:
        pass
    with pytest.raises(errors.NodeError, match=r"netlink: .*Bad file descriptor"):
        socket.links()


LINK = Message(kind=netlink.NEW_LINK, payload=struct.pack("=BxHiII", 0, 0, 5, 0, 0) + netlink.attribute(3, b"eth0\0"))
MULTI, INTERRUPTED = 2, 0x10
END = _ending(DONE, 0, flags=MULTI)


def test_an_answer_to_an_earlier_request_is_passed_over() -> None:
    stale = LINK.replace(sequence=77, payload=struct.pack("=BxHiII", 0, 0, 9, 0, 0))
    socket = FakeSocket([stale, LINK.replace(flags=MULTI), END])
    assert socket.links() == (netlink.Link(index=5, name="eth0"),)
    socket.close()


def test_a_list_that_changed_while_it_was_read_is_read_again() -> None:
    socket = FakeSocket([LINK.replace(flags=MULTI | INTERRUPTED), END], [LINK, LINK, END])
    assert len(socket.links()) == 2
    socket.close()


def test_a_list_that_changes_all_the_time_is_an_error() -> None:
    socket = FakeSocket(*([LINK.replace(flags=MULTI | INTERRUPTED), END] for _ in range(5)))
    with pytest.raises(errors.NodeError, match="changes faster than it can be listed"):
        socket.links()
    socket.close()


LINK_OF_ODD_SIZE = struct.pack("=BxHiII", 0, 0, 5, 0, 0) + netlink.attribute(netlink.LINK_NSID, b"12")
ODD = {
    "no header": Message(kind=netlink.NEW_LINK, payload=b""),
    "a number of another size": Message(kind=netlink.NEW_LINK, payload=LINK_OF_ODD_SIZE),
    "an error that no system knows": _ending(ERROR, -(1 << 31), bytes(16), flags=CAPPED),
}


@pytest.mark.parametrize("message", ODD.values(), ids=list(ODD))
def test_an_answer_as_no_kernel_writes_it_is_an_error_of_this_layer(message: Message) -> None:
    socket = FakeSocket([message, END])
    with pytest.raises(errors.NodeError, match="the kernel's answer is not understood"), socket:
        socket.links()
    socket.close()


def test_a_kernel_that_does_not_answer_is_an_error() -> None:
    socket = FakeSocket([LINK])
    with pytest.raises(errors.NodeError, match="netlink: timed out"):
        socket.links()
    socket.close()
