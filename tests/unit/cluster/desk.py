"""A daemon that answers what a test has written down, one answer a question, over a real socket."""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from multus_py.cluster import frames
from tests.unit.cluster.loopback import serving_at

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONObject

    Answer: TypeAlias = "JSONObject | bytes | None"
    """A message; or bytes as they are, after which the desk hangs up; or nothing, and the question has no answer."""


class Desk:
    """The daemon, while it runs."""

    def __init__(self, answers: Sequence[Answer]) -> None:
        self.heard: list[JSONObject] = []
        """The questions, in order."""
        self._answers = list(answers)

    def talk(self, connection: socket.socket) -> None:
        while question := read_frame(connection):
            self.heard.append(json.loads(question))
            answer = self._answers.pop(0) if self._answers else None
            if isinstance(answer, bytes):
                connection.sendall(answer)
                return
            if answer is not None:
                connection.sendall(frames.pack({"v": frames.VERSION, **answer}, frames.MAX_ANSWER))


@contextlib.contextmanager
def desk(path: Path, *answers: Answer) -> Iterator[Desk]:
    """Run a daemon at a path until the end of the block."""
    made = Desk(answers)
    with serving_at(path, made.talk):
        yield made


def read_frame(connection: socket.socket) -> bytes:
    """Return the body of the next frame, nothing when the other end has hung up."""
    header = connection.recv(frames.HEADER_SIZE, socket.MSG_WAITALL)
    if len(header) < frames.HEADER_SIZE:
        return b""
    return connection.recv(frames.size(header, frames.MAX_REQUEST), socket.MSG_WAITALL)
