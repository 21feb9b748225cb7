"""What can go wrong between a client and an API server, made to happen on purpose."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Literal, TypeAlias


@dataclass(frozen=True)
class Answer:
    """Refuse with a `Status` object instead of doing what was asked."""

    code: int
    message: str = ""
    """The server's words; for 403 they default to those of RBAC, with verb and resource."""
    retry_after: int | None = None
    """The value of a Retry-After header, in seconds."""


@dataclass(frozen=True)
class Garbage:
    """Answer something that is not what a Kubernetes API server says, such as a proxy's error page."""

    body: bytes = b"<html><body>Bad gateway</body></html>"
    code: int = 200
    media_type: str = "text/html"


@dataclass(frozen=True)
class HangUp:
    """Close the connection."""

    after: Literal["headers", "request", "effect"] = "request"
    """After the request's headers were read; after all of it was read; or when it was performed and half answered."""
    reset: bool = False
    """Whether the client sees a reset rather than an end of the stream."""


@dataclass(frozen=True)
class Delay:
    """Wait before going on as usual. A server that stops does not wait."""

    seconds: float


@dataclass(frozen=True)
class CutLine:
    """Close the connection of a watch in the middle of a line. Whatever is no watch goes on as usual."""

    whole: int = 0
    """How many lines come before that one."""


@dataclass(frozen=True)
class Trickle:
    """Answer as usual, but a few bytes at a time."""

    size: int
    """How many bytes."""
    pause: float
    """Seconds before each portion."""


Action: TypeAlias = Answer | Garbage | HangUp | Delay | CutLine | Trickle


@dataclass(frozen=True)
class Fault:
    """A rule: requests like this meet that action."""

    action: Action
    method: str = ""
    """The HTTP method; empty for any."""
    path: str = ""
    """A part of the path with its query; empty for any."""
    times: int | None = 1
    """How many requests it applies to; None for all of them."""


class Faults:
    """The rules in force. The first one that fits a request is used for it; they may change at any time."""

    def __init__(self) -> None:
        """Start without any."""
        self._lock = threading.Lock()
        self._rules: list[tuple[Fault, int | None]] = []

    def add(self, *faults: Fault) -> None:
        """Put further rules behind those in force."""
        with self._lock:
            self._rules.extend((fault, fault.times) for fault in faults)

    def clear(self) -> None:
        """Drop all rules."""
        with self._lock:
            self._rules.clear()

    def take(self, method: str, path: str) -> Action | None:
        """Return what happens to such a request, and count it."""
        with self._lock:
            for index, (fault, left) in enumerate(self._rules):
                if fault.method not in {"", method} or fault.path not in path or left == 0:
                    continue
                self._rules[index] = (fault, None if left is None else left - 1)
                return fault.action
        return None
