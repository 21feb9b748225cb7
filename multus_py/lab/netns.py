"""Named network namespaces: the lab's nodes and its pods' sandboxes."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from multus_py.lab import netlink
from multus_py.lab.netlink import Interface, Route

NETNS_DIR = Path("/run/netns")
"""Where `ip netns` keeps the names."""


@dataclass(frozen=True)
class Namespace:
    """A network namespace with a name. As a context manager it exists from entry to exit."""

    name: str

    @property
    def path(self) -> Path:
        """Return the file that stands for the namespace, as CNI_NETNS wants it."""
        return NETNS_DIR / self.name

    def create(self) -> None:
        """Make the namespace, with `lo` up.

        Raises:
            LinkError: When the name is taken or the kernel refuses.
        """
        netlink.create_namespace(self.path)

    def remove(self) -> None:
        """Remove the namespace and with it all its virtual interfaces; one that is gone is not an error."""
        netlink.remove_namespace(self.path)

    def __enter__(self) -> Self:
        """Make the namespace."""
        self.create()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove the namespace."""
        self.remove()

    def interfaces(self) -> tuple[Interface, ...]:
        """Return the interfaces inside."""
        return netlink.interfaces(self.path)

    def interface(self, name: str) -> Interface | None:
        """Return the interface with that name, if there is one."""
        return next((interface for interface in self.interfaces() if interface.name == name), None)

    def routes(self) -> tuple[Route, ...]:
        """Return the unicast routes inside."""
        return netlink.routes(self.path)

    def listen(self, address: str, port: int = 0) -> socket.socket:
        """Return a TCP socket that listens inside; the process itself stays where it is."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        return netlink.inside(self.path, lambda: socket.create_server((address, port), family=family))

    def command(self, argv: Sequence[str]) -> list[str]:
        """Return the command line that runs `argv` inside."""
        return ["nsenter", f"--net={self.path}", "--", *argv]

    def run(
        self,
        argv: Sequence[str],
        *,
        timeout: float = 30,
        stdin: str = "",
        env: Mapping[str, str] | None = None,
        check: bool = True,
    ) -> subprocess.CompletedProcess[str]:
        """Run a program inside and return what became of it. See `run`.

        Raises:
            subprocess.TimeoutExpired: When it takes longer than `timeout` seconds.
            subprocess.CalledProcessError: When it fails and `check` is set.
        """
        return run(self.command(argv), timeout=timeout, stdin=stdin, env=env, check=check)


def run(
    argv: Sequence[str],
    *,
    timeout: float = 30,
    stdin: str = "",
    env: Mapping[str, str] | None = None,
    check: bool = True,
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end; when time is up, end it together with everything that it started.

    Raises:
        subprocess.TimeoutExpired: When it takes longer than `timeout` seconds.
        subprocess.CalledProcessError: When it fails and `check` is set.
    """
    pipe = subprocess.PIPE
    with subprocess.Popen(
        argv, stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=env, start_new_session=True
    ) as process:
        try:
            out, err = process.communicate(stdin, timeout)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    done = subprocess.CompletedProcess(list(argv), process.returncode, out, err)
    if check:
        done.check_returncode()
    return done
