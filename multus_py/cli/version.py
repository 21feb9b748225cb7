"""`multus version`: what this program is, and what it needs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from multus_py.cli import parsers
from multus_py.install import program

if TYPE_CHECKING:
    import argparse

    from multus_py.cli.parsers import Commands


def register(commands: Commands) -> None:
    """Add the command."""
    parser = parsers.add_command(commands, "version", "show version, Python, the glibc needed, and where it runs from")
    parser.set_defaults(run=run)


def run(_options: argparse.Namespace) -> int:
    """Print it."""
    print(program.running(os.environ).describe())
    return 0
