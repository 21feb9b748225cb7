"""Ways to the server: with a proxy between, that is."""

from __future__ import annotations

import base64
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from multus_py.base.clock import Deadline, SystemClock
from multus_py.base.log import Log, Options
from multus_py.cluster import errors, kubeconfig, sockets, url
from multus_py.cluster.direct import Direct
from multus_py.cluster.kubeconfig import Access
from multus_py.lab.apiserver import APIServer
from tests.fakes.clock import FakeClock
from tests.unit.cluster.loopback import answering, read_head, relay, serving, soon

USER = "me:s@cret"
BASIC = base64.b64encode(USER.encode())


def tunnel(server: APIServer, heard: list[bytes]) -> Callable[[socket.socket], None]:
    """Return what a proxy does that hands everything on to the server, whatever it is asked for."""
    target = url.parse(server.url)

    def talk(connection: socket.socket) -> None:
        heard.append(read_head(connection))
        with socket.create_connection((target.host, target.port)) as onward:
            connection.sendall(b"HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n")
            relay(connection, onward)

    return talk


def through(access: Access, port: int, *, user: str = "") -> Direct:
    proxy = url.URL(scheme="http", host="127.0.0.1", port=port, user=user)
    return Direct(access.replace(proxy_url=proxy), clock=FakeClock(), log=Log(Options(stderr=False)))


@pytest.fixture
def access(server: APIServer, tmp_path: Path) -> Access:
    return kubeconfig.load(str(server.kubeconfig(tmp_path / "kubeconfig")))


@pytest.mark.parametrize("user", ["", USER], ids=["nobody", "a user"])
def test_tls_goes_through_a_tunnel(server: APIServer, access: Access, user: str) -> None:
    heard: list[bytes] = []
    with serving(tunnel(server, heard)) as proxy:
        direct = through(access, proxy.port, user=user)
        assert direct.get_pod("default", "web").name == "web"
        assert direct.get_pod("default", "web").name == "web"
        direct.close()
    (head,) = heard
    place = access.server.authority.encode()
    assert head.startswith(b"CONNECT %b HTTP/1.1\r\nHost: %b\r\n" % (place, place))
    assert (b"Proxy-Authorization: Basic " + BASIC in head) is bool(user)
    assert server.token().encode() not in head
    assert "Proxy-Authorization" not in dict(server.requests[0].headers)


def test_a_request_in_the_clear_is_given_to_the_proxy_itself(access: Access) -> None:
    heard: list[bytes] = []
    found = b'{"metadata":{"namespace":"default","name":"web","uid":"u"}}'
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(found), found)
    with serving(answering(answer, answer, heard=heard)) as proxy:
        direct = through(access.replace(server=url.parse("http://api.example/prefix")), proxy.port, user=USER)
        for _ in range(2):
            assert direct.get_pod("default", "web").uid == "u"
        direct.close()
    for head in heard:
        assert head.startswith(b"GET http://api.example:80/prefix/api/v1/namespaces/default/pods/web HTTP/1.1\r\n")
        assert b"Host: api.example:80\r\n" in head
        assert b"Proxy-Authorization: Basic " + BASIC in head


@pytest.mark.parametrize(
    ("answer", "failure", "message"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", errors.ClusterError, "does not connect us: 407 Proxy"),
        (b"HTTP/1.1 503 Service Unavailable\r\n\r\n", errors.UnavailableError, "answered 503 Service Unavailable"),
        (b"HTTP/1.1 200 OK\r\n\r\nalready talking", errors.ClusterError, "does not connect us"),
        (b"SSH-2.0-x\r\n\r\n", errors.ClusterError, "does not answer in HTTP"),
        (b"", errors.UnavailableError, "ended the connection"),
    ],
    ids=["407", "503", "talkative", "no proxy", "closed"],
)
def test_a_proxy_that_does_not_connect_us_is_named_without_its_password(
    access: Access, answer: bytes, failure: type[errors.ClusterError], message: str
) -> None:
    with serving(answering(answer, heard=[])) as proxy, pytest.raises(errors.ClusterError, match=message) as caught:
        through(access, proxy.port, user=USER).get_pod("default", "web")
    assert type(caught.value) is failure
    assert "cret" not in str(caught.value)


def test_a_plain_stream_carries_large_messages() -> None:
    size = 5 << 20

    def echo(connection: socket.socket) -> None:
        data = b""
        while len(data) < size:
            data += connection.recv(1 << 20)
        connection.sendall(data)

    with serving(echo) as server:
        stream = sockets.Plain(server.connect())
        stream.send(b"x" * size, soon())
        heard = 0
        while part := stream.receive(1 << 16, soon()):
            heard += len(part)
        stream.close()
    assert heard == size


@pytest.mark.parametrize("seconds", [0.02, 1e-9], ids=["soon", "now"])
def test_a_silent_stream_costs_no_more_than_the_time_there_is(seconds: float) -> None:
    def listen_only(connection: socket.socket) -> None:
        connection.recv(1)

    with serving(listen_only) as server:
        stream = sockets.Plain(server.connect())
        with pytest.raises(TimeoutError):
            stream.receive(1, soon(seconds))
        stream.close()


def test_a_connection_that_cannot_be_made_in_time_fails() -> None:
    with pytest.raises(TimeoutError):
        sockets.connect("127.0.0.1", 1, clock=SystemClock(), deadline=soon(1e-9))


def test_without_a_limit_a_connection_waits_as_long_as_it_takes() -> None:
    with serving(lambda connection: connection.sendall(b"x")) as server:
        never = Deadline(SystemClock(), None)
        stream = sockets.Plain(sockets.connect("localhost", server.port, clock=SystemClock(), deadline=never))
        assert stream.receive(1, never) == b"x"
        stream.close()
