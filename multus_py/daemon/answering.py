"""The socket's server: one loop for all connections, and a few threads for what has to wait for the API server.

A call keeps its connection while its delegates run, for seconds or minutes. So there are many connections, nearly all
of them idle: in a selector's loop one costs a kilobyte or two, as a thread it would cost a hundred. What is answered
from memory is answered in the loop.

A client may be broken, or not be one: what it sends, how much, how long that takes, and how many there are has bounds.
Who breaks one is hung up on, and asks the API server.
"""

from __future__ import annotations

import functools
import os
import selectors
import socket
import struct
import threading
from collections import deque
from typing import TYPE_CHECKING, Protocol

from multus_py.cluster import frames
from multus_py.daemon.asking import Answer, UnwantedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from multus_py.base.clock import Clock
    from multus_py.daemon.asking import Waiting
    from multus_py.daemon.traffic import Traffic
    from multus_py.daemon.workers import Workers

CONNECTIONS = 500
"""How many there are at a time."""
PATIENCE = 2.0
"""Seconds in which a request has come, or an answer is gone."""
IDLE = 900.0
"""Seconds that may pass between two requests of a call."""
TICK = 0.5
"""Seconds after which the loop looks at the clock although nothing has happened."""

_CHUNK = 64 << 10
_ACCEPTED_AT_ONCE = 64
_CREDENTIALS = struct.Struct("3i")


class Desk(Protocol):
    """Who knows the answers; asking.Requests is the real one."""

    def begin(self, body: bytes) -> Answer | Waiting:
        """Read a request, and answer it if that takes no waiting. Raises WireError."""


class Server:
    """Serves one listening socket."""

    def __init__(
        self, listener: socket.socket, desk: Desk, *, workers: Workers, traffic: Traffic, clock: Clock
    ) -> None:
        """Prepare; nobody is let in before `run`.

        Args:
            listener: The socket, which is ours from now on.
            desk: Who knows the answers.
            workers: Threads for what has to wait.
            traffic: Where it is noted who was hung up on.
            clock: What time-outs are measured on.
        """
        self._listener = listener
        self._desk = desk
        self._workers = workers
        self._traffic = traffic
        self._clock = clock
        self._allowed = frozenset({0, os.geteuid()})
        self._connections: dict[_Connection, None] = {}
        self._done: deque[tuple[_Connection, bytes | None]] = deque()
        self._lock = threading.Lock()
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._selector = selectors.DefaultSelector()
        self._full = False
        self._closing = False
        self.beat = clock.monotonic()
        """When the loop last came round, on the clock that never goes back."""
        listener.settimeout(0)

    def connections(self) -> int:
        """Return how many there are."""
        return len(self._connections)

    def stop(self) -> None:
        """Have the loop end soon. It may be called from any thread."""
        self._closing = True
        self._wake_up()

    def run(self) -> None:
        """Serve until somebody stops us; all connections are closed then."""
        self._selector.register(self._wake, selectors.EVENT_READ, self._woken)
        self._listen(on=True)
        try:
            while not self._closing:
                for key, _ in self._selector.select(TICK):
                    key.data()
                self.beat = self._clock.monotonic()
                self._look_at_the_clock()
        finally:
            self._close()

    def _close(self) -> None:
        for connection in list(self._connections):
            self._drop(connection)
        self._selector.close()
        self._listener.close()
        with self._lock:
            os.close(self._wake)
            self._wake = -1

    def _wake_up(self) -> None:
        """Have the loop come round now, if it still does."""
        with self._lock:
            if self._wake >= 0:
                os.eventfd_write(self._wake, 1)

    def _listen(self, *, on: bool) -> None:
        if on:
            self._selector.register(self._listener, selectors.EVENT_READ, self._accept)
        else:
            self._selector.unregister(self._listener)
        self._full = not on

    def _accept(self) -> None:
        for _ in range(_ACCEPTED_AT_ONCE):
            try:
                client, _ = self._listener.accept()
            except BlockingIOError:
                return
            except OSError:  # no descriptor is left: the loop would come round without a pause until there is one
                self._listen(on=False)
                return
            self._welcome(client)

    def _welcome(self, client: socket.socket) -> None:
        _, user, _ = _CREDENTIALS.unpack(client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
        if user not in self._allowed:
            self._traffic.dropped("user")
            client.close()
            return
        if len(self._connections) >= CONNECTIONS and not self._make_room():
            self._traffic.dropped("full")
            client.close()
            return
        client.settimeout(0)
        connection = _Connection(client, until=self._clock.monotonic() + PATIENCE)
        self._connections[connection] = None
        self._selector.register(client, selectors.EVENT_READ, lambda: self._guarded(connection, self._read))

    def _make_room(self) -> bool:
        """Hang up on the oldest client that has not asked anything yet; tell whether there was one."""
        silent = next((connection for connection in self._connections if not connection.has_asked), None)
        if silent is None:
            return False
        self._drop(silent, "full")
        return True

    def _guarded(self, connection: _Connection, act: Callable[[_Connection], None]) -> None:
        """Do something for one connection; whatever goes wrong, it is only about this one."""
        try:
            act(connection)
        except OSError:
            self._drop(connection)
        except frames.WireError:
            self._drop(connection, "nonsense")
        except Exception:  # noqa: BLE001 - a fault of ours must not end the loop: the others would wait in vain
            self._drop(connection, "fault")

    def _read(self, connection: _Connection) -> None:
        data = connection.socket.recv(_CHUNK)
        if not data:
            self._drop(connection)
            return
        if not connection.received:
            connection.until = self._clock.monotonic() + PATIENCE  # for all of it, in however many pieces it comes
        connection.received += data
        self._go_on(connection)

    def _go_on(self, connection: _Connection) -> None:
        """Answer requests as far as they have come, and as far as that takes no waiting."""
        while (body := connection.next_request()) is not None:
            connection.has_asked = True
            found = self._desk.begin(body)
            if not isinstance(found, Answer):
                self._watch(connection, 0)
                connection.until = None
                self._workers.do(functools.partial(self._work, connection, found))
                return
            connection.answer = memoryview(found.frame)
            if not self._is_sent(connection):
                return
        if connection.until is None:
            connection.until = self._clock.monotonic() + (PATIENCE if connection.received else IDLE)
        self._watch(connection, selectors.EVENT_READ)

    def _work(self, connection: _Connection, waiting: Waiting) -> None:
        """Do what has to wait; in a worker's thread."""
        frame: bytes | None = None
        try:
            frame = waiting.work(connection.is_wanted)
        except UnwantedError:
            pass
        except Exception:  # noqa: BLE001 - the same as in the loop: this client asks elsewhere, the thread goes on
            self._traffic.dropped("fault")
        self._done.append((connection, frame))
        self._wake_up()

    def _woken(self) -> None:
        os.eventfd_read(self._wake)
        while self._done:
            connection, frame = self._done.popleft()
            if frame is None:
                self._drop(connection)
            else:
                connection.answer = memoryview(frame)
                self._guarded(connection, self._send)

    def _send(self, connection: _Connection) -> None:
        """Send what there is to send, and go on with the next request after all of it."""
        if self._is_sent(connection):
            self._go_on(connection)

    def _is_sent(self, connection: _Connection) -> bool:
        """Send as much of the answer as goes now; tell whether that was all of it."""
        connection.until = self._clock.monotonic() + PATIENCE
        try:
            while connection.answer:
                connection.answer = connection.answer[connection.socket.send(connection.answer) :]
        except BlockingIOError:
            self._watch(connection, selectors.EVENT_WRITE)
            return False
        connection.until = None
        return True

    def _watch(self, connection: _Connection, events: int) -> None:
        """Wait for these events of a connection, and no others; 0 for none."""
        act = self._send if events == selectors.EVENT_WRITE else self._read
        watched = self._selector.get_map().get(connection.socket)
        if watched is not None and watched.events == events:
            return
        if watched is not None:
            self._selector.unregister(connection.socket)
        if events:
            self._selector.register(connection.socket, events, lambda: self._guarded(connection, act))

    def _look_at_the_clock(self) -> None:
        if self._full:
            self._listen(on=True)
        for connection in [each for each in self._connections if each.until is not None and each.until <= self.beat]:
            unfinished = connection.received or connection.answer or not connection.has_asked
            self._drop(connection, "slow" if unfinished else "idle")

    def _drop(self, connection: _Connection, reason: str = "") -> None:
        """Hang up; without a reason because there is nobody there any more."""
        if reason:
            self._traffic.dropped(reason)
        if self._connections.pop(connection, ...) is ...:
            return
        self._watch(connection, 0)
        connection.socket.close()


class _Connection:
    """What is known of one client."""

    def __init__(self, socket: socket.socket, *, until: float) -> None:
        self.socket = socket
        self.until: float | None = until
        """When it has taken too long; None while it is our turn."""
        self.has_asked = False
        self.received = bytearray()
        self.answer = memoryview(b"")

    def next_request(self) -> bytes | None:
        """Take the next request, None when not all of it has come. Raises WireError."""
        if len(self.received) < frames.HEADER_SIZE:
            return None
        end = frames.HEADER_SIZE + frames.size(bytes(self.received[: frames.HEADER_SIZE]), frames.MAX_REQUEST)
        if len(self.received) < end:
            return None
        body = bytes(self.received[frames.HEADER_SIZE : end])
        del self.received[:end]
        return body

    def is_wanted(self) -> bool:
        """Tell whether the client still waits. It may be called from any thread while it is our turn."""
        try:
            return bool(self.socket.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT))
        except BlockingIOError:
            return True
        except OSError:
            return False
