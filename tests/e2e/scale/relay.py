"""Between clients and the API server: passes bytes on, counts them, and hangs up on everybody when it is told to.

    python -m tests.e2e.scale.relay ADDRESS PORT SERVER-PORT

It reads commands from its standard input, a line each, answers each with a line, and ends with it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from dataclasses import dataclass

from tests.e2e.scale.child import Child

_CHUNK = 1 << 18


@dataclass(frozen=True)
class Bytes:
    """What went through, TLS included, TCP's and IP's headers not."""

    received: int
    """From the server."""
    sent: int
    """To the server."""
    connections: int
    """How many were made."""


class Relay:
    """The relay, from outside: a process of its own, which shares no interpreter with those that it serves."""

    def __init__(self, address: str, port: int, *, server_port: int) -> None:
        """Start it; it takes connections when this returns."""
        self._child = Child("tests.e2e.scale.relay", address, str(port), str(server_port))
        self._child.ask("count")

    def count(self) -> Bytes:
        """Return what went through so far."""
        return Bytes(**json.loads(self._child.ask("count")))

    def cut(self) -> None:
        """Hang up on everybody."""
        self._child.ask("cut")

    def close(self) -> None:
        """End it."""
        self._child.close()


class _Relaying:
    def __init__(self, address: str, port: int) -> None:
        self._server = address, port
        self._open: set[asyncio.StreamWriter] = set()
        self._counts = {"received": 0, "sent": 0, "connections": 0}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._counts["connections"] += 1
        try:
            server_reader, server_writer = await asyncio.open_connection(*self._server)
        except OSError:
            writer.close()
            return
        both = {writer, server_writer}
        self._open |= both
        directions = self._pass(reader, server_writer, "sent"), self._pass(server_reader, writer, "received")
        await asyncio.gather(*directions)
        self._open -= both

    def answer(self, command: str) -> str:
        if command == "cut":
            for writer in self._open:
                writer.transport.abort()
        return json.dumps(self._counts)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, direction: str) -> None:
        with contextlib.suppress(OSError):
            while part := await reader.read(_CHUNK):
                self._counts[direction] += len(part)
                writer.write(part)
                await writer.drain()
        writer.close()


async def main(address: str, port: int, server_port: int) -> None:
    """Relay until standard input ends."""
    relaying = _Relaying(address, server_port)
    server = await asyncio.start_server(relaying.serve, address, port, backlog=4096)
    commands = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(commands)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin)
    while line := await commands.readline():
        print(relaying.answer(line.decode().strip()), flush=True)
    server.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
