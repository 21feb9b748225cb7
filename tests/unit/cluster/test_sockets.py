"""Connections: what the kernel is told about them; how they connect, read and write is in test_dial and test_http."""

from __future__ import annotations

import socket

from tests.unit.cluster.loopback import serving


def test_a_server_that_vanishes_without_a_word_is_noticed_after_half_a_minute() -> None:
    with serving(lambda connection: connection.recv(1)) as server:
        connection = server.connect()
        told = {
            name: connection.getsockopt(socket.IPPROTO_TCP, option)
            for name, option in {
                "idle": socket.TCP_KEEPIDLE,
                "interval": socket.TCP_KEEPINTVL,
                "probes": socket.TCP_KEEPCNT,
            }.items()
        }
        assert connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        assert told["idle"] + told["probes"] * told["interval"] == 30
        connection.close()
