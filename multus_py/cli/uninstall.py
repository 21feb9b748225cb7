"""`multus uninstall`: take away what `multus install` put into a plugin directory."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from multus_py.base.clock import Deadline, SystemClock
from multus_py.cli import parsers
from multus_py.install import removal
from multus_py.install.errors import InstallError

if TYPE_CHECKING:
    import argparse

    from multus_py.cli.parsers import Commands


def register(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser("uninstall", help="remove from a plugin directory what install put there")
    parsers.add_directory(parser)
    parser.add_argument(
        "--wait", type=float, default=60.0, metavar="SECONDS", help="how long calls may take to end (%(default)g)"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Uninstall, and say what was done."""
    try:
        done = removal.uninstall(options.cni_bin_dir, deadline=Deadline(SystemClock(), options.wait))
    except InstallError as error:
        print(f"multus uninstall: {error}", file=sys.stderr)
        return 1
    for name in (*done.links, *(path.name for path in done.versions)):
        print(f"removed {options.cni_bin_dir}/{name}")
    for name in done.foreign:
        print(f"left {options.cni_bin_dir}/{name}, which is another program's")
    return 0
