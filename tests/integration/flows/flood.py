"""A broken client: it connects to a socket as often as it can, and says nothing, nonsense, or half of something.

    python -m tests.integration.flows.flood SOCKET

It prints how often it has connected, now and then.
"""

from __future__ import annotations

import contextlib
import itertools
import socket
import sys
from collections import deque

OPEN = 300
"""How many connections it has at a time."""
SAYS = (b"", b"\xff\xff\xff\xff", b"GET / HTTP/1.1\r\n\r\n", b"\0\0\0\x50{", b"\0")


def flood(path: str) -> None:
    """Connect without end."""
    lines: deque[socket.socket] = deque()
    for number in itertools.count(1):
        line = socket.socket(socket.AF_UNIX)
        line.settimeout(0)
        with contextlib.suppress(OSError):
            line.connect(path)
            line.send(SAYS[number % len(SAYS)])
        lines.append(line)
        if len(lines) > OPEN:
            lines.popleft().close()
        if number % 1000 == 0:
            sys.stdout.write(f"{number}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    flood(sys.argv[1])
