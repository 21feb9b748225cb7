"""A connection that says what a test has written down, and keeps what is sent to it."""

from __future__ import annotations

from multus_py.base.clock import Deadline


class FakeStream:
    """Satisfies `multus_py.cluster.http.Stream`; what comes after the script is the end of the stream."""

    def __init__(self, *script: bytes | OSError, refuse: OSError | None = None) -> None:
        self.sent = b""
        self.closed = False
        self._script = list(script)
        self._refuse = refuse

    def __repr__(self) -> str:
        return f"FakeStream({self._script}, closed={self.closed})"

    def send(self, data: bytes, deadline: Deadline) -> None:
        assert not self.closed
        if self._refuse is not None:
            raise self._refuse
        self.sent += data

    def receive(self, size: int, deadline: Deadline) -> bytes:
        assert not self.closed
        if not self._script:
            return b""
        part = self._script.pop(0)
        if isinstance(part, OSError):
            raise part
        assert len(part) <= size, "the script has larger parts than are asked for"
        return part

    def close(self) -> None:
        self.closed = True


class FakeDial:
    """Hands out prepared connections, one a call, and fails when there is none left."""

    def __init__(self, *streams: FakeStream) -> None:
        self.used: list[FakeStream] = []
        self._streams = list(streams)

    def __call__(self, deadline: Deadline) -> FakeStream:
        assert self._streams, "one connection more than the test expects"
        self.used.append(self._streams.pop(0))
        return self.used[-1]
