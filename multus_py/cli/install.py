"""`multus install`: put this program into a plugin directory."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from multus_py.cli import parsers
from multus_py.install import installation, program
from multus_py.install.errors import InstallError

if TYPE_CHECKING:
    import argparse

    from multus_py.cli.parsers import Commands


def register(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser("install", help="put this program into a plugin directory, or upgrade the one there")
    parsers.add_directory(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Install, and say what was done."""
    try:
        done = installation.install(program.running(os.environ), options.cni_bin_dir)
    except InstallError as error:
        print(f"multus install: {error}", file=sys.stderr)
        return 1
    print(f"installed {done.version.name}: {options.cni_bin_dir}/multus")
    for name in done.replaced:
        print(f"replaced another program's {options.cni_bin_dir}/{name}")
    for path in done.removed:
        print(f"removed {path.name}")
    return 0
