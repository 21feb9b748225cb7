"""The socket's server, over a real socket in its own thread. Time-outs are of a clock that the test moves."""

from __future__ import annotations

import errno
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import pytest

from multus_py.cluster import frames
from multus_py.daemon import answering
from multus_py.daemon.answering import IDLE, PATIENCE, Server
from multus_py.daemon.traffic import Traffic
from multus_py.daemon.workers import Workers
from tests.fakes.clock import FakeClock
from tests.fakes.desk import FakeDesk, framed
from tests.packaging.calls import eventually


class World:
    """A server that runs, and its clients."""

    def __init__(self, directory: Path, sockets: type[socket.socket] = socket.socket) -> None:
        self.path = str(directory / "socket")
        listener = sockets(socket.AF_UNIX)
        listener.bind(self.path)
        listener.listen(100)
        self.clock, self.desk, self.traffic = FakeClock(), FakeDesk(), Traffic()
        self.workers = Workers(name="test", threads=2)
        self.server = Server(listener, self.desk, workers=self.workers, traffic=self.traffic, clock=self.clock)
        self._thread = threading.Thread(target=self.server.run)
        self._thread.start()
        self._clients: list[Client] = []

    def client(self) -> Client:
        self._clients.append(Client(self.path))
        return self._clients[-1]

    def pass_time(self, seconds: float) -> None:
        """Move the clock, once the server has seen all that was sent by now."""
        rounds = self.client()
        rounds.say("now x")
        assert rounds.answer() == "x"
        rounds.close()
        self.clock.advance(seconds)

    def dropped(self) -> dict[str, int]:
        return {reason: count for (reason,), count in self.traffic.read().dropped.items()}

    def stop(self) -> None:
        self.server.stop()
        self._thread.join(30)
        assert not self._thread.is_alive()

    def close(self) -> None:
        self.desk.go_on.set()
        self.stop()
        self.workers.close()
        for client in self._clients:
            client.close()


class Client:
    """One end of a connection."""

    def __init__(self, path: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        try:
            self._socket.connect(path)
        except OSError:
            self.close()
            raise
        self._socket.settimeout(30)  # now: with one it would not wait for its turn to connect

    def __enter__(self) -> Self:
        return self

    def say(self, *texts: str) -> None:
        self.send(b"".join(framed(text) for text in texts))

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def answer(self) -> str | None:
        """Return an answer, None when we were hung up on."""
        header = self._exactly(frames.HEADER_SIZE)
        return None if header is None else (self._exactly(int.from_bytes(header, "big")) or b"").decode()

    def _exactly(self, size: int) -> bytes | None:
        data = b""
        try:
            while len(data) < size:
                part = self._socket.recv(size - len(data))
                if not part:
                    return None
                data += part
        except ConnectionResetError:
            return None
        return data

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.close()


def test_requests_are_answered_one_after_the_other(world: World) -> None:
    client = world.client()
    world.desk.go_on.set()
    for text in ("now a", "later b", "now c", "later d"):
        client.say(text)
        assert client.answer() == text[-1]


def test_requests_may_come_together_and_are_answered_in_order(world: World) -> None:
    client = world.client()
    world.desk.go_on.set()
    client.say("now a", "later b", "quiet", "now c")
    assert [client.answer() for _ in range(3)] == ["a", "b", "c"]


def test_a_request_may_come_in_pieces(world: World) -> None:
    client = world.client()
    for byte in framed("now a"):
        client.send(bytes([byte]))
    assert client.answer() == "a"


def test_who_waits_for_the_api_server_keeps_nobody_else_waiting(world: World) -> None:
    waiting = [world.client() for _ in range(10)]
    for client in waiting:
        client.say("later a")
    other = world.client()
    other.say("now b")
    assert other.answer() == "b"
    world.desk.go_on.set()
    assert [client.answer() for client in waiting] == ["a"] * 10


def test_what_is_not_to_be_answered_is_taken_although_the_client_is_gone(world: World) -> None:
    client = world.client()
    client.say("quiet")
    client.close()
    eventually(lambda: world.desk.asked == ["quiet"])


def test_who_has_hung_up_is_not_waited_for(world: World) -> None:
    client = world.client()
    client.say("later a")
    eventually(lambda: world.desk.asked == ["later a"])
    client.close()
    world.desk.go_on.set()

    assert world.desk.went_on.acquire(timeout=30)
    eventually(lambda: world.server.connections() == 0)
    assert world.dropped() == {}


def test_an_answer_that_does_not_fit_into_the_socket_goes_in_pieces(world: World) -> None:
    client = world.client()
    client.say("large 5000000", "now b")
    assert len(client.answer() or "") == 5_000_000
    assert client.answer() == "b"


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (framed("rubbish"), "nonsense"),
        (b"GET / HTTP/1.1\r\n\r\n", "nonsense"),
        ((frames.MAX_REQUEST + 1).to_bytes(4, "big"), "nonsense"),
        (framed("fault"), "fault"),
        (framed("fault later"), "fault"),
    ],
    ids=["rubbish", "HTTP", "too large", "our fault", "our fault, later"],
)
def test_a_client_that_is_of_no_use_is_hung_up_on_and_the_others_are_served(
    world: World, said: bytes, reason: str
) -> None:
    client, other = world.client(), world.client()
    client.send(said)
    assert client.answer() is None
    assert world.dropped() == {reason: 1}
    other.say("now a")
    assert other.answer() == "a"


@pytest.mark.parametrize("said", [b"", b"\0\0", framed("now a")[:-1]], ids=["nothing", "half a header", "half a body"])
def test_a_request_has_to_come_in_time(world: World, said: bytes) -> None:
    client = world.client()
    client.send(said)
    world.pass_time(PATIENCE)
    assert client.answer() is None
    assert world.dropped() == {"slow": 1}


def test_a_second_request_has_to_come_in_time_once_it_has_begun(world: World) -> None:
    client = world.client()
    client.say("now a")
    assert client.answer() == "a"
    world.pass_time(IDLE - 1)
    client.send(b"\0")
    eventually(lambda: any(connection.received for connection in world.server._connections))
    world.pass_time(PATIENCE)
    assert client.answer() is None
    assert world.dropped() == {"slow": 1}


def test_between_two_requests_delegates_may_take_their_time(world: World) -> None:
    client = world.client()
    client.say("now a")
    assert client.answer() == "a"
    world.pass_time(IDLE - 1)
    client.say("now b")
    assert client.answer() == "b"
    world.pass_time(IDLE)
    assert client.answer() is None
    assert world.dropped() == {"idle": 1}


def test_an_answer_has_to_be_taken_in_time(world: World) -> None:
    client = world.client()
    client.say("large 5000000")
    eventually(lambda: bool(world.desk.asked))
    world.pass_time(PATIENCE)
    eventually(lambda: world.dropped() == {"slow": 1})


def test_when_it_is_full_who_has_asked_nothing_has_to_go(world: World) -> None:
    silent = [world.client() for _ in range(answering.CONNECTIONS)]
    eventually(lambda: world.server.connections() == answering.CONNECTIONS)
    for client in silent[1:]:
        client.say("now a")
        assert client.answer() == "a"
    newcomer = world.client()
    newcomer.say("now b")

    assert newcomer.answer() == "b"
    assert silent[0].answer() is None
    assert world.dropped() == {"full": 1}
    assert world.client().answer() is None  # everybody is at something by now
    assert world.server.connections() == answering.CONNECTIONS


def test_a_client_that_connects_and_hangs_up_without_end_is_no_trouble(world: World) -> None:
    for _ in range(2000):
        Client(world.path).close()
    client = world.client()
    client.say("now a")
    assert client.answer() == "a"
    eventually(lambda: world.server.connections() == 1)


@pytest.mark.root
def test_another_users_process_is_not_let_in_even_if_it_can_connect() -> None:
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o755)
        world = World(Path(directory))
        Path(world.path).chmod(0o666)
        program = "import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); print(s.recv(1))"
        argv = [sys.executable, "-I", "-S", "-c", program, world.path]
        found = subprocess.run(argv, user=65534, cwd="/", capture_output=True, text=True, check=True)
        client = world.client()
        client.say("now a")

        assert (found.stdout, client.answer()) == ("b''\n", "a")
        assert world.dropped() == {"user": 1}
        world.close()


class Stingy(socket.socket):
    """A listening socket for which there is no descriptor left at first."""

    refused = 0

    def accept(self) -> tuple[socket.socket, object]:
        if not self.refused:
            self.refused += 1
            raise OSError(errno.EMFILE, "Too many open files")
        return super().accept()


def test_without_a_descriptor_left_it_waits_for_one(tmp_path: Path) -> None:
    world = World(tmp_path, Stingy)
    client = world.client()
    client.say("now a")
    assert client.answer() == "a"  # it looks again with the next tick
    world.close()


def test_stopping_hangs_up_on_everybody(world: World) -> None:
    clients = [world.client(), world.client()]
    clients[0].say("later a")
    eventually(lambda: world.desk.asked == ["later a"])
    world.stop()
    assert [client.answer() for client in clients] == [None, None]
    with pytest.raises(ConnectionRefusedError):
        Client(world.path)
