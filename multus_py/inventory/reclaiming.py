"""Taking back what has leaked, one thing at a time, while calls of runtimes go on.

Each is done under the lock of its container, which ADD and DEL take too, and judged again there: what has come to life,
or is being worked on, is left alone. Doing it twice is the same as once.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from multus_py.attach import locking, perform, record
from multus_py.cni.errors import CNIError
from multus_py.inventory import attached, stores
from multus_py.inventory.liveness import Witnesses
from multus_py.inventory.machine import OWN
from multus_py.inventory.model import Kind, Leak, Life
from multus_py.inventory.node import InventoryError
from multus_py.node.errors import NodeError

if TYPE_CHECKING:
    from multus_py.attach.work import Work
    from multus_py.inventory.model import Container
    from multus_py.inventory.node import Node


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a leak."""

    leak: Leak
    done: bool
    """Whether it is gone now."""
    said: str
    """What was done, or why not."""


class _LeftAloneError(Exception):
    """It is no leak (any more), or cannot be taken back now; the message says why."""


def reclaim(node: Node, leak: Leak) -> Outcome:
    """Take one leak back, and say what was done."""
    try:
        return Outcome(leak=leak, done=True, said=_WAYS[leak.kind](node, leak))
    except (_LeftAloneError, CNIError, InventoryError, NodeError) as error:
        return Outcome(leak=leak, done=False, said=str(error))
    except OSError as error:
        return Outcome(leak=leak, done=False, said=f"{error.filename}: {error.strerror}")


def _container(node: Node, leak: Leak) -> str:
    """Run the DEL of all that is recorded of a container, and remove the record."""
    with _held(node, leak.container_id) as work:
        container = attached.container(node, leak.container_id)
        if not container.attachments:
            return "somebody else has taken it back meanwhile"
        judgement = Witnesses.of(node).judge(container)
        if judgement.life is not Life.GONE:
            raise _LeftAloneError(f"left alone: {judgement.reason}")
        attachments = record.load(work, leak.container_id)
        # No namespace: it is gone, and what is at its path by now must not be touched.
        failures = perform.release(work, attachments, container_id=leak.container_id, netns="")
        if failures:
            raise perform.combined(failures)
        removed = "".join(f", removed {name}" for name in _remove_remains(node, container))
        count = len(attachments)
        return f"ran DEL of {count} network{'s' if count != 1 else ''}{removed}"


def _address(node: Node, leak: Leak) -> str:
    """Remove a reservation, under the lock that host-local takes."""
    directory = Path(leak.path).parent
    with _held(node, leak.container_id):
        _refuse_somebodys(node, leak.container_id)
        if node.machine.addresses().intersection(leak.holds):
            raise _LeftAloneError("left alone: an interface has it now")
        with _flock(directory / stores.STORE_LOCK):
            owners = {each.path: each.container_id for each in stores.reservations("", directory)}
            if owners.get(leak.path, leak.container_id) != leak.container_id:
                raise _LeftAloneError("left alone: another container has the address now")
            return _unlink(leak)


def _owned_file(node: Node, leak: Leak) -> str:
    """Remove a file of a container of which nothing can be read; a record that cannot be read is one."""
    with _held(node, leak.container_id):
        _refuse_somebodys(node, leak.container_id)
        return _unlink(leak)


def _lock(node: Node, leak: Leak) -> str:
    """Take a lock and let go of it: that ends what its last holder has left running, and removes the file."""
    with _held(node, leak.container_id):
        return f"removed {leak.path}"


def _temporary(node: Node, leak: Leak) -> str:
    """Remove a file that nobody is writing: who would be has the lock."""
    with _held(node, leak.container_id):
        return _unlink(leak)


_WAYS: dict[Kind, Callable[[Node, Leak], str]] = {
    Kind.CONTAINER: _container,
    Kind.ADDRESS: _address,
    Kind.RECORD: _owned_file,
    Kind.RESULT: _owned_file,
    Kind.DEVICE_INFO: _owned_file,
    Kind.LOCK: _lock,
    Kind.TEMPORARY: _temporary,
}


@contextmanager
def _held(node: Node, container_id: str) -> Iterator[Work]:
    """Hold a container's lock. Raises _LeftAloneError when a call is at work for it, CNIError when there is none."""
    held = locking.locked_at_once(node.work, container_id)
    if held is None:
        raise _LeftAloneError("left alone: a call is at work for its container")
    with held as work:
        yield work


@contextmanager
def _flock(path: Path) -> Iterator[None]:
    """Hold the lock that a program of somebody else's takes on a file. Raises OSError."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


def _refuse_somebodys(node: Node, container_id: str) -> None:
    if attached.container(node, container_id).attachments:
        raise _LeftAloneError("left alone: its container is recorded now")
    if not Witnesses.of(node).is_silent(container_id):
        raise _LeftAloneError("left alone: its container is there now")


def _remove_remains(node: Node, container: Container) -> Iterator[str]:
    """Remove what its plugins left of its veth pairs on the node: both ends here, so that they lead nowhere."""
    there = {each.name: each for each in node.machine.interfaces(OWN)}
    for link in (link for each in container.attachments for link in each.host if link.mac):
        found = there.get(link.name)
        if found and found.kind == "veth" and found.mac == link.mac.lower() and not found.parent_is_elsewhere:
            node.machine.remove_interface(found.index)
            yield f"interface {link.name}"


def _unlink(leak: Leak) -> str:
    Path(leak.path).unlink(missing_ok=True)
    return f"removed {leak.path}"
