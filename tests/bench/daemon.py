"""`multus daemon` as the installed program's calls meet it: a process of its own, which follows the API server."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from multus_py.cluster import port

_START_SECONDS = 30.0


class DaemonError(Exception):
    """The daemon cannot be used here."""


@dataclass(frozen=True)
class Daemon:
    """A daemon that runs."""

    pid: int
    directory: Path
    """What calls are told to look for it in."""


@contextmanager
def running(program: Path, *, kubeconfig: Path, directory: Path, node: str) -> Iterator[Daemon]:
    """Run the daemon in this network namespace.

    Args:
        program: The installed program.
        kubeconfig: How it reaches the API server.
        directory: For whatever it writes.
        node: The node whose pods it keeps.

    Raises:
        DaemonError: It does not start.
    """
    sockets, nowhere, log = directory / "run", directory / "nowhere", directory / "log"
    nowhere.mkdir(parents=True)
    command = [
        *(str(program), "daemon", "--metrics-port=0", "--skip-config-watch", f"--cni-conf-dir={nowhere}"),
        *(f"--multus-autoconfig-dir={nowhere}", f"--socket-dir={sockets}"),
        *(f"--kubeconfig={kubeconfig}", f"--node-name={node}"),
    ]
    with (
        log.open("wb") as output,
        subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output) as process,
    ):
        try:
            _wait_for_socket(sockets / port.SOCKET, process, log)
            yield Daemon(process.pid, sockets)
        finally:
            process.terminate()


def _wait_for_socket(path: Path, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError), socket.socket(socket.AF_UNIX) as attempt:
            attempt.connect(str(path))
            return
        time.sleep(0.05)
    raise DaemonError(f"the daemon does not start: {log.read_text(errors='replace')[-600:]}")
