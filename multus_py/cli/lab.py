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

    return demo.main() if _is_root("demo") else 1


def _shell(options: argparse.Namespace) -> int:
    from multus_py.lab import failures, shell

    if not _is_root("shell"):
        return 1
    try:
        return shell.main(options.command, objects=options.apply)
    except failures.FAILURES as error:
        print(f"multus lab shell: {failures.explained(error)}", file=sys.stderr)
        return 1


def _is_root(command: str) -> bool:
    if os.geteuid() == 0:
        return True
    print(f"multus lab {command}: makes network namespaces, so it must be root", file=sys.stderr)
    return False


def _apply(options: argparse.Namespace) -> int:
    from multus_py.cluster.errors import ClusterError
    from multus_py.cluster.http import ProtocolError
    from multus_py.lab import applying, failures

    kubeconfig = os.environ.get("KUBECONFIG")
    if not kubeconfig:
        print("multus lab apply: KUBECONFIG is not set: type this in a `multus lab shell`", file=sys.stderr)
        return 1
    try:
        for done in applying.apply(options.files, Path(kubeconfig)):
            print(done)
    except (applying.ApplyError, ClusterError, ProtocolError, *failures.FAILURES) as error:
        print(f"multus lab apply: {error}", file=sys.stderr)
        return 1
    return 0
