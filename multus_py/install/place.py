"""The directory of plugins: what in it is ours, the lock that installers share, and the names that things have."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from multus_py.base import files
from multus_py.base.dirlock import DirectoryLock
from multus_py.install import program, tree
from multus_py.install.errors import InstallError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from multus_py.base.clock import Deadline

EXECUTABLE = "multus"
LINKS = ("passthru", "multus")
"""The names that runtimes and configurations know the program by (a test compares with frozen.PLUGINS), in the order in
which they are swapped: with the last one the installation is done."""
PREFIX, UNFINISHED = ".multus-", ".tmp"


class Place:
    """A directory of plugins, such as /opt/cni/bin."""

    def __init__(self, directory: Path) -> None:
        """Name the directory; nothing is done yet."""
        self.directory = directory

    def versions(self) -> list[Path]:
        """Return the directories of our versions, sorted by name. Raises OSError."""
        return [path for path in self._ours() if not path.name.endswith(UNFINISHED) and program.read_build(path)]

    def unfinished(self) -> list[Path]:
        """Return what attempts that were cut short have left. Raises OSError."""
        return [path for path in self._ours() if path.name.endswith(UNFINISHED)]

    def _ours(self) -> list[Path]:
        return sorted(self.directory.glob(f"{PREFIX}*"))

    def link(self, name: str) -> Path:
        """Return the path of one of the names in LINKS."""
        return self.directory / name

    def current(self, name: str = EXECUTABLE) -> Path | None:
        """Return the directory of the version that a name stands for; None when it is not ours, or not there."""
        try:
            target = str(self.link(name).readlink())
        except OSError:
            return None
        directory, _, executable = target.partition("/")
        ours = directory.startswith(PREFIX) and executable == EXECUTABLE
        return self.directory / directory if ours else None

    def check(self) -> None:
        """See that the names can be taken.

        Raises:
            InstallError: One of them is a directory.
        """
        for name in LINKS:
            path = self.link(name)
            if path.is_dir() and not path.is_symlink():
                raise InstallError(f"{path} is a directory: move it away first")

    def point(self, name: str, version: Path) -> bool:
        """Let a name stand for a version, from one moment to the next; tell whether something foreign had it.

        The link is relative, so it holds in an installer's container as well, where the directory has another path.

        Raises:
            OSError: The name stands for what it did before.
        """
        foreign = os.path.lexists(self.link(name)) and self.current(name) is None
        temporary = self.directory / f"{PREFIX}{name}{UNFINISHED}"
        temporary.symlink_to(f"{version.name}/{EXECUTABLE}")
        try:
            temporary.rename(self.link(name))
        except OSError:
            temporary.unlink()
            raise
        return foreign

    def discard(self, version: Path) -> None:
        """Remove the directory of a version; what a crash leaves of it is known to be unfinished. Raises OSError."""
        doomed = version.with_name(version.name + UNFINISHED)
        version.rename(doomed)
        tree.remove(doomed)

    def clean(self) -> None:
        """Remove what attempts that were cut short have left. Raises OSError."""
        for path in self.unfinished():
            if path.is_symlink() or path.is_file():
                path.unlink()
            else:
                tree.remove(path)

    @contextlib.contextmanager
    def locked(self, deadline: Deadline) -> Iterator[None]:
        """Keep other installers out.

        Raises:
            InstallError: There is no such directory, or another one is still at work in it at the deadline.
        """
        with contextlib.ExitStack() as stack:
            try:
                stack.enter_context(DirectoryLock(str(self.directory), deadline))
            except files.LockedError as error:
                raise InstallError(f"{self.directory}: another installer is at work in it, and does not end") from error
            except OSError as error:
                problem = f"{self.directory}: {error.strerror}; it has to be the runtime's plugin directory"
                raise InstallError(problem) from error
            yield
