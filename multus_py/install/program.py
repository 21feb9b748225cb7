"""What the running program is: built or not, out of which build, and from where it runs."""

from __future__ import annotations

import json
import platform
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import multus_py

if TYPE_CHECKING:
    from collections.abc import Mapping

ORIGIN = "MULTUS_SINGLE_FILE"
"""The variable in which a single file names itself to what it unpacked; a test compares with singlefile.ORIGIN."""
_RECORD = "lib/build.json"


@dataclass(frozen=True, kw_only=True)
class Build:
    """What build.spec wrote down of a build."""

    version: str
    id: str
    """Says which build of that version; computed from its content."""
    python: str
    machine: str
    glibc: str
    """The oldest glibc that it runs with."""

    @property
    def directory_name(self) -> str:
        """The name of its directory beside the plugins; runtimes pass over names with a dot."""
        return f".multus-{self.version}-{self.id}"


@dataclass(frozen=True, kw_only=True)
class Program:
    """The running program."""

    build: Build | None
    """None when it runs from source."""
    directory: Path
    """The installed layout; the source tree when it is not built."""
    single_file: Path | None = None
    """The single file that the layout was unpacked from for this process."""

    def describe(self) -> str:
        """Say what it is, one fact a line."""
        version = self.build.version if self.build else multus_py.VERSION
        lines = [f"multus {version}" + (f" (build {self.build.id})" if self.build else "")]
        lines.append(f"python {self.build.python if self.build else platform.python_version()}")
        if self.build:
            lines.append(f"glibc  {self.build.glibc} or newer, {self.build.machine}")
        lines.append(f"layout {self._layout()}")
        return "\n".join(lines)

    def _layout(self) -> str:
        if self.single_file:
            return f"single file {self.single_file}"
        return f"{'installed in' if self.build else 'source in'} {self.directory}"


def read_build(layout: Path) -> Build | None:
    """Return what an installed layout says of itself; None when it is none, or not a complete one."""
    try:
        found = json.loads((layout / _RECORD).read_text())
        return Build(**{field: str(found[field]) for field in Build.__dataclass_fields__})
    except (OSError, ValueError, KeyError, TypeError):
        return None


def running(environ: Mapping[str, str], *, executable: str = sys.executable, built: bool | None = None) -> Program:
    """Return what runs now.

    Args:
        environ: The environment variables: the single file names itself there.
        executable: The program's file.
        built: Whether it is a built program; as PyInstaller says by default.
    """
    if built is None:
        built = hasattr(sys, "_MEIPASS")
    if not built:
        return Program(build=None, directory=Path(multus_py.__file__).resolve().parent.parent)
    directory = Path(executable).parent
    origin = environ.get(ORIGIN)
    return Program(build=read_build(directory), directory=directory, single_file=Path(origin) if origin else None)
