"""Install: a new version beside the others, then links that are swapped, then the old ones that nobody runs go.

A call in flight is not disturbed. It runs from its version's own directory, which stays as long as it is run, and one
upgrade longer. Runtimes look the link up anew for each call, so they start the old version or the new one, complete.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from multus_py.base.clock import Deadline, SystemClock
from multus_py.install import tree, usage
from multus_py.install.errors import InstallError
from multus_py.install.place import EXECUTABLE, LINKS, UNFINISHED, Place

if TYPE_CHECKING:
    from pathlib import Path

    from multus_py.base.clock import Clock
    from multus_py.install.program import Program

_PATIENCE = 120.0
"""Seconds that another installer may take, on a slow disk."""


@dataclass(frozen=True, kw_only=True)
class Installed:
    """What was done."""

    version: Path
    """The directory that the links stand for now."""
    replaced: tuple[str, ...] = ()
    """The names that something foreign had before."""
    removed: tuple[Path, ...] = ()
    """The directories of older versions that are gone."""


def install(program: Program, directory: Path, *, clock: Clock | None = None) -> Installed:
    """Install the running program.

    Args:
        program: The program, which must be a built one.
        directory: The runtime's plugin directory.
        clock: What the time is measured on that another installer may take.

    Raises:
        InstallError: It could not be done. What the directory had before works as before, and nothing is left over.
    """
    if program.build is None:
        raise InstallError("this runs from source, and only a build can install itself: `make build` makes dist/multus")
    place = Place(directory)
    with place.locked(Deadline(clock or SystemClock(), _PATIENCE)):
        try:
            place.clean()
            place.check()
            previous = place.current()
            version = _bring(program.directory, directory / program.build.directory_name)
            tree.sync(directory)  # a link must not survive a crash of the machine without what it stands for
            replaced = tuple(name for name in LINKS if place.point(name, version))
            tree.sync(directory)
        except OSError as error:
            _clean_after(place)
            raise InstallError(f"cannot install into {directory}: {_reason(error)}") from error
        return Installed(version=version, replaced=replaced, removed=_prune(place, {version, previous}))


def _bring(source: Path, version: Path) -> Path:
    """See to it that the directory of a version is there and complete; return it."""
    damaged = version.is_dir() and not tree.equal(source, version)
    if version.is_dir() and not damaged:
        return version
    unfinished = version.with_name(version.name + UNFINISHED)
    tree.copy(source, unfinished)
    if damaged:  # it does not work anyway, so the moment without it harms nobody
        version.rename(version.with_name(f"{version.name}.damaged{UNFINISHED}"))
    unfinished.rename(version)
    return version


def _prune(place: Place, wanted: set[Path | None]) -> tuple[Path, ...]:
    """Remove the versions that nobody runs, but those wanted; return which are gone."""
    removed = []
    for version in place.versions():
        try:
            if version not in wanted and not usage.in_use(version, EXECUTABLE):
                place.discard(version)
                removed.append(version)
        except OSError:
            continue  # the next one will try again; this installation is complete
    return tuple(removed)


def _clean_after(place: Place) -> None:
    """Remove what a failed attempt made, as far as that is possible."""
    try:
        place.clean()
    except OSError:
        pass


def _reason(error: OSError) -> str:
    where = f": {error.filename}" if error.filename else ""
    return f"{error.strerror or error}{where}"
