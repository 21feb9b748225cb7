"""HTTP/1.1 over TLS for the API: connections, credentials, the request log, and the faults on the way."""

from __future__ import annotations

import contextlib
import functools
import socket
import socketserver
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from itertools import count

from multus_py.lab import api, apierrors, routes
from multus_py.lab.api import Api, Call, Reply, Stream
from multus_py.lab.apierrors import ApiError
from multus_py.lab.faults import Action, Answer, Delay, Faults, Garbage, HangUp

_POLL_SECONDS = 0.02  # how long stopping may wait for the accept loop to notice
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER on, no time: close() sends RST


@dataclass(frozen=True)
class Request:
    """A request that the server received."""

    connection: int
    """The number of the connection it came on."""
    method: str
    path: str
    """With the query."""
    user: str
    """Empty when the credentials were missing or wrong."""
    headers: tuple[tuple[str, str], ...]
    body: bytes


class RequestLog:
    """Every request, in the order of arrival."""

    def __init__(self) -> None:
        """Start empty."""
        self._grown = threading.Condition()
        self._requests: list[Request] = []

    def append(self, request: Request) -> None:
        """Write one down."""
        with self._grown:
            self._requests.append(request)
            self._grown.notify_all()

    def clear(self) -> None:
        """Forget all."""
        with self._grown:
            self._requests.clear()

    def read(self) -> tuple[Request, ...]:
        """Return all."""
        with self._grown:
            return tuple(self._requests)

    def wait_for(self, wanted: Callable[[Request], bool], *, times: int, timeout: float) -> bool:
        """Wait until that many requests are as wanted; tell whether it came to that in time."""
        with self._grown:
            return self._grown.wait_for(lambda: sum(map(wanted, self._requests)) >= times, timeout)


class HttpServer(socketserver.TCPServer):
    """Gives each connection a thread of its own. Stopping it ends the connections and joins the threads."""

    def __init__(
        self, listener: socket.socket, *, tls: ssl.SSLContext | None, api: Api, tokens: dict[str, str]
    ) -> None:
        """Serve `api` on a socket that listens already; `tokens` maps bearer tokens to users, and may change."""
        socketserver.BaseServer.__init__(self, listener.getsockname(), Handler)  # TCPServer's would make a socket
        self.socket = listener
        self.api = api
        self.tokens = tokens
        self.faults = Faults()
        self.log = RequestLog()
        self.stopping = threading.Event()
        self.ahead = 0.0
        """How many seconds the time in answers is ahead of the machine's."""
        self._tls = tls
        self._numbers = count(1)
        self._lock = threading.Lock()
        self._connections: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []

    def next_number(self) -> int:
        """Return the number of a new connection."""
        return next(self._numbers)

    def start(self) -> None:
        """Accept connections, in a thread."""
        self._start_thread(functools.partial(self.serve_forever, _POLL_SECONDS))

    def stop(self) -> None:
        """Stop accepting, end all connections, and wait for their threads."""
        self.stopping.set()
        self.shutdown()
        self.drop_connections()
        for thread in self._threads:
            thread.join()
        self.server_close()

    def drop_connections(self) -> None:
        """End all connections that are open now."""
        with self._lock:
            for connection in self._connections:
                with contextlib.suppress(OSError):
                    # Not the method of SSLSocket, which takes the TLS state away from the thread that reads.
                    socket.socket.shutdown(connection, socket.SHUT_RDWR)

    def process_request(self, request: socket.socket | tuple[bytes, socket.socket], client_address: object) -> None:
        """Talk on a new connection, in a thread."""
        if isinstance(request, socket.socket):  # always: the pair is for datagrams
            self._start_thread(functools.partial(self._talk, request, client_address))

    def _start_thread(self, target: Callable[[], None]) -> None:
        thread = threading.Thread(target=target, name="lab-apiserver", daemon=True)
        self._threads = [*(thread for thread in self._threads if thread.is_alive()), thread]
        thread.start()

    def _talk(self, raw: socket.socket, client_address: object) -> None:
        # Whatever breaks in here, the client's end broke it. Closing `raw` is for the case that it cannot be wrapped.
        with contextlib.suppress(OSError), raw, self._wrapped(raw) as connection, self._registered(connection):
            if self.stopping.is_set():
                return
            if isinstance(connection, ssl.SSLSocket):
                connection.do_handshake()
            Handler(connection, client_address, self)

    def _wrapped(self, raw: socket.socket) -> socket.socket:
        if self._tls is None:
            return raw
        return self._tls.wrap_socket(raw, server_side=True, do_handshake_on_connect=False)

    @contextlib.contextmanager
    def _registered(self, connection: socket.socket) -> Iterator[None]:
        with self._lock:
            self._connections.add(connection)
        try:
            yield
        finally:
            with self._lock:
                self._connections.discard(connection)


class Handler(BaseHTTPRequestHandler):
    """Reads requests from one connection and writes the answers."""

    protocol_version = "HTTP/1.1"
    server_version = "multus-lab"
    disable_nagle_algorithm = True
    server: HttpServer

    def setup(self) -> None:
        """Give the connection its number."""
        super().setup()
        self.number = self.server.next_number()

    def do_GET(self) -> None:
        """Answer a request; of any method, see below."""
        action = self.server.faults.take(self.command, self.path)
        early = isinstance(action, HangUp) and action.after == "headers"
        try:
            call = self._read_call(body=not early)
        except ApiError as error:
            self.close_connection = True
            self._send(api.refusal(error))
            return
        if isinstance(action, HangUp) and action.after != "effect":
            self._hang_up(action)
            return
        if isinstance(action, Delay):
            self.server.stopping.wait(action.seconds)
        answer = self._answer(call, action)
        cut = action if isinstance(action, HangUp) else None
        if isinstance(answer, Stream):
            self._stream(answer, cut)
        else:
            self._send(answer, cut)

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815 - the names that http.server looks for

    def date_time_string(self, timestamp: float | None = None) -> str:
        """Return the time for the header Date."""
        return super().date_time_string((time.time() if timestamp is None else timestamp) + self.server.ahead)

    def log_message(self, format: str, *args: object) -> None:
        """Write nothing: the request log has it all."""

    def _read_call(self, *, body: bool) -> Call:
        user = self._user()
        content = self._read_body() if body else b""
        headers = tuple(self.headers.items())
        self.server.log.append(Request(self.number, self.command, self.path, user, headers, content))
        media_type = self.headers.get("Content-Type", "").partition(";")[0].strip()
        return Call(self.command, self.path, user, media_type, content, self.headers.get("Accept", ""))

    def _read_body(self) -> bytes:
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not length.isdigit():
            raise ApiError(411, "a body needs a Content-Length here")
        return self.rfile.read(int(length))

    def _user(self) -> str:
        if isinstance(self.connection, ssl.SSLSocket) and (user := _common_name(self.connection)):
            return user
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        return self.server.tokens.get(token, "") if scheme == "Bearer" else ""

    def _answer(self, call: Call, action: Action | None) -> Reply | Stream:
        try:
            match action:
                case Garbage(body, code, media_type):
                    return Reply(code, body, media_type)
                case Answer(403, ""):
                    return api.refusal(api.forbidden(call))
                case Answer(code, message, retry_after):
                    headers = () if retry_after is None else (("Retry-After", str(retry_after)),)
                    return api.refusal(ApiError(code, message or "the lab was told to refuse this"), *headers)
            if not call.user and routes.split(call.path)[0] not in api.PUBLIC:
                return api.refusal(apierrors.unauthorized())
            return self.server.api.answer(call)
        except Exception as error:  # noqa: BLE001 - whatever is wrong in here, the client gets an answer that says it
            return api.refusal(ApiError(500, f"the lab's API server failed: {error!r}"))

    def _send(self, reply: Reply, cut: HangUp | None = None) -> None:
        self.send_response(reply.code)
        self.send_header("Content-Type", reply.media_type)
        self.send_header("Content-Length", str(len(reply.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        for name, value in reply.headers:
            self.send_header(name, value)
        self.end_headers()
        if cut is None:
            self.wfile.write(reply.body)
        else:
            self.wfile.write(reply.body[: len(reply.body) // 2])
            self._hang_up(cut)

    def _stream(self, stream: Stream, cut: HangUp | None) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        if cut is not None:
            self._hang_up(cut)
            return
        if self.server.stopping.is_set():  # set before running watches are ended: this one may have begun after that
            self.close_connection = True
            return
        for line in stream.lines:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(line), line))
        self.wfile.write(b"0\r\n\r\n")

    def _hang_up(self, action: HangUp) -> None:
        if action.reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.close_connection = True


def _common_name(connection: ssl.SSLSocket) -> str:
    """Return the user that a client's certificate names; empty when the client brought none."""
    for part in (connection.getpeercert() or {}).get("subject", ()):
        for pair in part:
            if isinstance(pair, tuple) and pair[0] == "commonName":
                return str(pair[1])
    return ""
