"""`multus COMMAND ...`: what the program does when no runtime calls it."""

from __future__ import annotations

import argparse

import multus_py


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
    lab = commands.add_parser("lab", help="a cluster of network namespaces to try things on")
    labs = lab.add_subparsers(required=True, metavar="WHAT")
    demo = labs.add_parser("demo", help="show the main job, step by step (needs root)")
    demo.set_defaults(run=_demo)
    return parser


def _demo(_options: argparse.Namespace) -> int:
    from multus_py.lab import demo

    return demo.main()
