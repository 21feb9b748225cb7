"""The commands for people who run a node, as they run them: the program itself, in the node's namespace."""

from __future__ import annotations

import json
import subprocess
from typing import TypeAlias

from multus_py.lab.objects import JSON, decode
from tests.integration.flows.world import World

Completed: TypeAlias = subprocess.CompletedProcess[str]

_NOTES = 'mount -t tmpfs lab /var/lib && mkdir -p /var/lib/cni/results && exec "$@"'
_APART = ["unshare", "--mount", "sh", "-c", _NOTES, "sh"]
"""Gives the command a /var/lib of its own, in which the node's runtime has noted nothing."""


def run(world: World, *arguments: str, check: bool = True, stdin: int = subprocess.DEVNULL) -> Completed:
    """Run a command on the node, which has the configuration that its runtime has; `stdin` is a descriptor."""
    config = world.node.directory / "net.d" / "00-multus.conf"
    config.write_text(json.dumps(world.runtime.config))
    command = [str(world.node.plugins / "multus"), *arguments, "--multus-conf-file", str(config)]
    return subprocess.run(
        world.node.namespace.command([*_APART, *command]),
        check=check,
        stdin=stdin,
        capture_output=True,
        text=True,
        timeout=120,
    )


def document(world: World, *arguments: str, check: bool = True) -> list[dict[str, JSON]]:
    """Run a command on the node, and return the objects that it prints."""
    found = decode(run(world, *arguments, "--output", "json", check=check).stdout.encode())
    assert isinstance(found, list)
    return [each for each in found if isinstance(each, dict)]
