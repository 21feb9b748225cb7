"""What the commands share: the type of what they register with, and the options that several of them have."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from multus_py.hostconfig import options
from multus_py.hostconfig.options import Options

CNI_CONF_DIR = Path("/etc/cni/net.d")
CNI_DIR = Path("/var/lib/cni/multus")
STATUSES = {0: "all went well", 1: "something failed; standard error says what", 2: "the command line is wrong"}
"""What exit statuses mean, unless a command says otherwise."""


class _Help(argparse.HelpFormatter):
    """Wraps what is prose, and leaves alone what has lines: examples and exit statuses."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return text if "\n" in text else super()._fill_text(text, width, indent)


class Parser(argparse.ArgumentParser):
    """A parser that remembers the examples and exit statuses in its help: docs/commands.md is made from them."""

    examples: Sequence[tuple[str, str]] = ()
    statuses: Mapping[int, str] = STATUSES


class Commands(Protocol):
    """Where commands register: what `add_subparsers` returns, whose own type is private to argparse."""

    def add_parser(
        self,
        name: str,
        *,
        help: str,
        description: str = "",
        epilog: str = "",
        formatter_class: type[argparse.HelpFormatter] = argparse.HelpFormatter,
    ) -> Parser:
        """Add a command; return its parser."""


def add_command(
    commands: Commands,
    name: str,
    help: str,
    *,
    description: str = "",
    examples: Sequence[tuple[str, str]] = (),
    statuses: Mapping[int, str] = STATUSES,
) -> Parser:
    """Add a command whose `--help` is worth reading; return its parser.

    Args:
        commands: Where to add it.
        name: What it is called.
        help: What it does, in a line of the list of commands.
        description: The same in sentences; by default the line.
        examples: Command lines, each with what it does.
        statuses: What its exit statuses mean, by status; these replace or add to the usual ones.
    """
    statuses = {**STATUSES, **statuses}
    shown = [f"  {line}\n      {meaning}" for line, meaning in examples]
    ends = [f"  {status}  {meaning}" for status, meaning in sorted(statuses.items())]
    parser = commands.add_parser(
        name,
        help=help,
        description=description or f"{help[0].upper()}{help[1:]}.",
        epilog="\n".join([*(["examples:", *shown, ""] if shown else []), "exit status:", *ends]),
        formatter_class=_Help,
    )
    parser.examples, parser.statuses = examples, statuses
    return parser


def add_output(parser: argparse.ArgumentParser, *forms: str) -> None:
    """Let a command have `--output`, with these forms, the first by default."""
    parser.add_argument(
        "-o", "--output", choices=forms, default=forms[0], help="how to print what is found (%(default)s)"
    )


def add_kubeconfig(parser: argparse.ArgumentParser, help: str) -> None:
    """Let a command have `--kubeconfig`."""
    parser.add_argument("--kubeconfig", type=Path, metavar="FILE", help=help)


def add_nads(parser: argparse.ArgumentParser) -> None:
    """Let a command have `--nads`."""
    parser.add_argument(
        "--nads", action="append", default=[], type=Path, metavar="FILE", help="NADs; may be given several times"
    )


def add_node(parser: argparse.ArgumentParser) -> None:
    """Let a command have the options that say where this node keeps its configuration and state."""
    group = parser.add_argument_group("where things stand on this node")
    group.add_argument(
        "--cni-conf-dir",
        type=Path,
        default=CNI_CONF_DIR,
        metavar="DIR",
        help="where Multus' configuration is looked for, by content (%(default)s)",
    )
    group.add_argument(
        "--multus-conf-file", type=Path, metavar="FILE", help="Multus' configuration, in place of a look for it"
    )
    group.add_argument(
        "--cni-dir",
        type=Path,
        metavar="DIR",
        help=f"where records and results are (what the configuration says, or {CNI_DIR})",
    )


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
