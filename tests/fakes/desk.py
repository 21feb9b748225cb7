"""Somebody who knows the answers, for tests of the socket's server: the answers are about nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable

from multus_py.cluster import frames
from multus_py.daemon.asking import Answer, UnwantedError, Waiting


class FakeDesk:
    """Answers what it was asked.

    `now X` is answered at once, `later X` by a worker, once the test lets it; `quiet` is not answered at all, `large N`
    with N bytes, `fault` breaks at once and `fault later` in the worker, `nonsense` is none of these.
    """

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.go_on = threading.Event()
        self.went_on = threading.Semaphore(0)
        """Released after each piece of work."""

    def begin(self, body: bytes) -> Answer | Waiting:
        text = body.decode()
        self.asked.append(text)
        word, _, rest = text.partition(" ")
        match word:
            case "now":
                return Answer(frame=framed(rest))
            case "quiet":
                return Answer(frame=b"")
            case "large":
                return Answer(frame=framed("x" * int(rest)))
            case "later":
                return Waiting(work=lambda wanted: self._work(rest, wanted))
            case "fault" if not rest:
                raise ZeroDivisionError
            case "fault":
                return Waiting(work=lambda _: framed(str(1 // 0)))
        raise frames.WireError("no request")

    def _work(self, text: str, wanted: Callable[[], bool]) -> bytes:
        try:
            assert self.go_on.wait(30)
            if not wanted():
                raise UnwantedError
            return framed(text)
        finally:
            self.went_on.release()


def framed(text: str) -> bytes:
    """Return a text as a frame."""
    return len(text).to_bytes(frames.HEADER_SIZE, "big") + text.encode()
