"""What tests/contract/test_collection.py cannot wait for."""

from __future__ import annotations

import pytest

from multus_py.base.clock import Deadline
from multus_py.cluster import errors, operation
from multus_py.cluster.http import Reader, Response
from multus_py.daemon.cluster import IDLE, Collection
from multus_py.daemon.patience import Patient
from tests.fakes.clock import FakeClock

EVENT = b'{"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "7"}}}\n'
HEAD = Response(status=200, headers={"transfer-encoding": "chunked"})


class Server:
    """Says something, and nothing more."""

    def __init__(self, clock: FakeClock, said: bytes, *, end: type[OSError] | None) -> None:
        self._clock = clock
        self._said = said
        self._end = end
        self.closed = False

    def send(self, data: bytes, deadline: Deadline) -> None:
        raise AssertionError("a watch says nothing")

    def receive(self, size: int, deadline: Deadline) -> bytes:
        said, self._said = self._said, b""
        if said:
            return said
        if self._end is not None:
            raise self._end
        self._clock.advance(deadline.remaining() or 0.0)
        raise TimeoutError

    def close(self) -> None:
        self.closed = True


def watched(server: Server, clock: FakeClock) -> list[str]:
    collection = Collection(
        lambda: pytest.fail("nobody dials"), operation.NADS, environ={}, clock=clock, jitter=lambda: 0.0
    )
    stream = Patient(server, clock=clock, stopped=lambda: False)
    changes = collection._changes(stream, Reader(stream, Deadline(clock, 1.0)), HEAD)
    return [change.type for change in changes]


def chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def test_a_watch_that_falls_silent_is_over_and_has_not_failed() -> None:
    clock = FakeClock()
    server = Server(clock, chunk(EVENT), end=None)
    began = clock.monotonic()

    assert watched(server, clock) == ["BOOKMARK"]
    assert clock.monotonic() - began >= IDLE
    assert server.closed


def test_a_watch_that_breaks_off_has_failed() -> None:
    clock = FakeClock()
    server = Server(clock, chunk(EVENT), end=ConnectionResetError)

    with pytest.raises(errors.UnavailableError):
        watched(server, clock)
    assert server.closed
