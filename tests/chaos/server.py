"""An API server byte by byte: it answers from the lab's objects, and to some questions whatever a test wants.

A well-behaved HTTP library would not let a server say most of it, so that there is none here.
"""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BufferedReader
from typing import TypeAlias

from multus_py.lab.apiserver import APIServer
from multus_py.lab.objects import Object, decode, section
from tests.unit.cluster.loopback import Loopback, over_tls

_HANDSHAKE = b"\x16"


@dataclass(frozen=True)
class Question:
    """A request."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def name(self) -> str:
        """Return the name of the object that it is about."""
        return self.path.removesuffix("/status").rpartition("/")[2]


@dataclass(frozen=True)
class Answer:
    """What would be right to say: a document."""

    document: Object
    elsewhere: str = ""
    """The URL of another server."""
    over: threading.Event = field(default_factory=threading.Event)
    """Set when nobody waits for the answer any more."""

    @property
    def body(self) -> bytes:
        """Return the document's text."""
        return json.dumps(self.document).encode()

    def text(self, status: str = "200 OK", *headers: str, body: bytes | None = None, length: bool = True) -> bytes:
        """Return an answer whose head says the length of its body, unless that is for the other headers to say."""
        body = self.body if body is None else body
        lengths = [f"Content-Length: {len(body)}"] if length else []
        head = "\r\n".join([f"HTTP/1.1 {status}", "Content-Type: application/json", *lengths, *headers, "", ""])
        return head.encode() + body


Says: TypeAlias = Callable[[Answer], Iterable[bytes]]


@dataclass(frozen=True)
class Habit:
    """What a server does to some questions."""

    says: Says
    method: str = "GET"
    part: str = "/pods/"
    """What the path of such a question has in it."""
    pod: str = ""
    """The pod that it is about; empty for any."""
    closes: bool = True
    """Whether it ends the connection after such an answer."""
    signs: bool = True
    """Whether it says so in TLS."""
    times: int | None = None
    """How often it does; None for always."""


@dataclass
class Server:
    """A server with habits."""

    api: APIServer
    habits: Sequence[Habit] = ()
    elsewhere: str = ""
    questions: list[Question] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)
    """Set when it stops."""
    _done: Counter[str] = field(default_factory=Counter)

    def talk(self, connection: socket.socket) -> None:
        """Answer one question after the other, as long as the client has some."""
        with connection.makefile("rb") as stream:
            if stream.peek(1)[:1] == _HANDSHAKE:
                connection.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\nThe client wants TLS.")
                return
            while question := _read(stream):
                self.questions.append(question)
                answer = Answer(self._document(question), self.elsewhere, self.over)
                habit = next((each for each in self.habits if self._is_meant(each, question)), None)
                if habit is None:
                    connection.sendall(answer.text())
                    continue
                self._done[habit.pod] += 1
                for part in habit.says(answer):
                    connection.sendall(part)
                if habit.closes:
                    if habit.signs and isinstance(connection, ssl.SSLSocket):
                        connection.unwrap()
                    return

    def _is_meant(self, habit: Habit, question: Question) -> bool:
        spent = habit.times is not None and self._done[habit.pod] >= habit.times
        meant = question.method == habit.method and habit.part in question.path
        return meant and not spent and habit.pod in {"", question.name}

    def _document(self, question: Question) -> Object:
        if question.method == "POST":
            return {"kind": "Event", "apiVersion": "v1", "metadata": {"name": "event"}}
        if question.method == "GET":
            return self.api.get("pod" if "/pods/" in question.path else "nad", question.name)
        wanted = decode(question.body)
        assert isinstance(wanted, dict)

        def change(pod: Object) -> None:
            section(pod, "metadata")["annotations"] = {
                **section(pod, "metadata", "annotations"),
                **section(wanted, "metadata", "annotations"),
            }

        return self.api.edit("pod", question.name, change)


@contextmanager
def serving(listener: socket.socket, server: Server, tls: ssl.SSLContext | None) -> Iterator[None]:
    """Let a server serve until the end of the block."""
    loopback = Loopback(listener, over_tls(tls, server.talk) if tls else server.talk)
    try:
        yield
    finally:
        server.over.set()
        loopback.stop()


def _read(stream: BufferedReader) -> Question | None:
    """Read a request; None at the end of the connection."""
    first = stream.readline().decode().split()
    if len(first) != 3:
        return None
    headers = {}
    while line := stream.readline().decode().strip():
        name, _, text = line.partition(":")
        headers[name.lower()] = text.strip()
    return Question(first[0], first[1], headers, stream.read(int(headers.get("content-length", 0))))
