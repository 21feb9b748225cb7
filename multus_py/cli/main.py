"""`multus COMMAND ...`: what the program does when no runtime calls it."""

from __future__ import annotations

import argparse

import multus_py
from multus_py.cli import daemon, install, lab, uninstall, validate, version

_COMMANDS = (install, uninstall, daemon, validate, version, lab)
_PLUGINS = "--cni-bin-dir=/host/opt/cni/bin"
_ORIGINALS: dict[str, tuple[tuple[str, ...], ...]] = {
    "install_multus": (("install", _PLUGINS),),
    "thin_entrypoint": (("install", _PLUGINS, "--wait-for-primary=0"), ("daemon", _PLUGINS, "--metrics-port=0")),
}
"""What to run under the names of the Go Multus' installers: manifests written for it need another image only."""


def main(arguments: list[str], *, called: str = "multus") -> int:
    """Run a command; return its exit status.

    Args:
        arguments: The command and its options.
        called: The name that the program was started by.
    """
    for command in _ORIGINALS.get(called, ((),)):
        options = _parser().parse_args([*command, *arguments])
        status: int = options.run(options)
        if status:
            return status
    return 0


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
