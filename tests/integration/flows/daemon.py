"""`multus daemon` as a process of its own on the node of a test: started, stopped, hung and killed as tests like."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

from multus_py.cluster import port
from multus_py.lab.node import Node

_START_SECONDS = 30.0
NODE = "node1"
"""The node's name in the cluster."""


class DaemonProcess:
    """The daemon of a node; it ends with the test."""

    def __init__(self, node: Node) -> None:
        """Name the node; nothing is started yet."""
        self._node = node
        self.directory = node.daemon
        self.socket = self.directory / port.SOCKET
        self._process: subprocess.Popen[bytes] | None = None
        self._log = node.directory / "daemon.log"

    def start(self, *program: str | Path) -> None:
        """Start it, and wait until it lets calls in.

        Args:
            program: What to start in place of the node's Multus.
        """
        nowhere = self._node.directory / "nowhere"  # the node's configuration is the test's business
        nowhere.mkdir(exist_ok=True)
        command = [
            *map(str, program or [self._node.plugins / "multus"]),
            *("daemon", "--metrics-port", "0", "--skip-config-watch", "--node-name", NODE),
            *("--socket-dir", str(self.directory), "--kubeconfig", str(self._node.kubeconfig)),
            *("--cni-conf-dir", str(nowhere), "--multus-autoconfig-dir", str(nowhere)),
        ]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._node.namespace.command(command), stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        deadline = time.monotonic() + _START_SECONDS
        while not self._lets_in():
            assert self._process.poll() is None, f"the daemon has ended: {self.log}"
            assert time.monotonic() < deadline, f"the daemon lets nobody in: {self.log}"
            time.sleep(0.02)

    @property
    def pid(self) -> int:
        return self._running().pid

    @property
    def log(self) -> str:
        return self._log.read_text()

    @property
    def fallbacks(self) -> int:
        """Return how many calls did without it, over all its lives."""
        return (self.directory / port.FALLBACKS).stat().st_size

    def kill(self) -> None:
        """End it without giving it a chance: its socket stays."""
        self._signal(signal.SIGKILL)
        self._wait()

    def stop(self) -> None:
        """Ask it to end, if it is there."""
        if self._process is not None:
            self._signal(signal.SIGCONT)
            self._signal(signal.SIGTERM)
            self._wait()

    def hang(self) -> None:
        """Stop it in the middle of whatever it does."""
        self._signal(signal.SIGSTOP)
        state = Path(f"/proc/{self._running().pid}/stat")
        while state.read_text().rpartition(")")[2].split()[0] != "T":
            time.sleep(0.001)

    def go_on(self) -> None:
        """Let it go on where it was stopped."""
        self._signal(signal.SIGCONT)

    def _lets_in(self) -> bool:
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as attempt:
            attempt.connect(str(self.socket))
            return True
        return False

    def _running(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "the daemon was not started"
        return self._process

    def _signal(self, number: signal.Signals) -> None:
        os.kill(self._running().pid, number)

    def _wait(self) -> None:
        self._running().wait(_START_SECONDS)
        self._process = None
