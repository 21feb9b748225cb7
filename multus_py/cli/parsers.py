"""What the commands share: the type of what they register with, the option that names the plugin directory."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Protocol


class Commands(Protocol):
    """Where commands register: what `add_subparsers` returns, whose own type is private to argparse."""

    def add_parser(self, name: str, *, help: str) -> argparse.ArgumentParser:
        """Add a command; return its parser."""


def add_directory(parser: argparse.ArgumentParser) -> None:
    """Let a command have `--cni-bin-dir`."""
    parser.add_argument(
        "--cni-bin-dir",
        type=Path,
        default=Path("/opt/cni/bin"),
        metavar="DIR",
        help="the directory of the runtime's CNI plugins (%(default)s)",
    )
