"""Connections, TCP and local ones, whose every operation ends at a deadline. Nothing of TLS or HTTP here.

Straight on `_socket`: `socket` costs 8 ms, for `selectors` and `enum`. Failures are OSErrors, TimeoutError among them.
"""

from __future__ import annotations

import _socket
import sys

from multus_py.base.clock import Deadline

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

    from multus_py.base.clock import Clock

    _Address: TypeAlias = tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]

_FULL_PAUSE = 0.005
_OPTIONS = (
    (_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1),
    (_socket.SOL_SOCKET, _socket.SO_KEEPALIVE, 1),
    (_socket.IPPROTO_TCP, _socket.TCP_KEEPIDLE, 15),
    (_socket.IPPROTO_TCP, _socket.TCP_KEEPINTVL, 5),
    (_socket.IPPROTO_TCP, _socket.TCP_KEEPCNT, 3),
)
"""A server that has vanished without a word is noticed after half a minute, also by who only listens: a watch that
nobody will ever tell anything would be believed meanwhile. client-go takes 45 s for the same (HTTP/2 pings)."""
_CREDENTIALS_SIZE, _USER = 12, slice(4, 8)  # struct ucred: process, user, group (unix(7))


class Socket(_socket.socket):
    """A socket that can be referenced weakly, as the TLS library wants; `_socket`'s own cannot."""


def limit(socket: _socket.socket, deadline: Deadline) -> None:
    """Let the next operation take no longer than to the deadline. Raises TimeoutError when that is now."""
    left = deadline.remaining()
    if left is not None and left <= 0:  # settimeout(0) would mean: do not block
        raise TimeoutError("timed out")
    socket.settimeout(left)


class Plain:
    """A connection without TLS, as a stream of bytes."""

    def __init__(self, socket: Socket) -> None:
        """Talk over a connected socket, which is ours from now on."""
        self._socket = socket

    def send(self, data: bytes, deadline: Deadline) -> None:
        """Write all of it. Raises OSError."""
        view = memoryview(data)
        while view:
            limit(self._socket, deadline)
            view = view[self._socket.send(view) :]

    def receive(self, size: int, deadline: Deadline) -> bytes:
        """Return what has come, at most `size` bytes, nothing at the end of the stream. Raises OSError."""
        limit(self._socket, deadline)
        return self._socket.recv(size)

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()


def connect(host: str, port: int, *, clock: Clock, deadline: Deadline) -> Socket:
    """Connect to the first of a host's addresses that answers.

    A name is resolved by the C library, whose own time-out counts, not the deadline; most kubeconfigs have addresses.

    Raises:
        OSError: None did: the last one's failure.
    """
    # As bytes: a text goes through the IDNA codec, which imports re and enum (8 ms). Hosts are ASCII anyway.
    found = _socket.getaddrinfo(host.encode(), port, 0, _socket.SOCK_STREAM)
    failure: OSError = ConnectionError("the host has no address")
    for index, (family, kind, protocol, _, address) in enumerate(found):
        left = deadline.remaining()
        share = Deadline(clock, left / (len(found) - index)) if left else deadline  # 0 would mean: no limit
        try:
            return _connect(Socket(family, kind, protocol), address, share)
        except OSError as error:
            failure = error
    raise failure


def connect_local(path: str, deadline: Deadline) -> Socket:
    """Connect to a socket in the file system; wait while it has no room for one more. Raises OSError."""
    socket = Socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    try:
        while True:
            limit(socket, deadline)
            try:
                socket.connect(path)
                return socket
            except BlockingIOError:  # with a deadline the kernel does not wait by itself
                deadline.sleep(_FULL_PAUSE)
    except BaseException:
        socket.close()
        raise


def peer_user(socket: _socket.socket) -> int:
    """Return the user that made the other end of a local connection. Raises OSError."""
    credentials = socket.getsockopt(_socket.SOL_SOCKET, _socket.SO_PEERCRED, _CREDENTIALS_SIZE)
    return int.from_bytes(credentials[_USER], sys.byteorder)


def _connect(socket: Socket, address: _Address, deadline: Deadline) -> Socket:
    try:
        limit(socket, deadline)
        socket.connect(address)
        for option in _OPTIONS:
            socket.setsockopt(*option)
    except BaseException:
        socket.close()
        raise
    return socket
