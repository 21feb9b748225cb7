"""`multus install`: put this program into a plugin directory, and configure the node for it if asked to."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from multus_py.base.clock import SystemClock
from multus_py.cli import parsers
from multus_py.hostconfig import options, setup
from multus_py.hostconfig.errors import HostConfigError
from multus_py.install import installation, program
from multus_py.install.errors import InstallError

if TYPE_CHECKING:
    from pathlib import Path

    from multus_py.cli.parsers import Commands

_PATIENCE = 120.0


def register(commands: Commands) -> None:
    """Add the command."""
    parser = parsers.add_command(
        commands,
        "install",
        "put this program into a plugin directory, or upgrade the one there; configure the node",
        examples=(
            ("multus install --cni-bin-dir /opt/cni/bin", "only the program"),
            (
                "multus install --cni-conf-dir /etc/cni/net.d --multus-kubeconfig-file-host ''",
                "the program, and a configuration around the primary network's, without Kubernetes",
            ),
        ),
    )
    parsers.add_directory(parser, "-d", "--dest-dir")
    parsers.add_config_file(parser)
    options.add_arguments(parser)
    parser.add_argument(
        "--wait-for-primary",
        type=float,
        default=_PATIENCE,
        metavar="SECONDS",
        help="how long the primary network's configuration may take to appear (%(default)g); 0 leaves the "
        "configuration to `multus daemon` if it is not there yet",
    )
    options.add_switch(parser, "--skip-config-watch", "has no effect: this command ends when it is done")
    parsers.add_originals(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Install, and say what was done."""
    try:
        chosen = parsers.options_of(arguments)  # what is wrong with them is said before anything is done
        if not getattr(arguments, "skip_multus_binary_copy", False):
            _install(arguments.cni_bin_dir)
        if chosen is not None:
            _configure(chosen, arguments.wait_for_primary)
    except (InstallError, HostConfigError) as error:
        print(f"multus install: {error}", file=sys.stderr)
        return 1
    return 0


def _install(directory: Path) -> None:
    done = installation.install(program.running(os.environ), directory)
    print(f"installed {done.version.name}: {directory}/multus")
    for name in done.replaced:
        print(f"replaced another program's {directory}/{name}")
    for path in done.removed:
        print(f"removed {path.name}")


def _configure(chosen: options.Options, patience: float) -> None:
    complete = setup.configure(
        chosen, patience=patience, environment=os.environ, clock=SystemClock(), say=lambda text: print(text, flush=True)
    )
    done = f"configured {chosen.cni_conf_dir}"
    print(done if complete else "the primary network is not there yet: `multus daemon` goes on with this")
