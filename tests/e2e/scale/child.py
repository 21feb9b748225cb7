"""A Python module that runs as a process of its own, and answers each line that it is sent with a line."""

from __future__ import annotations

import subprocess
import sys


class Child:
    """The process. It ends when its standard input does, and so with us at the latest."""

    def __init__(self, module: str, *arguments: str) -> None:
        """Start it."""
        self._module = module
        command = [sys.executable, "-m", module, *arguments]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def send(self, command: str) -> None:
        """Send a command, whose answer is to be received."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{command}\n")
        self._process.stdin.flush()

    def receive(self) -> str:
        """Return the next answer."""
        assert self._process.stdout is not None
        answer = self._process.stdout.readline()
        assert answer, f"{self._module} has ended"
        return answer

    def ask(self, command: str) -> str:
        """Send a command and return its answer."""
        self.send(command)
        return self.receive()

    def close(self) -> None:
        """End it, and wait for that."""
        self._process.communicate()
