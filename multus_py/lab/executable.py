"""Puts plugins into a node's plugin directory: Multus as it is here, and the reference plugins of this machine."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BUILT = ROOT / "dist" / "multus"
"""The executable that the build makes."""
PLUGIN_DIRECTORIES = (Path("/opt/cni/bin"), Path("/usr/lib/cni"))
"""Where machines keep the reference plugins: by the CNI project's own installation, and by Debian's package."""
NEEDED = ("bridge", "macvlan", "host-local", "static", "tuning", "portmap", "bandwidth", "loopback")


class MissingPluginsError(Exception):
    """The machine has no reference plugins."""


def install_multus(directory: Path, *, built: Path | None = BUILT) -> str:
    """Put `multus` into a directory: the built executable if there is one, else a script that calls this package.

    Args:
        directory: The plugin directory.
        built: The executable; None for the script.

    Returns:
        What was installed, for people.

    Raises:
        subprocess.CalledProcessError: The executable cannot install itself.
    """
    if built is not None and built.is_file():
        argv = [str(built), "install", "--cni-bin-dir", str(directory)]
        subprocess.run(argv, check=True, capture_output=True, text=True, timeout=60)
        return str(built)
    script = directory / "multus"
    script.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m multus_py "$@"\n')
    script.chmod(0o755)
    return "python -m multus_py"


def link_plugins(directory: Path, *, sources: tuple[Path, ...] = PLUGIN_DIRECTORIES) -> None:
    """Put links to the machine's reference plugins into a directory; of two with one name the first counts.

    Raises:
        MissingPluginsError: One of those that the lab needs is nowhere.
    """
    for source in sources:
        for plugin in sorted(source.iterdir()) if source.is_dir() else ():
            link = directory / plugin.name
            if plugin.name != "multus" and not link.exists():
                link.symlink_to(plugin)
    missing = [name for name in NEEDED if not (directory / name).exists()]
    if missing:
        where = " or ".join(str(source) for source in sources)
        raise MissingPluginsError(
            f"no plugin {', '.join(missing)} in {where} (the Debian package is containernetworking-plugins)"
        )
