"""What stands in the directories besides records: host-local's reservations, device information, locks, remains.

Files are listed and read here, and nothing is judged. What cannot be read, or is gone by then, is left out.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from multus_py.base import address as addresses
from multus_py.inventory.model import Reservation

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONValue
    from multus_py.cni.conf import Network
    from multus_py.inventory.places import Places

CONTAINER_ID = "[0-9a-f]{64}"
"""What all runtimes of Kubernetes call their containers; other names are nobody's that could be told."""
GRACE = 300.0
"""Seconds for which a file without an owner is nobody's leak yet: somebody may be about to say whose it is."""
STORE_LOCK = "lock"
"""The file in a store that host-local locks while it works there."""
_ID = re.compile(CONTAINER_ID)
_IN_NAME = re.compile(rf"[^.].*-({CONTAINER_ID})[-_][^/]{{1,15}}")
_LOCK = re.compile(rf"\.({CONTAINER_ID})\.lock")
_UNFINISHED = re.compile(rf"\.(?:.+-)?({CONTAINER_ID})(?:[-_][^/]{{1,15}})?\.tmp")


@dataclass(frozen=True, kw_only=True)
class OwnedFile:
    """A file whose name says whose it is."""

    path: Path
    container_id: str


def directories(places: Places, networks: Iterable[Network]) -> dict[Path, str]:
    """Return where host-local notes the addresses of those networks that use it, with the network's name."""
    return {
        Path(data_dir or places.addresses) / network.name: network.name
        for network in networks
        for plugin in network.plugins
        if (data_dir := _data_dir(plugin.raw.get("ipam"))) is not None
    }


def reservations(network: str, directory: Path) -> Iterator[Reservation]:
    """Yield the addresses that are given away in a store."""
    for path in _files(directory):
        try:
            address = addresses.ip(path.name)
            owner = path.read_text(errors="replace").partition("\n")[0]
        except (OSError, ValueError):  # ValueError: host-local's own notes, which are no addresses
            continue
        yield Reservation(network=network, address=address, container_id=owner.strip(), path=str(path))


def owned(directory: Path) -> Iterator[OwnedFile]:
    """Yield the files whose names hold a container's id: cached results, device information."""
    return _named(_IN_NAME, directory)


def locks(state: Path) -> Iterator[OwnedFile]:
    """Yield the lock files of containers, held or not."""
    return _named(_LOCK, state)


def unfinished(*folders: Path) -> Iterator[OwnedFile]:
    """Yield the files that calls for containers were writing (`base.files.unfinished`)."""
    return _named(_UNFINISHED, *folders)


def lock(state: Path, container_id: str) -> Path:
    """Return where a container's lock is, while somebody holds it (attach/locking.py)."""
    return state / f".{container_id}.lock"


def is_container_id(text: str) -> bool:
    """Tell whether a text is what runtimes call their containers."""
    return _ID.fullmatch(text) is not None


def is_held(path: Path) -> bool:
    """Tell whether a call is at work for the container of a lock. Nothing is made or changed."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return False
    except OSError:
        return True
    finally:
        os.close(fd)


def is_old(path: Path, *, now: float) -> bool:
    """Tell whether a file was written more than GRACE ago; of one that is gone nobody can tell."""
    try:
        return now - path.stat().st_mtime > GRACE
    except OSError:
        return False


def _named(pattern: re.Pattern[str], *folders: Path) -> Iterator[OwnedFile]:
    for path in (path for folder in folders for path in _files(folder)):
        found = pattern.fullmatch(path.name)
        if found:
            yield OwnedFile(path=path, container_id=found[1])


def _files(directory: Path) -> list[Path]:
    try:
        return sorted(path for path in directory.iterdir() if path.is_file() and not path.is_symlink())
    except OSError:
        return []


def _data_dir(ipam: JSONValue) -> str | None:
    """Return where host-local keeps its notes, "" for its default; None when another plugin gives the addresses."""
    if not isinstance(ipam, dict) or ipam.get("type") != "host-local":
        return None
    found = ipam.get("dataDir")
    return found if isinstance(found, str) else ""
