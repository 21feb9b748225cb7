"""Events for pods: taken at once, told to the API server in our own time. They help people; nothing waits for them."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from multus_py.cluster import errors
from multus_py.cluster.objects import Pod

if TYPE_CHECKING:
    from collections.abc import Callable

    from multus_py.cluster.wire import Tell
    from multus_py.daemon.resolving import Lender
    from multus_py.daemon.traffic import Traffic

ROOM = 1000
"""How many messages wait at most. What is more drives out the oldest: the newest are of more use."""
ATTEMPTS = 3
PAUSE = 1.0
"""Seconds before the next attempt."""


@dataclass
class _Waiting:
    message: Tell
    attempts: int = 0


class Teller:
    """Tells events, one message after the other, in a thread of its own."""

    def __init__(self, connections: Lender, *, traffic: Traffic, wait: Callable[[float], bool]) -> None:
        """Prepare; nobody tells anything before `run`.

        Args:
            connections: Ways to the API server.
            traffic: Where it is noted what came of it.
            wait: Waits some seconds, or less if we shall stop.
        """
        self._connections = connections
        self._traffic = traffic
        self._wait = wait
        self._changed = threading.Condition()
        self._messages: deque[_Waiting] = deque()
        self._closed = False

    def take(self, message: Tell) -> None:
        """Take events, to tell them soon."""
        if not message.events:
            return
        with self._changed:
            self._messages.append(_Waiting(message))
            while len(self._messages) > ROOM:
                self._traffic.told("dropped", len(self._messages.popleft().message.events))
            self._changed.notify()

    def waiting(self) -> int:
        """Return how many messages wait."""
        with self._changed:
            return len(self._messages)

    def close(self) -> None:
        """Tell no more."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    def run(self) -> None:
        """Tell until somebody closes us."""
        while (waiting := self._next()) is not None:
            self._tell(waiting)

    def _next(self) -> _Waiting | None:
        with self._changed:
            while not self._messages and not self._closed:
                self._changed.wait()
            return None if self._closed else self._messages.popleft()

    def _tell(self, waiting: _Waiting) -> None:
        message, events = waiting.message, waiting.message.events
        pod = Pod(namespace=message.namespace, name=message.name, uid=message.uid, node=message.node)
        waiting.attempts += 1
        try:
            with self._connections.borrowed() as cluster:
                cluster.post_events(pod, events)
        except errors.UnavailableError:
            if waiting.attempts >= ATTEMPTS:
                self._traffic.told("unavailable", len(events))
                return
            with self._changed:
                self._messages.appendleft(waiting)
            self._wait(PAUSE)
        except errors.ClusterError:
            self._traffic.told("refused", len(events))  # the namespace is being deleted, say
        else:
            self._traffic.told("posted", len(events))
