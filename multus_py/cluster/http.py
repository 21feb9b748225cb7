"""HTTP/1.1, the client's side, on a stream of bytes (RFC 9112). Nothing of TLS, Kubernetes or retries here.

One connection, kept between requests. What a server may send is bounded, and every read ends at the caller's deadline.
Failures of the connection are OSErrors; an answer that is not HTTP is a ProtocolError.
"""

from __future__ import annotations

from multus_py.base import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Protocol, TypeAlias

    from multus_py.base.clock import Deadline

    class Stream(Protocol):
        """A connection to the server."""

        def send(self, data: bytes, deadline: Deadline) -> None:
            """Write all of it. Raises OSError."""

        def receive(self, size: int, deadline: Deadline) -> bytes:
            """Return what has come, at most `size` bytes, nothing at the end of the stream. Raises OSError."""

        def close(self) -> None:
            """Close the connection."""

    Dial: TypeAlias = Callable[[Deadline], Stream]


_MAX_HEAD = 64 << 10
_MAX_LINE = 8 << 10
_MAX_BODY = 16 << 20
_CHUNK = 64 << 10
_END = b"\r\n"
_DIGITS = frozenset("0123456789")
_HEX = frozenset("0123456789abcdefABCDEF")


class ProtocolError(Exception):
    """What the server sent is not HTTP/1.1, or has no bounds."""


class Response(value.Value):
    """A server's final answer to one request."""

    status: int
    reason: str = ""
    headers: Mapping[str, str]
    """By name in lower case; a header that was there twice has both values, joined with a comma."""
    body: bytes = b""

    def __repr__(self) -> str:
        """Show the size of the body only: it may hold a secret."""
        return f"Response({self.status} {self.reason}, {len(self.body)} bytes)"


class Connection:
    """A connection to one server, opened when it is first needed and again after the server has closed it."""

    def __init__(self, dial: Dial) -> None:
        """Prepare; nothing is connected yet."""
        self._dial = dial
        self._stream: Stream | None = None

    def request(self, message: bytes, deadline: Deadline) -> Response:
        """Send a request and return the answer.

        A server may close a kept connection at any time. If that has happened, without a byte of an answer, the
        request is sent once more on a new one: so no request should do harm when it arrives twice.

        Args:
            message: What `compose` wrote.
            deadline: When all of the answer must have come.

        Raises:
            ProtocolError: The answer is not HTTP.
            OSError: The connection failed; TimeoutError: at the deadline.
        """
        kept, self._stream = self._stream, None
        if kept is not None:
            try:
                return self._exchange(kept, message, deadline)
            except _UnansweredError:
                pass
        return self._exchange(self._dial(deadline), message, deadline)

    def request_several(self, messages: Sequence[bytes], deadline: Deadline) -> list[Response]:
        """Send requests one behind the other, without waiting in between (RFC 9112, 9.3.2); return their answers.

        Returns:
            The answers in order, as many as came, and as have room together. A request without one may have arrived
            nevertheless.

        Raises:
            OSError: There was no connection, and none could be made.
        """
        stream, self._stream = self._stream or self._dial(deadline), None
        answers: list[Response] = []
        reader = Reader(stream, deadline)
        try:
            stream.send(b"".join(messages), deadline)
            for _ in messages:
                answers.append(read_response(reader))
                if not _is_kept(answers[-1]):
                    break
                if sum(len(answer.body) for answer in answers) > _MAX_BODY:
                    raise _too_large()
        except (OSError, ProtocolError):
            stream.close()
        except BaseException:
            stream.close()
            raise
        else:
            self._keep(stream, reader, answers[-1])
        return answers

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def _exchange(self, stream: Stream, message: bytes, deadline: Deadline) -> Response:
        reader = Reader(stream, deadline)
        try:
            try:
                stream.send(message, deadline)
                response = read_response(reader)
            except ConnectionError as error:
                raise error if reader.started else _UnansweredError(str(error)) from error
        except BaseException:
            stream.close()
            raise
        self._keep(stream, reader, response)
        return response

    def _keep(self, stream: Stream, reader: Reader, last: Response) -> None:
        """Keep a connection after its last answer, if it can be used again."""
        if _is_kept(last) and reader.is_empty:
            self._stream = stream
        else:
            stream.close()


class _UnansweredError(ConnectionError):
    """The connection ended before there was any answer."""


class Reader:
    """Reads a stream in the portions that HTTP has.

    They are collected in one piece of memory: as bytes objects, two bytes that came by themselves would take fifty.
    """

    def __init__(self, stream: Stream, deadline: Deadline) -> None:
        """Read until the deadline."""
        self._stream = stream
        self._deadline = deadline
        self._buffer = b""
        self.started = False
        """Whether anything has come."""

    @property
    def is_empty(self) -> bool:
        """Whether all that has come was also asked for."""
        return not self._buffer

    def until(self, mark: bytes, limit: int) -> bytes:
        """Return what stands before a mark, and skip the mark. Raises ProtocolError, OSError."""
        while (index := self._buffer.find(mark)) < 0 and len(self._buffer) <= limit:
            self._buffer += self._more()
        if not 0 <= index <= limit:
            raise ProtocolError(f"the server sent more than {limit} bytes where a line or the headers should end")
        found, self._buffer = self._buffer[:index], self._buffer[index + len(mark) :]
        return found

    def exactly(self, size: int) -> bytes:
        """Return that many bytes. Raises OSError."""
        data = bytearray(self._buffer)
        while len(data) < size:
            data += self._more()
        self._buffer = bytes(data[size:])
        del data[size:]
        return bytes(data)

    def rest(self, limit: int) -> bytes:
        """Return all there is to the end of the stream. Raises ProtocolError, OSError."""
        data, self._buffer = bytearray(self._buffer), b""
        while part := self._receive():
            data += part
            if len(data) > limit:
                raise _too_large()
        return bytes(data)

    def _more(self) -> bytes:
        part = self._receive()
        if not part:
            raise ConnectionResetError("the server ended the connection")
        return part

    def _receive(self) -> bytes:
        part = self._stream.receive(_CHUNK, self._deadline)
        self.started = self.started or bool(part)
        return part


def read_response(reader: Reader) -> Response:
    """Read one final response; interim ones (1xx) are skipped. Raises ProtocolError, OSError."""
    head = read_head(reader)
    while 100 <= head.status < 200:
        if head.status == 101:
            raise ProtocolError("the server switches to another protocol, unasked")
        head = read_head(reader)
    return head.replace(body=read_body(reader, head))


def read_head(reader: Reader) -> Response:
    """Read a status line and the headers (RFC 9112, 4 and 5). Raises ProtocolError, OSError."""
    first, *lines = reader.until(_END + _END, _MAX_HEAD).decode("latin-1").split("\r\n")
    version, _, rest = first.partition(" ")
    code, _, reason = rest.partition(" ")
    if not version.startswith("HTTP/1.") or len(code) != 3 or not _DIGITS.issuperset(code):
        raise ProtocolError("the server does not answer in HTTP/1.1")
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, text = line.partition(":")
        if not (colon and name) or name != name.strip():  # a folded line is one of these, too
            raise ProtocolError("the server sent a malformed header")
        name, text = name.lower(), text.strip(" \t")
        headers[name] = f"{headers[name]}, {text}" if name in headers else text
    if version == "HTTP/1.0":
        headers["connection"] = "close"  # it may mean otherwise, but is not worth the trouble
    return Response(status=int(code), reason=reason.strip(), headers=headers)


def compose(method: str, target: str, headers: Mapping[str, str], body: bytes | None = None) -> bytes:
    """Write a request (RFC 9112, 3). Raises ProtocolError when a header would break out of its line."""
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {text}" for name, text in headers.items())]
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    if not all(line.isascii() and line.isprintable() for line in lines):
        raise ProtocolError("a header to be sent has line breaks or characters outside ASCII in it")
    return "\r\n".join([*lines, "", ""]).encode() + (body or b"")


def _is_kept(response: Response) -> bool:
    options = response.headers.get("connection", "").lower().split(",")
    return "close" not in (option.strip() for option in options) and _has_length(response)


def _has_length(response: Response) -> bool:
    """Tell whether the response says where its body ends, other than with the connection (RFC 9112, 6.3)."""
    headers = response.headers
    return response.status in {204, 304} or "content-length" in headers or "transfer-encoding" in headers


def read_body(reader: Reader, head: Response) -> bytes:
    """Read the body that follows a head. Raises ProtocolError, OSError."""
    if head.status in {204, 304}:
        return b""
    if _is_chunked(head):
        return _read_chunks(reader)
    if not _has_length(head):
        return reader.rest(_MAX_BODY)
    lengths = {text.strip() for text in head.headers["content-length"].split(",")}
    length = lengths.pop()
    if lengths or not length or not _DIGITS.issuperset(length):
        raise ProtocolError("the server sent a malformed Content-Length")
    return reader.exactly(_bounded(length, 10))


def read_lines(reader: Reader, head: Response) -> Iterator[bytes]:
    """Read the body that follows a head line by line, as the lines come; it may have no end.

    Raises:
        ProtocolError: The body is not framed as it should be, or a line is too long.
        OSError: The connection failed.
    """
    begun = bytearray()  # a line whose end has not come
    for part in _parts(reader, head):
        begun += part
        if len(begun) > _MAX_BODY:
            raise _too_large()
        if b"\n" in part:
            *lines, rest = bytes(begun).split(b"\n")
            begun = bytearray(rest)
            yield from (line for line in lines if line)
    if begun:
        yield bytes(begun)


def _parts(reader: Reader, head: Response) -> Iterator[bytes]:
    """Read a body as the server sends it, part by part."""
    if not _is_chunked(head):
        yield read_body(reader, head)
        return
    while chunk := _read_chunk(reader):
        yield chunk


def _is_chunked(head: Response) -> bool:
    """Tell whether a body comes in chunks. Raises ProtocolError: it is framed in a way that we do not know."""
    coding = head.headers.get("transfer-encoding")
    if coding is None:
        return False
    if coding.lower() != "chunked" or "content-length" in head.headers:  # both: a smuggler at work, or a broken proxy
        raise ProtocolError("the server frames its answer in a way that cannot be read")
    return True


def _read_chunks(reader: Reader) -> bytes:
    """Read a body in chunks (RFC 9112, 7.1); the trailers mean nothing to us."""
    body = bytearray()
    while chunk := _read_chunk(reader, room=_MAX_BODY - len(body)):
        body += chunk
    trailers = 0
    while line := reader.until(_END, _MAX_LINE):
        trailers += len(line)
        if trailers > _MAX_HEAD:
            raise ProtocolError("the server sent trailers without end")
    return bytes(body)


def _read_chunk(reader: Reader, *, room: int = _MAX_BODY) -> bytes:
    """Read one chunk, whose extensions mean nothing to us; the last one is empty."""
    text = reader.until(_END, _MAX_LINE).decode("latin-1").partition(";")[0].strip(" \t")
    if not text or not _HEX.issuperset(text):
        raise ProtocolError("the server sent a malformed chunk")
    chunk = reader.exactly(_bounded(text, 16, room))
    if chunk and reader.until(_END, _MAX_LINE):
        raise ProtocolError("the server sent a malformed chunk")
    return chunk


def _bounded(digits: str, base: int, room: int = _MAX_BODY) -> int:
    """Return a size that was announced. Very long numbers are not even read."""
    if len(digits) > 18 or int(digits, base) > room:
        raise _too_large()
    return int(digits, base)


def _too_large() -> ProtocolError:
    return ProtocolError(f"the server's answer is larger than {_MAX_BODY >> 20} MiB")
