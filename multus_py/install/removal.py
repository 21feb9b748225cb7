"""Uninstall: what install made, and nothing else."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from multus_py.base.clock import Deadline
from multus_py.install import usage
from multus_py.install.errors import InstallError
from multus_py.install.place import EXECUTABLE, LINKS, Place

if TYPE_CHECKING:
    from pathlib import Path

_POLL = 0.1


@dataclass(frozen=True, kw_only=True)
class Removed:
    """What was done."""

    links: tuple[str, ...]
    """The names that are gone."""
    versions: tuple[Path, ...]
    """The directories that are gone."""
    foreign: tuple[str, ...]
    """The names that are left, because they are not ours."""


def uninstall(directory: Path, *, deadline: Deadline) -> Removed:
    """Remove the links, wait for the calls in flight to end, and remove the versions.

    Args:
        directory: The runtime's plugin directory.
        deadline: How long to wait for calls, and for another installer.

    Raises:
        InstallError: There is nothing of ours; or calls did not end in time, and their versions are still there.
    """
    place = Place(directory)
    with place.locked(deadline):
        try:
            return _remove(place, deadline)
        except OSError as error:
            raise InstallError(f"cannot uninstall from {directory}: {error.strerror or error}") from error


def _remove(place: Place, deadline: Deadline) -> Removed:
    place.clean()
    links = tuple(name for name in LINKS if place.current(name))
    foreign = tuple(name for name in LINKS if os.path.lexists(place.link(name)) and name not in links)
    versions = place.versions()
    if not links and not versions:
        there = f", {EXECUTABLE} there is another one's" if EXECUTABLE in foreign else ""
        raise InstallError(f"nothing of this program is installed in {place.directory}{there}")
    for name in links:
        place.link(name).unlink()
    busy = [version for version in versions if not _gone(place, version, deadline)]
    if busy:
        names = ", ".join(version.name for version in busy)
        raise InstallError(f"still in use, so still there: {names}. No new call comes to it: try again later")
    return Removed(links=links, versions=tuple(versions), foreign=foreign)


def _gone(place: Place, version: Path, deadline: Deadline) -> bool:
    """Remove a version when nobody runs it any more; tell whether it was removed in time."""
    while usage.in_use(version, EXECUTABLE):
        if deadline.expired():
            return False
        deadline.sleep(_POLL)
    place.discard(version)
    return True
