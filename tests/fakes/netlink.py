"""A netlink socket whose kernel is written down: what is tested includes the framing, and nothing is changed."""

from __future__ import annotations

import socket
import struct

from multus_py.node import netlink
from multus_py.node.netlink import Message

ERROR, DONE = 2, 3
CAPPED, EXPLAINED = 0x100, 0x200
OK = Message(kind=ERROR, payload=bytes(20), flags=CAPPED)


def refusal(number: int, words: str = "") -> Message:
    """Return an acknowledgement that is an error, with the kernel's explanation."""
    said = netlink.attribute(1, words.encode() + b"\0") if words else b""
    header = netlink.encode(Message(kind=0, payload=b""))
    return Message(kind=ERROR, payload=struct.pack("=i", -number) + header + said, flags=CAPPED | EXPLAINED)


class FakeSocket(netlink.Socket):
    """Takes a list of answers for each request that will come. A request too many gets none, which is an error."""

    def __init__(self, *answers: list[Message]) -> None:
        super().__init__()
        self.__exit__()
        self._socket, self._kernel = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.settimeout(0.05)
        self._kernel.settimeout(0)
        for sequence, messages in enumerate(answers, 1):
            for message in messages:
                self._kernel.send(netlink.encode(message.replace(sequence=message.sequence or sequence)))
            if not messages:
                self._kernel.send(netlink.encode(OK.replace(sequence=sequence)))

    def requests(self) -> list[int]:
        """Return the kinds of the requests that have come since the last time."""
        kinds: list[int] = []
        while True:
            try:
                data = self._kernel.recv(1 << 16)
            except BlockingIOError:
                return kinds
            kinds += [message.kind for message in netlink.decode(data)]

    def close(self) -> None:
        """Close both ends."""
        self._kernel.close()
        self._socket.close()
