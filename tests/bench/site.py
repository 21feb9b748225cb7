"""The place where it happens: a node, the cable to its neighbour, and sandboxes; all of it made and removed here."""

from __future__ import annotations

import ctypes
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from multus_py.lab.links import End, Veth
from multus_py.lab.netns import Namespace
from tests.bench import networks

_CLONE_NEWNET = 0x40000000


@dataclass(frozen=True)
class Site:
    """Where the bench runs."""

    name: str
    """The run's own word, part of every name that it makes."""
    node: Namespace
    sandboxes: tuple[Namespace, ...]
    directory: Path
    """For whatever the run writes; removed with it."""

    @property
    def leases(self) -> Path:
        """Return the directory in which host-local keeps addresses."""
        return self.directory / "leases"


@contextmanager
def prepared(sandboxes: int) -> Iterator[Site]:
    """Make a node with a cable, and sandboxes for that many pods.

    Raises:
        LinkError: The kernel refuses.
    """
    with ExitStack() as stack:
        name = f"mpy-bench-{secrets.token_hex(3)}"
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=f"{name}-")))
        node, neighbour = (stack.enter_context(Namespace(f"{name}-{role}")) for role in ("node", "far"))
        stack.enter_context(Veth(End(node, networks.UPLINK), End(neighbour, networks.UPLINK)))
        pods = tuple(stack.enter_context(Namespace(f"{name}-pod{number}")) for number in range(sandboxes))
        yield Site(name, node, pods, directory)


def enter(namespace: Namespace) -> None:
    """Move this thread into a network namespace, for good: what it starts from now on is in there too.

    Raises:
        OSError: The kernel refuses.
    """
    libc = ctypes.CDLL(None, use_errno=True)  # os.setns came with Python 3.12
    fd = os.open(namespace.path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if libc.setns(fd, _CLONE_NEWNET) != 0:
            problem = ctypes.get_errno()
            raise OSError(problem, os.strerror(problem), str(namespace.path))
    finally:
        os.close(fd)
