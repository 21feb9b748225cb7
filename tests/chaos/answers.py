"""What an API server may say that no API server should, and what has to come of it: a table.

Each row answers one question. It is right in the end, or an error that says what is wrong.
"""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from multus_py.lab.objects import JSON, section
from tests.chaos import peak
from tests.chaos.server import Answer, Says

NO_JSON = "that is no JSON object"
ENDED = "the server ended the connection"
NO_HTTP = "does not answer in HTTP/1.1"
TOO_LARGE = "larger than 16 MiB"
LATE = "no answer in time"
FRAMED = "frames its answer in a way that cannot be read"
CHUNK = "malformed chunk"
LENGTH = "malformed Content-Length"
CHUNKED = "Transfer-Encoding: chunked"
_MIB = 1 << 20
_DRIP = 0.0002
_DRIPPING, _PIECE = 400, 100
"""How many bytes come one by one, past the end of the head, and in what the others come: a server has its time, too."""


@dataclass(frozen=True)
class Row:
    """A way to answer."""

    says: Says
    problem: str = ""
    """A part of the error's message; empty where all is right in the end."""
    closes: bool = True
    """Whether the connection ends after it."""
    signs: bool = True
    """Whether TLS is told of that end, which may be somebody else's doing otherwise."""
    times: int | None = None
    """How often the server does so; None for always."""
    memory: int = peak.MOST
    """What the call may take, in MiB."""


def _drip(answer: Answer) -> Iterator[bytes]:
    text = answer.text()
    for byte in text[:_DRIPPING]:
        yield bytes((byte,))
        time.sleep(_DRIP if byte < 0x40 else 0)
    for start in range(_DRIPPING, len(text), _PIECE):
        yield text[start : start + _PIECE]


def _crawl(answer: Answer) -> Iterator[bytes]:
    for byte in answer.text():
        yield bytes((byte,))
        time.sleep(0.2)


def _silence(answer: Answer) -> Iterator[bytes]:
    yield b""
    answer.over.wait(30)


def _endless(head: bytes, part: bytes) -> Says:
    def says(_: Answer) -> Iterator[bytes]:
        yield head
        for _unused in range(128):
            yield part

    return says


def _on_and_on(head: bytes, part: bytes) -> Says:
    def says(answer: Answer) -> Iterator[bytes]:
        yield head
        while not answer.over.is_set():
            yield part * 1000

    return says


def _chunks(answer: Answer, *, extension: str = "", last: str = "0\r\n\r\n") -> bytes:
    half = len(answer.body) // 2
    parts = (answer.body[:half], answer.body[half:])
    lines = (f"{len(part):x}{extension}\r\n".encode() + part + b"\r\n" for part in parts)
    return answer.text("200 OK", CHUNKED, length=False, body=b"".join(lines) + last.encode())


def _framed(answer: Answer, *headers: str) -> Iterable[bytes]:
    return [answer.text("200 OK", *headers, length=False)]


def _said(text: bytes) -> Says:
    return lambda answer: [answer.text(body=text)]


def _with(text: Callable[[], bytes]) -> Says:
    """Return an answer that has more in it than anybody asked for. Made as text: encoding it would take too long."""

    def says(answer: Answer) -> Iterable[bytes]:
        rest = {key: value for key, value in answer.document.items() if key != "status"}
        body = json.dumps(rest).encode().removesuffix(b"}")
        return [answer.text(body=body + b', "status": {"more": ' + text() + b"}}")]

    return says


def _of(**changes: JSON) -> Says:
    """Return an answer about an object of other metadata."""

    def says(answer: Answer) -> Iterable[bytes]:
        metadata = {**section(answer.document, "metadata"), **changes}
        return [answer.text(body=json.dumps({**answer.document, "metadata": metadata}).encode())]

    return says


def _redirect(status: str) -> Says:
    return lambda answer: [answer.text(status, f"Location: {answer.elsewhere}/api/v1/namespaces", body=b"")]


ROWS: dict[str, Row] = {
    "byte by byte": Row(_drip, closes=False),
    "two answers for one question": Row(lambda answer: [answer.text() * 2]),
    "a length twice, the same": Row(
        lambda answer: _framed(answer, f"Content-Length: {len(answer.body)}", f"Content-Length: {len(answer.body)}"),
        closes=False,
    ),
    "no length": Row(_framed),
    "good chunks": Row(lambda answer: [_chunks(answer)], closes=False),
    "chunks with extensions and trailers": Row(
        lambda answer: [_chunks(answer, extension=";a=b", last="0;c\r\nX-Trailer: y\r\n\r\n")], closes=False
    ),
    "HTTP/1.0": Row(lambda answer: [b"HTTP/1.0 200 OK\r\n\r\n" + answer.body]),
    "HTTP/1.0, and an end that nobody signed": Row(
        lambda answer: [b"HTTP/1.0 200 OK\r\n\r\n" + answer.body], ENDED, signs=False
    ),
    "10 MB": Row(_with(lambda: b'"' + b"x" * 10 * _MIB + b'"'), closes=False),
    "a token that is not known yet": Row(
        lambda answer: [answer.text("401 Unauthorized", body=b"{}")], closes=False, times=1
    ),
    "closed without a word, once": Row(lambda _: [], times=1),
    "a byte every fifth of a second": Row(_crawl, LATE),
    "silence": Row(_silence, LATE),
    "half the head": Row(lambda answer: [answer.text()[:40]], ENDED),
    "nothing after the head": Row(lambda answer: [answer.text().replace(answer.body, b"")], ENDED),
    "half the body": Row(lambda answer: [answer.text()[:-20]], ENDED),
    "closed without a word": Row(lambda _: [], ENDED),
    "a length too long": Row(lambda answer: _framed(answer, f"Content-Length: {len(answer.body) + 10}"), ENDED),
    "a length too short": Row(lambda answer: _framed(answer, f"Content-Length: {len(answer.body) - 10}"), NO_JSON),
    "a negative length": Row(lambda answer: _framed(answer, "Content-Length: -1"), LENGTH),
    "a length that is no number": Row(lambda answer: _framed(answer, "Content-Length: 0x10"), LENGTH),
    "two lengths": Row(
        lambda answer: _framed(answer, f"Content-Length: {len(answer.body)}", "Content-Length: 5"), LENGTH
    ),
    "a length of 30 digits": Row(lambda answer: _framed(answer, f"Content-Length: {10**30}"), TOO_LARGE),
    "100 MB": Row(lambda answer: _framed(answer, f"Content-Length: {100 * _MIB}"), TOO_LARGE),
    "100 MB, unannounced": Row(_endless(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * _MIB), TOO_LARGE),
    "100 MB in chunks": Row(
        _endless(f"HTTP/1.1 200 OK\r\n{CHUNKED}\r\n\r\n".encode(), b"100000\r\n" + b"x" * _MIB + b"\r\n"), TOO_LARGE
    ),
    "tiny chunks without end": Row(_on_and_on(f"HTTP/1.1 200 OK\r\n{CHUNKED}\r\n\r\n".encode(), b"2\r\nxx\r\n"), LATE),
    "interim answers without end": Row(_on_and_on(b"", b"HTTP/1.1 102 Processing\r\n\r\n"), LATE),
    "chunks and a length": Row(lambda answer: _framed(answer, CHUNKED, "Content-Length: 5"), FRAMED),
    "another transfer coding": Row(lambda answer: _framed(answer, "Transfer-Encoding: gzip, chunked"), FRAMED),
    "chunks without an end": Row(lambda answer: [_chunks(answer, last="")], ENDED),
    "no chunks": Row(lambda answer: [answer.text("200 OK", CHUNKED, length=False, body=answer.body + b"\r\n")], CHUNK),
    "a chunk longer than it says": Row(lambda answer: [_chunks(answer).replace(b"\r\n0\r\n", b"xx\r\n0\r\n")], CHUNK),
    "a negative chunk": Row(lambda answer: [_chunks(answer, last="-1\r\n\r\n")], CHUNK),
    "compressed": Row(
        lambda answer: [answer.text("200 OK", "Content-Encoding: gzip", body=gzip.compress(answer.body))], "gzip"
    ),
    "HTTP/0.9": Row(lambda answer: [answer.body + b"\r\n\r\n"], NO_HTTP),
    "HTTP/2": Row(lambda _: [b"HTTP/2 200\r\n\r\n"], NO_HTTP),
    "SSH": Row(lambda _: [b"SSH-2.0-OpenSSH_9.2\r\n\r\n"], NO_HTTP),
    "a head without end": Row(_endless(b"HTTP/1.1 200 OK\r\n", b"X-Filler: y\r\n" * 80_000), "more than 65536 bytes"),
    "a header without a colon": Row(lambda answer: [answer.text("200 OK", "nonsense")], "malformed header"),
    "a folded header": Row(lambda answer: [answer.text("200 OK", "X-Folded: a", "  b")], "malformed header"),
    "a status of four digits": Row(lambda answer: [answer.text("2000 OK")], NO_HTTP),
    "moved permanently": Row(_redirect("301 Moved Permanently"), "301"),
    "found elsewhere": Row(_redirect("302 Found"), "302"),
    "see elsewhere": Row(_redirect("303 See Other"), "303"),
    "moved for now": Row(_redirect("307 Temporary Redirect"), "307"),
    "moved for good": Row(_redirect("308 Permanent Redirect"), "308"),
    "garbage": Row(_said(b"\x00\xff\xfe garbage"), NO_JSON),
    "half JSON": Row(lambda answer: [answer.text(body=answer.body[:-1])], NO_JSON),
    "an empty body": Row(_said(b""), NO_JSON),
    "a web page": Row(_said(b"<html>Please log in</html>"), NO_JSON),
    "a list": Row(_said(b"[]"), NO_JSON),
    "null": Row(_said(b"null"), NO_JSON),
    "nested without end": Row(_said(b'{"a":' * 100_000), NO_JSON),
    "UTF-16": Row(lambda answer: [answer.text(body=answer.body.decode().encode("utf-16"))], NO_JSON),
    "a token that is never known": Row(lambda answer: [answer.text("401 Unauthorized", body=b"{}")], "401"),
}
"""What may be said of any object."""

READ: dict[str, Row] = {
    "as many values as there may be": Row(
        _with(lambda: b"[" + b'{"a":1},' * 500_000 + b"0]"), closes=False, memory=peak.VALUES
    ),
    "more values than there may be": Row(_with(lambda: b"[" + b'{"a":1},' * 600_000 + b"0]"), NO_JSON),
    "a wide character in 15 MB": Row(
        _with(lambda: '"\U0001f433'.encode() + b"x" * 15 * _MIB + b'"'), closes=False, memory=peak.WIDE
    ),
    "an empty object": Row(_said(b"{}"), "metadata.namespace is missing"),
    "of another name": Row(_of(name="other"), 'of another name, "default/other"'),
    "of another namespace": Row(_of(namespace="other"), 'of another name, "other/'),
    "without a name": Row(_of(name=""), "metadata.name is missing"),
    "annotations that are a list": Row(_of(annotations=[]), "annotations"),
    "annotations that are numbers": Row(_of(annotations={"k8s.v1.cni.cncf.io/networks": 1}), "annotations"),
}
"""What may be said of an object that is read."""

NETWORKS: dict[str, Row] = {
    "two answers for one question": Row(lambda answer: [answer.text() * 2], 'of another name, "default/data"'),
}
"""What comes of it where several questions are on their way at once: it is taken for the next question's answer."""

PODS: dict[str, Row] = {
    "of another UID": Row(_of(uid="00000000-0000-0000-0000-000000000001"), "expected pod UID"),
    "without a UID": Row(_of(uid=""), "metadata.uid is missing"),
}
"""What may be said of a pod."""


def by_code(code: int) -> Row:
    """Return an answer with a status code, and a good document, whatever the code means."""
    if 100 <= code < 200:
        interim = f"HTTP/1.1 {code} Wait\r\n\r\n".encode()
        problem = "switches to another protocol" if code == 101 else ""
        return Row(lambda answer: [interim + answer.text()], problem, closes=bool(problem))
    bodiless = code in {204, 304}

    def says(answer: Answer) -> Iterable[bytes]:
        return [answer.text(f"{code} Whatever", body=b"" if bodiless else None, length=not bodiless)]

    if 200 <= code < 300:
        return Row(says, NO_JSON if bodiless else "", closes=bodiless)
    return Row(says, f"{code} Whatever")
