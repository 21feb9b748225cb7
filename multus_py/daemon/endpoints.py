"""GET over HTTP, for probes and Prometheus. What is answered is the business of others.

Everybody who reaches the node's address can connect, so nobody's connection may cost much: there are few at a time, the
oldest has to go when there is one more, and one on which nothing comes for some seconds is ended.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import BaseServer, TCPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

CONNECTIONS = 16
"""How many there are at a time."""
PATIENCE = 5.0
"""Seconds without a word from a client after which it is hung up on."""
_POLL = 0.1  # seconds: how long stopping may wait for the accept loop to notice


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a path answers."""

    status: HTTPStatus
    content_type: str = "text/plain; charset=utf-8"
    body: bytes


class Endpoints:
    """A server that is started when its address can be had, which may be later."""

    def __init__(self, *, address: str, port: int, routes: Mapping[str, Callable[[str], Answer]]) -> None:
        """Name the address; nothing is done yet.

        Args:
            address: An IP address of the machine; "" for all of them.
            port: The port; 0 for no server at all.
            routes: What answers, by path; it gets the header Accept.
        """
        self._address = address
        self._port = port
        self._routes = routes
        self._server: _Server | None = None

    def start(self) -> str:
        """Answer requests from now on, if that is not done already; return what is in the way of that, or ""."""
        if self._server or not self._port:
            return ""
        try:
            listener = _listen(self._address, self._port)
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else str(error)  # strerror repeats the address
            return (
                f"cannot answer on port {self._port} of {self._address or 'this machine'} ({reason}): no probe and no"
                " metrics. Free it, or choose another with --metrics-port"
            )
        self._server = _Server(listener, self._routes)
        threading.Thread(target=self._server.serve_forever, args=[_POLL], name="endpoints", daemon=True).start()
        return ""

    def close(self) -> None:
        """Answer no more."""
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


def _listen(address: str, port: int) -> socket.socket:
    """Return a listening socket. Raises OSError."""
    if address:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        return socket.create_server((address, port), family=family)
    with contextlib.suppress(OSError):  # a kernel without IPv6, or one where it is switched off
        if socket.has_dualstack_ipv6():
            return socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True)
    return socket.create_server(("", port))


class _Server(TCPServer):
    """Gives each connection a thread of its own, and the oldest connection's place to a new one."""

    def __init__(self, listener: socket.socket, routes: Mapping[str, Callable[[str], Answer]]) -> None:
        BaseServer.__init__(self, listener.getsockname(), _Handler)  # TCPServer's would make a socket
        self.socket = listener
        self.routes = routes
        self._lock = threading.Lock()
        self._connections: list[socket.socket] = []

    def process_request(self, request: socket.socket | tuple[bytes, socket.socket], client_address: object) -> None:
        """Talk on a new connection, in a thread."""
        if not isinstance(request, socket.socket):  # never: the pair is for datagrams
            return
        with self._lock:
            self._connections.append(request)
            for oldest in self._connections[:-CONNECTIONS]:
                _hang_up(oldest)
        threading.Thread(target=self._talk, args=[request, client_address], daemon=True).start()

    def _talk(self, request: socket.socket, client_address: object) -> None:
        try:
            with contextlib.suppress(OSError):  # the client is gone
                self.finish_request(request, client_address)
        finally:
            with self._lock:
                self._connections.remove(request)
            self.shutdown_request(request)


def _hang_up(connection: socket.socket) -> None:
    """End a connection that another thread talks on; that one closes it."""
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    server_version = "multus"
    sys_version = ""
    timeout = PATIENCE
    server: _Server

    def do_GET(self) -> None:
        """Answer."""
        self._answer(body=True)

    def do_HEAD(self) -> None:
        """Answer without the body."""
        self._answer(body=False)

    def _answer(self, *, body: bool) -> None:
        route = self.server.routes.get(self.path.partition("?")[0])
        if route is None:
            answer = Answer(status=HTTPStatus.NOT_FOUND, body=b"there are: " + " ".join(self.server.routes).encode())
        else:
            answer = route(self.headers.get("Accept", ""))
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if body:
            self.wfile.write(answer.body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing: probes come every few seconds."""
