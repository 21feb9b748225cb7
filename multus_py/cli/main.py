"""`multus COMMAND ...`: what the program does when no runtime calls it."""

from __future__ import annotations

import argparse

import multus_py
from multus_py.cli import daemon, install, lab, uninstall, version

_COMMANDS = (install, uninstall, daemon, version, lab)


def main(arguments: list[str]) -> int:
    """Run a command; return its exit status."""
    options = _parser().parse_args(arguments)
    command: int = options.run(options)
    return command


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="multus",
        description="A CNI meta-plugin that gives a pod several interfaces. Runtimes start it without arguments.",
    )
    parser.add_argument("-v", "-version", "--version", action="version", version=f"multus: version:{multus_py.VERSION}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in _COMMANDS:
        command.register(commands)
    return parser
