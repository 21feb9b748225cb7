"""`multus gc`: take back what has leaked on this node, after showing it.

It asks a person before it changes anything. A program (no terminal) has to say --yes, so that a script that was meant
to look cannot delete by accident.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from multus_py.cli import definitions, nodes, parsers, screen
from multus_py.inventory import documents, manifests, reclaiming
from multus_py.inventory.leaked import leaked
from multus_py.inventory.node import InventoryError

if TYPE_CHECKING:
    from multus_py.cli.parsers import Commands
    from multus_py.cni.conf import Network
    from multus_py.inventory.model import Leak
    from multus_py.inventory.node import Node
    from multus_py.inventory.reclaiming import Outcome

_ROUNDS = 3
"""What a container's DEL leaves behind is seen once the container is gone, and its address after that."""


def register(commands: Commands) -> None:
    """Add the command."""
    parser = parsers.add_command(
        commands,
        "gc",
        "take back what has leaked on this node: addresses, records and interfaces of containers that are gone",
        description="Show what belongs to no container any more, ask, and take it back: through the plugins' own DEL "
        "where a record says what they did, else by removing the file. What a living pod uses, what another plugin "
        "owns, and what cannot be judged from here is left alone. Calls of the runtime may go on meanwhile.",
        examples=(
            ("multus gc --dry-run", "only show what would be taken back"),
            ("multus gc", "show it, ask, and do it"),
            ("multus gc --yes -o json", "do it without asking, for programs"),
        ),
        statuses={1: "something could not be taken back or read, or nobody said yes"},
    )
    parser.add_argument("--dry-run", action="store_true", help="show what would be done, and end with status 0")
    parser.add_argument(
        "-y", "--yes", action="store_true", help="do not ask; needed without a terminal and for documents"
    )
    parsers.add_nads(parser)
    parsers.add_kubeconfig(parser, "the way to the cluster's NADs (what the configuration says)")
    parsers.add_output(parser, "table", "json", "yaml")
    parsers.add_node(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Look, show, ask, act."""
    try:
        node = nodes.opened(arguments)
        networks = _networks(node, arguments)
        with screen.waiting("looking for leaks"):
            found = leaked(node, networks=networks, say=_warn)
        if arguments.dry_run or not found:
            _show(found, arguments.output)
            return 0
        if not (arguments.yes or _agreed(found, arguments.output)):
            return 1
        outcomes = _reclaim(node, found, networks, silent=arguments.output != "table")
    except InventoryError as error:
        _warn(str(error))
        return 1
    if arguments.output != "table":
        sys.stdout.write(screen.document(list(map(documents.outcome, outcomes)), arguments.output))
    return int(not all(outcome.done for outcome in outcomes))


def _warn(text: str) -> None:
    print(f"multus gc: {text}", file=sys.stderr)


def _agreed(found: Sequence[Leak], output: str) -> bool:
    """Show it, and ask."""
    if output != "table" or not sys.stdin.isatty():
        _warn("nothing was done: --yes was not given, and only a person at a terminal is asked")
        return False
    _show(found, output)
    try:
        answer = input(f"Take back {len(found)} of these? [y/N] ")
    except EOFError:  # Ctrl-D
        answer = ""
        print()
    return answer.strip().lower() in {"y", "yes"}


def _networks(node: Node, arguments: argparse.Namespace) -> list[Network]:
    """Return the networks that pods may have been attached to. Raises InventoryError for a file that cannot be read."""
    settings = node.work.settings
    if arguments.kubeconfig:
        settings = settings.replace(kubeconfig=str(arguments.kubeconfig))
    nads = manifests.nads((each for path in arguments.nads for each in manifests.read(str(path))), namespace="default")
    try:
        with screen.waiting("asking the cluster for its NADs"):
            nads += definitions.listed(settings)
    except definitions.UnknownError as error:
        _warn(
            "addresses of networks that no pod of this node has are not looked at, since the cluster's NADs cannot be "
            f"listed: {error}"
        )
    return definitions.networks(nads, settings)


def _reclaim(node: Node, found: Sequence[Leak], networks: Sequence[Network], *, silent: bool) -> list[Outcome]:
    """Take back what was found, and what comes to light by that."""
    outcomes: list[Outcome] = []
    for _ in range(_ROUNDS):
        for leak in found:
            outcomes.append(reclaiming.reclaim(node, leak))
            if not silent:
                _say(outcomes[-1])
        tried = {outcome.leak.path for outcome in outcomes}
        found = [leak for leak in leaked(node, networks=networks) if leak.path not in tried]
        if not found:
            break
    return outcomes


def _say(outcome: Outcome) -> None:
    sign = ("done  ", "green") if outcome.done else ("FAILED", "bold red")
    screen.lines([(sign, (f"  {outcome.leak.subject}: {outcome.said}", ""))])


def _show(found: Sequence[Leak], output: str) -> None:
    if output != "table":
        sys.stdout.write(screen.document(list(map(documents.leak, found)), output))
    elif found:
        rows = ((leak.kind.value, leak.subject, " ".join(leak.holds), leak.reason) for leak in found)
        screen.table(("KIND", "LEAK", "HOLDS", "WHY"), rows)
    else:
        print("nothing has leaked")
