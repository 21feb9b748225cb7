"""`multus uninstall`: take away what `multus install` put into a plugin directory and a configuration directory.

The configuration goes first, so that no runtime finds one whose program is gone.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from multus_py.base.clock import Deadline, SystemClock
from multus_py.cli import parsers
from multus_py.hostconfig import options
from multus_py.hostconfig import removal as restoration
from multus_py.hostconfig.errors import HostConfigError
from multus_py.install import removal
from multus_py.install.errors import InstallError

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from multus_py.cli.parsers import Commands

_AT_ONCE = 0.001
"""Seconds: a deadline of none would be no deadline."""
_FIELDS = ("cni_conf_dir", "autoconfig_dir", "multus_conf_file", "rename_conf_file", "skip_kubeconfig")


def register(commands: Commands) -> None:
    """Add the command."""
    parser = parsers.add_command(
        commands,
        "uninstall",
        "remove what install put into a node's directories",
        description="Take away what install put into a node's directories: the configuration first, so that no "
        "runtime finds one whose program is gone.",
        examples=(
            ("multus uninstall --cni-bin-dir /opt/cni/bin", "only the program"),
            ("multus uninstall --cni-conf-dir /etc/cni/net.d", "the configuration, too"),
        ),
    )
    parsers.add_directory(parser)
    parsers.add_config_file(parser)
    options.add_arguments(parser, only=_FIELDS)
    parser.add_argument(
        "--wait", type=float, default=60.0, metavar="SECONDS", help="how long calls may take to end (%(default)g)"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Uninstall, and say what was done."""
    try:
        chosen = parsers.options_of(arguments)
        if chosen is not None:
            for path in restoration.remove(chosen):
                print(f"{'restored' if path.exists() else 'removed'} {path}")
        _uninstall(arguments.cni_bin_dir, Deadline(SystemClock(), max(arguments.wait, _AT_ONCE)))
    except (InstallError, HostConfigError) as error:
        print(f"multus uninstall: {error}", file=sys.stderr)
        return 1
    return 0


def _uninstall(directory: Path, deadline: Deadline) -> None:
    done = removal.uninstall(directory, deadline=deadline)
    for name in (*done.links, *(path.name for path in done.versions)):
        print(f"removed {directory}/{name}")
    for name in done.foreign:
        print(f"left {directory}/{name}, which is another program's")
