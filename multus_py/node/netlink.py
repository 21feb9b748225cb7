"""Netlink: messages to the kernel's network configuration, and its answers, as bytes.

This knows the framing (rfc 3549, linux/netlink.h), attributes, and links; routes are in `routes`. `pyroute2` does all
of it and much more, but takes 178 ms to import, and a CNI call has 10 in all. The unit tests hold the two against each
other.
"""

from __future__ import annotations

import _socket
import _struct
import errno

from multus_py.base import value
from multus_py.node import errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

REQUEST, ACK, DUMP = 0x001, 0x004, 0x300
EXCLUSIVE, CREATE, APPEND = 0x200, 0x400, 0x800
NEW_LINK, GET_LINK = 16, 18
LINK_NAME, LINK_NSID = 3, 46
"""Attributes of a link: its name; the namespace in which to look for it (Linux 4.15)."""

_ERROR, _DONE = 2, 3
_MULTI, _INTERRUPTED, _CAPPED, _EXPLAINED = 0x02, 0x10, 0x100, 0x200
_EXPLANATION = 1
_HEADER, _ATTRIBUTE, _LINK = _struct.Struct("=IHHII"), _struct.Struct("=HH"), _struct.Struct("=BxHiII")
INTEGER = _struct.Struct("=i")  # netlink is in the machine's own byte order
_KIND_MASK = 0x3FFF  # the two upper bits say how an attribute is coded
_SOL_NETLINK, _CAP_ACK, _EXT_ACK = 270, 10, 11
_BUFFER = 1 << 16
_TIMEOUT = 5.0  # the kernel answers at once; this only ends a wait that would never end
_DUMP_TRIES = 5
# Numbers and addresses of another size; an error that no system has a name for.
_MISREAD = (_struct.error, ValueError, OverflowError)  # type: ignore[attr-defined]

Attributes = dict[int, bytes]


class Message(value.Value):
    """One message: what it is, and its content without the header."""

    kind: int
    payload: bytes
    flags: int = 0
    sequence: int = 0


class Link(value.Value):
    """A network interface."""

    index: int
    name: str
    nsid: int | None = None
    """The namespace that the kernel looked in, when it was asked to look in another one."""


def attribute(kind: int, data: bytes) -> bytes:
    """Write one attribute, padded to a multiple of four bytes."""
    return _ATTRIBUTE.pack(4 + len(data), kind) + data + bytes(-len(data) % 4)


def attributes(data: bytes, offset: int = 0) -> Attributes:
    """Read attributes up to the end. Of several of one kind the last one counts; a torn one ends them."""
    found = {}
    while offset + _ATTRIBUTE.size <= len(data):
        size, kind = _ATTRIBUTE.unpack_from(data, offset)
        if size < _ATTRIBUTE.size or offset + size > len(data):
            break
        found[kind & _KIND_MASK] = data[offset + _ATTRIBUTE.size : offset + size]
        offset += -(-size // 4) * 4
    return found


def encode(message: Message) -> bytes:
    """Write a message with its header."""
    size = _HEADER.size + len(message.payload)
    return _HEADER.pack(size, message.kind, message.flags, message.sequence, 0) + message.payload


def decode(data: bytes) -> Iterator[Message]:
    """Read the messages of one datagram.

    Raises:
        NodeError: When it is cut short.
    """
    offset = 0
    while offset < len(data):
        size = _HEADER.unpack_from(data, offset)[0] if offset + _HEADER.size <= len(data) else 0
        if not _HEADER.size <= size <= len(data) - offset:
            raise errors.NodeError("netlink: the kernel's answer is cut short")
        _, kind, flags, sequence, _ = _HEADER.unpack_from(data, offset)
        payload = data[offset + _HEADER.size : offset + size]
        yield Message(kind=kind, flags=flags, sequence=sequence, payload=payload)
        offset += -(-size // 4) * 4


def outcome(message: Message) -> errors.KernelError | None:
    """Return the error that the last message of an answer reports, with its explanation; None when all is well."""
    number = INTEGER.unpack_from(message.payload)[0] if message.payload else 0
    if not number:
        return None
    offset = INTEGER.size
    if message.kind == _ERROR:  # followed by the request, or only by its header; at the end of a dump by neither
        size = _HEADER.unpack_from(message.payload, offset)[0]
        offset += _HEADER.size if message.flags & _CAPPED else -(-size // 4) * 4
    said = attributes(message.payload, offset) if message.flags & _EXPLAINED else {}
    return errors.KernelError(-number, _text(said.get(_EXPLANATION, b"")))


class Socket:
    """A conversation with the kernel about the network namespace in which it was opened.

    As a context it also sees to it that an answer that is not as the kernel writes them, too short for one, is a
    NodeError, wherever in the context it is read.
    """

    def __init__(self) -> None:
        """Open it in the namespace of the calling thread. Raises NodeError."""
        self._sequence = 0
        try:
            self._socket = _socket.socket(_socket.AF_NETLINK, _socket.SOCK_RAW, _socket.NETLINK_ROUTE)
            self._socket.settimeout(_TIMEOUT)
            self._socket.bind((0, 0))
        except OSError as error:
            raise errors.NodeError(f"netlink: {error}") from error
        for option in (_CAP_ACK, _EXT_ACK):
            try:
                self._socket.setsockopt(_SOL_NETLINK, option, 1)
            except OSError:  # Linux before 4.12: errors come without an explanation
                pass

    def __enter__(self) -> Self:
        """Do nothing: it is open."""
        return self

    def __exit__(self, _kind: object = None, error: BaseException | None = None, _trace: object = None) -> None:
        """Close it."""
        self._socket.close()
        if isinstance(error, _MISREAD):
            raise errors.NodeError(f"netlink: the kernel's answer is not understood: {error}") from error

    def request(self, kind: int, payload: bytes, flags: int = 0) -> tuple[Message, ...]:
        """Ask for one thing, or for one change, and return what the kernel says.

        Raises:
            KernelError: It refuses.
            NodeError: It does not answer.
        """
        return self._exchange(kind, payload, REQUEST | ACK | flags)

    def dump(self, kind: int, payload: bytes) -> tuple[Message, ...]:
        """Ask for everything of a kind. Raises NodeError, KernelError among them.

        A list during which something changed may lack an entry; the kernel says so, and is asked again.
        """
        for _ in range(_DUMP_TRIES):
            found = self._exchange(kind, payload, REQUEST | DUMP)
            if not any(message.flags & _INTERRUPTED for message in found):
                return found
        raise errors.NodeError("netlink: the network changes faster than it can be listed")

    def link(self, name: str, *, nsid: int | None = None) -> Link:
        """Look an interface up, if wanted in another namespace, which the kernel knows by a number.

        Raises:
            KernelError: There is none (ENODEV).
            NodeError: The kernel does not answer as expected.
        """
        wanted = attribute(LINK_NAME, name.encode(errors="replace") + b"\0")
        if nsid is not None:
            wanted += attribute(LINK_NSID, INTEGER.pack(nsid))
        for message in self.request(GET_LINK, _LINK.pack(0, 0, 0, 0, 0) + wanted):
            if message.kind == NEW_LINK:
                return link_of(message)
        raise errors.KernelError(errno.ENODEV)

    def links(self) -> tuple[Link, ...]:
        """Return all interfaces. Raises NodeError."""
        return tuple(link_of(message) for message in self.dump(GET_LINK, _LINK.pack(0, 0, 0, 0, 0)))

    def _exchange(self, kind: int, payload: bytes, flags: int) -> tuple[Message, ...]:
        self._sequence += 1
        message = Message(kind=kind, payload=payload, flags=flags, sequence=self._sequence)
        try:
            self._socket.send(encode(message))
            return tuple(self._answers())
        except OSError as error:
            raise errors.NodeError(f"netlink: {error}") from error

    def _answers(self) -> Iterator[Message]:
        """Yield the answers to the last request, up to the message that ends them."""
        while True:
            for message in decode(self._socket.recv(_BUFFER)):
                if message.sequence != self._sequence:
                    continue  # the rest of an answer that nobody waited for
                if message.kind in {_ERROR, _DONE}:
                    problem = outcome(message)
                    if problem:
                        raise problem
                    return
                yield message


def link_of(message: Message) -> Link:
    """Read a message about a link."""
    found = attributes(message.payload, _LINK.size)
    nsid = found.get(LINK_NSID)
    return Link(
        index=_LINK.unpack_from(message.payload)[2],
        name=_text(found.get(LINK_NAME, b"")),
        nsid=None if nsid is None else INTEGER.unpack(nsid)[0],
    )


def _text(data: bytes) -> str:
    return data.rstrip(b"\0").decode(errors="replace")
