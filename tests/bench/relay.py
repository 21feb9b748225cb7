"""A way out of the node's namespace, to a real API server: whatever connects to the server's address is passed on.

    python -m tests.bench.relay NAMESPACE ADDRESS PORT

It listens inside the namespace, connects from where it was started, and ends with its standard input.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import kubernetes

from multus_py.lab import netlink
from multus_py.lab.netns import Namespace

_LOOPBACK_INDEX = 1
_CHUNK = 1 << 16


@contextmanager
def to_server(kubeconfig: Path, node: Namespace) -> Iterator[None]:
    """Make the server that a kubeconfig names reachable in the node's namespace, under its own address.

    Raises:
        ValueError: The kubeconfig names the server other than by its address: there is no DNS in the namespace.
        RuntimeError: The relay does not start.
    """
    access = kubernetes.client.Configuration()
    kubernetes.config.load_kube_config(str(kubeconfig), client_configuration=access)
    server = urlsplit(access.host)
    address = ip_address(server.hostname or "")
    if not address.is_loopback:
        netlink.add_address(node.path, index=_LOOPBACK_INDEX, address=f"{address}/{address.max_prefixlen}")
    command = [sys.executable, "-m", "tests.bench.relay", node.name, str(address), str(server.port or 443)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        if process.stdout is None or process.stdout.readline() != b"ready\n":
            raise RuntimeError("the relay to the API server does not start")
        try:
            yield
        finally:
            process.communicate()  # ends its input


def main(node: Namespace, address: str, port: int) -> None:
    """Pass connections on until standard input ends."""
    listener = node.listen(address, port)
    threading.Thread(target=_accept, args=(listener, address, port), daemon=True).start()
    os.write(1, b"ready\n")
    os.read(0, 1)


def _accept(listener: socket.socket, address: str, port: int) -> None:
    while True:
        inner, _ = listener.accept()
        outer = socket.create_connection((address, port))
        for source, sink in ((inner, outer), (outer, inner)):
            source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=_pass_on, args=(source, sink), daemon=True).start()


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    try:
        while part := source.recv(_CHUNK):
            sink.sendall(part)
        sink.shutdown(socket.SHUT_WR)
    except OSError:  # one side hung up; the other will notice
        sink.close()


if __name__ == "__main__":
    main(Namespace(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
