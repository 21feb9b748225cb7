"""`multus lab`: a cluster on one machine, to try things on. Only in a source tree: builds leave the lab out."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
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
    shell = parsers.add_command(labs, "shell", "run a command, or a shell, on a node with two pods (needs root)")
    shell.add_argument(
        "--apply",
        action="append",
        type=Path,
        default=[],
        metavar="FILE",
        help="networks and pods as YAML, in the place of the usual ones",
    )
    shell.add_argument("command", nargs="*", help="what to run; nothing for a shell")
    shell.set_defaults(run=_shell)
    apply = parsers.add_command(labs, "apply", "in such a shell: bring networks and pods to its API server")
    apply.add_argument("files", nargs="+", type=Path, metavar="FILE", help="objects as YAML; pods wait on the node")
    apply.set_defaults(run=_apply)


def _demo(_options: argparse.Namespace) -> int:
    from multus_py.lab import demo

    return demo.main()


def _shell(options: argparse.Namespace) -> int:
    from multus_py.lab import manifests, shell

    try:
        return shell.main(options.command, objects=options.apply)
    except manifests.ManifestError as error:
        print(f"multus lab shell: {error}", file=sys.stderr)
        return 1


def _apply(options: argparse.Namespace) -> int:
    from multus_py.cluster.errors import ClusterError
    from multus_py.lab import applying, manifests

    try:
        for done in applying.apply(options.files, Path(os.environ.get("KUBECONFIG", ""))):
            print(done)
    except (applying.ApplyError, manifests.ManifestError, ClusterError, OSError) as error:
        print(f"multus lab apply: {error}", file=sys.stderr)
        return 1
    return 0
