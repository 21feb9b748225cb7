"""`multus completion`: what makes a shell complete commands and options. `shtab` writes it from the parsers."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from multus_py.cli import parsers

if TYPE_CHECKING:
    from multus_py.cli.parsers import Commands


def register(commands: Commands) -> None:
    """Add the command."""
    parser = parsers.add_command(
        commands,
        "completion",
        "print what makes a shell complete this program's commands and options",
        examples=(
            ("source <(multus completion bash)", "for this shell"),
            ("multus completion bash > /etc/bash_completion.d/multus", "for all of them"),
            ('multus completion zsh > "${fpath[1]}/_multus"', "for zsh"),
        ),
    )
    parser.add_argument("shell", choices=("bash", "zsh"), help="which shell")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    import shtab

    from multus_py.cli import main

    print(shtab.complete(main.parser(), shell=arguments.shell))
    return 0
