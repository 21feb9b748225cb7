"""A server on loopback that does to each connection what a test says. Threads, sockets, nothing faked."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from multus_py.base.clock import Deadline, SystemClock
from multus_py.cluster import sockets
from multus_py.cluster.sockets import Socket

CLOCK = SystemClock()


def soon(seconds: float = 5) -> Deadline:
    """Return a deadline by the machine's clock."""
    return Deadline(CLOCK, seconds)


class Loopback:
    """The server, while it runs."""

    def __init__(self, listener: socket.socket, talk: Callable[[socket.socket], object]) -> None:
        self.host, self.port = listener.getsockname()[:2]
        self._listener = listener
        self._talk = talk
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def connect(self) -> Socket:
        return sockets.connect(self.host, self.port, clock=CLOCK, deadline=soon())

    def stop(self) -> None:
        for opened in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                opened.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._open.append(connection.dup())
                thread = threading.Thread(target=self._serve, args=(connection, self._open[-1]), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _serve(self, connection: socket.socket, twin: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            self._talk(connection)
        twin.close()


@contextlib.contextmanager
def serving(talk: Callable[[socket.socket], object], *, host: str = "127.0.0.1") -> Iterator[Loopback]:
    """Serve until the end of the block. `talk` has each connection in a thread of its own; it is closed after that."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    server = Loopback(socket.create_server((host, 0), family=family), talk)
    try:
        yield server
    finally:
        server.stop()


@contextlib.contextmanager
def serving_at(path: Path, talk: Callable[[socket.socket], object]) -> Iterator[None]:
    """Serve at a path in the file system until the end of the block; the socket's file is left over."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()
    server = Loopback(listener, talk)
    try:
        yield
    finally:
        server.stop()


def over_tls(context: ssl.SSLContext, talk: Callable[[ssl.SSLSocket], None]) -> Callable[[socket.socket], object]:
    """Return a `talk` that does the server's side of a handshake first."""

    def handshake(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secure:
            talk(secure)

    return handshake


def read_head(connection: socket.socket) -> bytes:
    """Read a request up to the blank line, byte by byte."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        part = connection.recv(1)
        if not part:
            raise ConnectionResetError(head)
        head += part
    return head


def answering(*answers: bytes, heard: list[bytes]) -> Callable[[socket.socket], object]:
    """Return a `talk` that answers one request after the other, whatever they are, and notes their heads."""

    def talk(connection: socket.socket) -> None:
        for answer in answers:
            heard.append(read_head(connection))
            connection.sendall(answer)

    return talk


def relay(left: socket.socket, right: socket.socket) -> None:
    """Hand everything on between two connections until both have ended."""

    def pump(source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)

    backwards = threading.Thread(target=pump, args=(right, left), daemon=True)
    backwards.start()
    pump(left, right)
    backwards.join()
