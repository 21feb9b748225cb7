"""The commands of README.md, so that what it tells people to do is what the cases do."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.cluster import Cluster
from tests.e2e.machine import run
from tests.e2e.node import REPOSITORY
from tests.e2e.waiting import say

_ON_NODES = ("ctr ",)
"""How commands begin that are for each node; all others are for whoever administers the cluster."""


def commands(heading: str) -> list[str]:
    """Return the commands of a section: the lines that are indented."""
    _, _, rest = (REPOSITORY / "README.md").read_text().partition(f"\n### {heading}\n")
    section = rest.partition("\n##")[0].splitlines()
    found = [line.strip() for line in section if line.startswith("    ")]
    assert found, f"README.md has no section {heading!r} with commands"
    return found


def follow(cluster: Cluster, heading: str) -> str:
    """Run the commands of a section, word by word and in order; return what they printed."""
    return "".join(_run(cluster, command) for command in commands(heading))


def _run(cluster: Cluster, command: str) -> str:
    say(f"$ {command}")
    # Only the paths of the programs, and whom to ask, are not the reader's own.
    programs = Path(cluster.control.program("kubectl")).parent
    kubeconfig = cluster.control.kubeconfig("admin")
    script = f"cd {REPOSITORY} && export PATH={programs}:$PATH KUBECONFIG={kubeconfig} && {command}"
    if not command.startswith(_ON_NODES):
        return run(["bash", "-c", script], timeout=180)
    return "".join(node.machine.run(["bash", "-c", script], timeout=180) for node in cluster.nodes)
