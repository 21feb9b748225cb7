"""`multus lab`: a cluster on one machine, to try things on. Only in a source tree: builds leave the lab out."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

from multus_py.cli import parsers

if TYPE_CHECKING:
    import argparse

    from multus_py.cli.parsers import Commands


def register(commands: Commands) -> None:
    """Add the command, if there is a lab."""
    if importlib.util.find_spec("multus_py.lab") is None:
        return
    parser = parsers.add_command(
        commands, "lab", "a cluster of network namespaces to try things on; only in a source tree"
    )
    labs = parser.add_subparsers(required=True, metavar="WHAT")
    demo = parsers.add_command(labs, "demo", "show the main job, step by step (needs root)")
    demo.set_defaults(run=_demo)


def _demo(_options: argparse.Namespace) -> int:
    from multus_py.lab import demo

    return demo.main()
