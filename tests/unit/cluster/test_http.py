from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from multus_py.base.clock import Deadline
from multus_py.cluster import http
from tests.fakes.clock import FakeClock
from tests.fakes.stream import FakeDial, FakeStream

MIB = 1 << 20


def deadline() -> Deadline:
    return Deadline(FakeClock(), 10)


def get(connection: http.Connection, target: str = "/x") -> http.Response:
    return connection.request(message(target), deadline())


def message(target: str) -> bytes:
    return http.compose("GET", target, {"Host": "h"})


def ask(*script: bytes | OSError) -> http.Response:
    return get(http.Connection(FakeDial(FakeStream(*script))))


def bytewise(data: bytes) -> list[bytes]:
    return [data[index : index + 1] for index in range(len(data))]


ANSWERS = [
    pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", 200, b"hi", id="content-length"),
    pytest.param(b"HTTP/1.1 200 OK\r\ncontent-LENGTH:2 \r\n\r\nhi", 200, b"hi", id="any case, any blanks"),
    pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nhi", 200, b"hi", id="content-length twice, the same"),
    pytest.param(b"HTTP/1.1 404 \r\nContent-Length: 0\r\n\r\n", 404, b"", id="no reason"),
    pytest.param(b"HTTP/1.1 404\r\nContent-Length: 0\r\n\r\n", 404, b"", id="no blank behind the status"),
    pytest.param(b"HTTP/1.1 204 No Content\r\n\r\n", 204, b"", id="no content"),
    pytest.param(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n", 304, b"", id="never a body"),
    pytest.param(b"HTTP/1.1 200 OK\r\n\r\nuntil the end", 200, b"until the end", id="connection-close"),
    pytest.param(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", 200, b"hi", id="HTTP/1.0"),
    pytest.param(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\nA;x=1\r\n0123456789\r\n0\r\n\r\n",
        200,
        b"hi0123456789",
        id="chunked",
    ),
    pytest.param(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nTrailer: x\r\nOther: y\r\n\r\n",
        200,
        b"",
        id="trailers",
    ),
    pytest.param(
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1",
        200,
        b"1",
        id="interim answers",
    ),
]


@pytest.mark.parametrize(("data", "status", "body"), ANSWERS)
@pytest.mark.parametrize("parts", [lambda data: [data], bytewise], ids=["at once", "byte by byte"])
def test_an_answer_is_read_however_it_arrives(
    parts: Callable[[bytes], list[bytes]], data: bytes, status: int, body: bytes
) -> None:
    response = ask(*parts(data))
    assert (response.status, response.body) == (status, body)


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        pytest.param(b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "not answer in HTTP", id="another protocol"),
        pytest.param(b"HTTP/2 200\r\n\r\n", "not answer in HTTP", id="HTTP/2"),
        pytest.param(b"HTTP/1.1 2x0 OK\r\n\r\n", "not answer in HTTP", id="status is no number"),
        pytest.param(b"HTTP/1.1 20 OK\r\n\r\n", "not answer in HTTP", id="short status"),
        pytest.param(b"HTTP/1.1 2\xb90 OK\r\n\r\n", "not answer in HTTP", id="superscript digits"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: \xb2\r\n\r\n12", "Content-Length", id="superscript length"),
        pytest.param(b"HTTP/1.1 101 Switching Protocols\r\n\r\n", "another protocol", id="101"),
        pytest.param(b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "malformed header", id="header without colon"),
        pytest.param(b"HTTP/1.1 200 OK\r\n: x\r\n\r\n", "malformed header", id="header without name"),
        pytest.param(b"HTTP/1.1 200 OK\r\nA: x\r\n folded: y\r\n\r\n", "malformed header", id="folded header"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Length : 1\r\n\r\n1", "malformed header", id="blank before the colon"
        ),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "Content-Length", id="negative length"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\n", "Content-Length", id="empty length"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n1", "Content-Length", id="two lengths"
        ),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 16777217\r\n\r\n", "larger than 16 MiB", id="large body"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n", "16 MiB", id="huge length"),
        pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "frames", id="other coding"),
        pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding:\r\n\r\n", "frames", id="no coding"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n", "frames", id="two framings"
        ),
        pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", "malformed chunk", id="chunk size"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n", "malformed chunk", id="no chunk size"
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", "malformed chunk", id="chunk too long"
        ),
        pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1000001\r\n", "16 MiB", id="large chunk"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"0" * 9000, "8192 bytes", id="long line"
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + (b"T: " + b"x" * 7000 + b"\r\n") * 10,
            "trailers without end",
            id="trailers",
        ),
    ],
)
def test_what_is_not_http_is_refused(data: bytes, complaint: str) -> None:
    with pytest.raises((http.ProtocolError, ConnectionResetError), match=complaint):
        ask(*(data[index : index + 4096] for index in range(0, len(data), 4096)))


def test_headers_have_a_bound() -> None:
    with pytest.raises(http.ProtocolError, match="65536"):
        ask(b"HTTP/1.1 200 OK\r\n", *[b"X: " + b"y" * 1000 + b"\r\n"] * 70)


@pytest.mark.parametrize(
    "script",
    [
        pytest.param([b"HTTP/1.1 200 OK\r\n\r\n", *[b"x" * 65536] * 257], id="to the end of the stream"),
        pytest.param(
            [
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
                *[b"10000\r\n" + b"x" * 65000, b"x" * 536 + b"\r\n"] * 257,
            ],
            id="in chunks",
        ),
    ],
)
def test_bodies_that_do_not_announce_their_size_have_a_bound_too(script: list[bytes]) -> None:
    with pytest.raises(http.ProtocolError, match="larger than 16 MiB"):
        ask(*script)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"HTTP/1.1 200",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhi",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhi",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n",
    ],
    ids=["nothing", "in the head", "in the body", "in a chunk", "in the trailers"],
)
def test_an_answer_that_breaks_off_is_a_failed_connection(data: bytes) -> None:
    with pytest.raises(ConnectionError):
        ask(data)


@given(
    st.binary(max_size=200),
    st.sampled_from([b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"]),
)
def test_whatever_a_server_sends_nothing_else_is_raised(data: bytes, start: bytes) -> None:
    try:
        assert len(ask(start + data).body) <= len(data)
    except (http.ProtocolError, ConnectionError):
        pass


def test_headers_are_found_in_lower_case_and_joined() -> None:
    response = ask(b"HTTP/1.1 200 OK\r\nX-A: 1\r\nx-a: 2\r\nContent-Length: 0\r\n\r\n")
    assert response.headers["x-a"] == "1, 2"


def test_a_response_shows_no_body() -> None:
    response = http.Response(status=200, reason="OK", headers={}, body=b"secret")
    assert repr(response) == "Response(200 OK, 6 bytes)"


def test_a_request_looks_as_the_rfc_says() -> None:
    sent = http.compose("PATCH", "/a?b", {"Host": "h:1", "X": "y"}, b"{}")
    assert sent == b"PATCH /a?b HTTP/1.1\r\nHost: h:1\r\nX: y\r\nContent-Length: 2\r\n\r\n{}"


@pytest.mark.parametrize("text", ["a\r\nX-Other: b", "a\nb", "ä"])
def test_a_header_cannot_break_out_of_its_line(text: str) -> None:
    with pytest.raises(http.ProtocolError, match="line breaks"):
        http.compose("GET", "/", {"X": text})


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


def test_a_connection_is_kept_between_requests() -> None:
    stream = FakeStream(OK, OK)
    connection = http.Connection(FakeDial(stream))
    get(connection, "/1")
    get(connection, "/2")
    assert stream.sent.count(b"GET ") == 2
    connection.close()
    assert stream.closed
    connection.close()  # once more does no harm


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nConnection: foo, Close\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        OK + b"more than was asked for",
    ],
    ids=["close", "close among others", "HTTP/1.0", "no length", "surplus"],
)
def test_a_connection_that_cannot_be_kept_is_closed(answer: bytes) -> None:
    first, second = FakeStream(answer), FakeStream(OK)
    connection = http.Connection(FakeDial(first, second))
    get(connection)
    assert first.closed
    get(connection)
    assert not second.closed


@pytest.mark.parametrize(
    "ending",
    [[], [ConnectionResetError("reset")]],
    ids=["closed", "reset"],
)
def test_a_kept_connection_that_the_server_has_closed_is_opened_again(ending: list[OSError]) -> None:
    first, second = FakeStream(OK, *ending), FakeStream(OK)
    connection = http.Connection(FakeDial(first, second))
    get(connection, "/1")
    get(connection, "/2")
    assert first.closed
    assert second.sent.startswith(b"GET /2 ")


def test_a_new_connection_that_fails_is_not_tried_again_here() -> None:
    connection = http.Connection(FakeDial(FakeStream(refuse=BrokenPipeError("broken"))))
    with pytest.raises(ConnectionError):
        get(connection)


def test_a_kept_connection_that_breaks_off_in_an_answer_has_failed() -> None:
    connection = http.Connection(FakeDial(FakeStream(OK, b"HTTP/1.1 200 OK\r\nContent-Le")))
    get(connection)
    with pytest.raises(ConnectionError):
        get(connection)


def test_a_kept_connection_that_times_out_has_failed() -> None:
    stream = FakeStream(OK, TimeoutError("timed out"))
    connection = http.Connection(FakeDial(stream))
    get(connection)
    with pytest.raises(TimeoutError):
        get(connection)
    assert stream.closed


# ------------------------------------------------------------------------------------------- several requests


def answer(body: bytes, *headers: bytes) -> bytes:
    return b"\r\n".join([b"HTTP/1.1 200 OK", b"Content-Length: %d" % len(body), *headers, b"", body])


def get_all(connection: http.Connection, *targets: str) -> list[bytes]:
    return [one.body for one in connection.request_several([message(target) for target in targets], deadline())]


@pytest.mark.parametrize("parts", [lambda data: [data], bytewise], ids=["at once", "byte by byte"])
def test_several_requests_are_sent_before_the_first_answer_is_read(parts: Callable[[bytes], list[bytes]]) -> None:
    stream = FakeStream(*parts(answer(b"one") + answer(b"two") + answer(b"three")), answer(b"four"))
    connection = http.Connection(FakeDial(stream))
    assert get_all(connection, "/1", "/2", "/3") == [b"one", b"two", b"three"]
    assert stream.sent == message("/1") + message("/2") + message("/3")
    assert get(connection, "/4").body == b"four", "the connection is kept"


@pytest.mark.parametrize(
    ("script", "answered"),
    [
        ([], []),
        ([ConnectionResetError("reset")], []),
        ([answer(b"one")], [b"one"]),
        ([answer(b"one"), b"HTTP/1.1 200 OK\r\nContent-Le"], [b"one"]),
        ([answer(b"one"), TimeoutError("timed out")], [b"one"]),
        ([answer(b"one"), b"SSH-2.0-x\r\n\r\n"], [b"one"]),
        ([answer(b"one", b"Connection: close") + answer(b"two")], [b"one"]),
        ([answer(b"one") + answer(b"two") + b"surplus"], [b"one", b"two"]),
    ],
    ids=["closed", "reset", "closed after one", "broken off", "timed out", "no HTTP", "asked to close", "surplus"],
)
def test_of_several_requests_those_are_answered_that_came_through(
    script: list[bytes | OSError], answered: list[bytes]
) -> None:
    first, second = FakeStream(*script), FakeStream(OK)
    connection = http.Connection(FakeDial(first, second))
    assert get_all(connection, "/1", "/2") == answered
    assert first.closed
    get(connection)  # on a connection of its own


def test_of_several_requests_those_are_answered_that_have_room_together() -> None:
    large = answer(bytes(9 << 20))
    parts = [large[start : start + 65536] for start in range(0, len(large), 65536)]
    first, second = FakeStream(*parts, *parts, answer(b"three")), FakeStream(OK)
    connection = http.Connection(FakeDial(first, second))
    assert [len(body) for body in get_all(connection, "/1", "/2", "/3")] == [9 << 20, 9 << 20]
    assert first.closed, "the third answer is still to come there"
    get(connection)


def test_several_requests_that_are_interrupted_leave_no_connection() -> None:
    class Interrupted(FakeStream):
        def receive(self, size: int, deadline: Deadline) -> bytes:
            raise KeyboardInterrupt

    stream = Interrupted()
    with pytest.raises(KeyboardInterrupt):
        get_all(http.Connection(FakeDial(stream)), "/1", "/2")
    assert stream.closed


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def read_lines(*script: bytes | OSError) -> list[bytes]:
    reader = http.Reader(FakeStream(*script), deadline())
    return list(http.read_lines(reader, http.read_head(reader)))


@pytest.mark.parametrize(
    "data",
    [
        CHUNKED + b"4\r\none\n\r\n4\r\ntwo\n\r\n0\r\n\r\n",
        CHUNKED + b"8\r\none\ntwo\n\r\n0\r\n\r\n",
        CHUNKED + b"1\r\no\r\n5\r\nne\ntw\r\n2\r\no\n\r\n0\r\n\r\n",
        CHUNKED + b"7\r\none\ntwo\r\n0\r\n\r\n",
        CHUNKED + b"9\r\n\none\n\ntwo\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\none\ntwo\n",
    ],
    ids=["a chunk a line", "one chunk", "torn lines", "no line end at the end", "empty lines", "not chunked"],
)
@pytest.mark.parametrize("parts", [lambda data: [data], bytewise], ids=["at once", "byte by byte"])
def test_lines_are_read_however_they_arrive(parts: Callable[[bytes], list[bytes]], data: bytes) -> None:
    assert read_lines(*parts(data)) == [b"one", b"two"]


def test_a_line_is_there_as_soon_as_it_has_come() -> None:
    reader = http.Reader(FakeStream(CHUNKED + b"4\r\none\n\r\n", ConnectionResetError("reset")), deadline())
    lines = http.read_lines(reader, http.read_head(reader))
    assert next(lines) == b"one"
    with pytest.raises(ConnectionResetError):
        next(lines)


@pytest.mark.parametrize(
    "data",
    [
        CHUNKED + b"zz\r\n",
        CHUNKED + b"\r\n",
        CHUNKED + b"3\r\nonexx\r\n",
        CHUNKED + b"ffffffff\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\none\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding:\r\n\r\none\n",
    ],
    ids=["no number", "nothing", "no end", "too large", "two framings", "no coding"],
)
def test_lines_that_are_not_framed_as_they_should_be_are_refused(data: bytes) -> None:
    with pytest.raises(http.ProtocolError):
        read_lines(data)


def test_a_line_has_to_end() -> None:
    part = b"x" * (1 << 15)
    chunk = b"%x\r\n%b\r\n" % (len(part), part)
    with pytest.raises(http.ProtocolError, match="larger"):
        read_lines(CHUNKED, *[chunk] * (17 * MIB // len(part)))
