"""What the commands share: the type of what they register with, and the options that several of them have."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Protocol

from multus_py.hostconfig import options
from multus_py.hostconfig.options import Options


class Commands(Protocol):
    """Where commands register: what `add_subparsers` returns, whose own type is private to argparse."""

    def add_parser(self, name: str, *, help: str) -> argparse.ArgumentParser:
        """Add a command; return its parser."""


def add_directory(parser: argparse.ArgumentParser, *aliases: str) -> None:
    """Let a command have `--cni-bin-dir`."""
    parser.add_argument(
        *aliases,
        "--cni-bin-dir",
        dest="cni_bin_dir",
        type=Path,
        default=Path("/opt/cni/bin"),
        metavar="DIR",
        help="the directory of the runtime's CNI plugins (%(default)s)",
    )


def add_config_file(parser: argparse.ArgumentParser) -> None:
    """Let a command have `--config`."""
    parser.add_argument(
        "--config",
        "-config",
        type=Path,
        metavar="FILE",
        help="options as JSON or YAML, with the keys of the original's daemon-config.json; flags go before them",
    )


def add_originals(parser: argparse.ArgumentParser) -> None:
    """Accept the flags of the original's installers that are about its binaries (multus-behaviour 7.1, 7.2)."""
    group = parser.add_argument_group("for the sake of commands written for the Go Multus")
    options.add_switch(group, "--skip-multus-binary-copy", "do not install the program, only configure the node")
    group.add_argument("--multus-bin-file", metavar="FILE", help="has no effect: the program installs itself")
    group.add_argument("-t", "--type", choices=("thin", "thick"), help="has no effect: there is one plugin for both")


def options_of(arguments: argparse.Namespace) -> Options | None:
    """Return the options for the node's CNI configuration; None when neither flags nor file say anything of it.

    Raises:
        HostConfigError: They are wrong.
    """
    if arguments.config is None and not options.given(arguments):
        return None
    base = options.from_file(arguments.config) if arguments.config else None
    return options.from_arguments(arguments, base=base)
