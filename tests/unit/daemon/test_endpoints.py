from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator
from http import HTTPStatus

import pytest

from multus_py.daemon.endpoints import CONNECTIONS, Answer, Endpoints

ANSWERS = {
    "/healthz": lambda _: Answer(status=HTTPStatus.OK, body=b"ok\n"),
    "/readyz": lambda _: Answer(status=HTTPStatus.SERVICE_UNAVAILABLE, body=b"waiting\n"),
    "/accept": lambda accept: Answer(status=HTTPStatus.OK, body=accept.encode()),
}


def free_port(address: str = "127.0.0.1") -> int:
    with socket.create_server((address, 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@pytest.fixture
def port() -> Iterator[int]:
    port = free_port()
    endpoints = Endpoints(address="127.0.0.1", port=port, routes=ANSWERS)
    assert endpoints.start() == ""
    yield port
    endpoints.close()


def ask(port: int, path: str, *, method: str = "GET", host: str = "127.0.0.1", **headers: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(host, port, timeout=10)
    connection.request(method, path, headers=headers)
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response.status, body


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/healthz", (200, b"ok\n")),
        ("/readyz", (503, b"waiting\n")),
        ("/readyz?verbose", (503, b"waiting\n")),
        ("/", (404, b"there are: /healthz /readyz /accept")),
    ],
)
def test_each_path_has_its_answer(port: int, path: str, answer: tuple[int, bytes]) -> None:
    assert ask(port, path) == answer


def test_head_is_answered_without_the_body(port: int) -> None:
    assert ask(port, "/readyz", method="HEAD") == (503, b"")


def test_other_methods_are_refused(port: int) -> None:
    assert ask(port, "/healthz", method="POST")[0] == HTTPStatus.NOT_IMPLEMENTED


def test_who_answers_learns_what_the_client_accepts(port: int) -> None:
    assert ask(port, "/accept", Accept="text/plain") == (200, b"text/plain")


def test_clients_that_say_nothing_keep_nobody_from_an_answer(port: int) -> None:
    silent = [socket.create_connection(("127.0.0.1", port)) for _ in range(CONNECTIONS * 3)]

    assert ask(port, "/healthz") == (200, b"ok\n")
    assert silent[0].recv(1) == b"", "the oldest had to go"
    for connection in silent:
        connection.close()


def test_rubbish_is_no_harm(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"\x16\x03\x01 rubbish\r\n\r\n")
        connection.recv(1000)

    assert ask(port, "/healthz") == (200, b"ok\n")


def test_a_port_that_is_taken_is_tried_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        endpoints = Endpoints(address="127.0.0.1", port=port, routes=ANSWERS)
        assert endpoints.start() == (
            f"cannot answer on port {port} of 127.0.0.1 (Address already in use):"
            " no probe and no metrics. Free it, or choose another with --metrics-port"
        )

    assert endpoints.start() == ""
    assert endpoints.start() == "", "it answers already"
    assert ask(port, "/healthz") == (200, b"ok\n")
    endpoints.close()


def test_port_0_is_no_port() -> None:
    endpoints = Endpoints(address="", port=0, routes=ANSWERS)

    assert endpoints.start() == ""
    endpoints.close()


def test_no_address_means_all_of_them() -> None:
    port = free_port("")
    endpoints = Endpoints(address="", port=port, routes=ANSWERS)
    assert endpoints.start() == ""

    assert ask(port, "/healthz", host="127.0.0.1") == (200, b"ok\n")
    if socket.has_dualstack_ipv6():
        assert ask(port, "/healthz", host="::1") == (200, b"ok\n")
    endpoints.close()


def test_after_closing_nobody_answers(port: int) -> None:
    endpoints = Endpoints(address="127.0.0.1", port=(other := free_port()), routes=ANSWERS)
    endpoints.start()
    endpoints.close()

    with pytest.raises(ConnectionRefusedError):
        ask(other, "/healthz")
