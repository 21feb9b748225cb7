"""`multus show`: what is attached on this node, from records; compared with the kernel if wanted; drawn if wanted."""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from multus_py.cli import nodes, parsers, screen
from multus_py.findings import rendering
from multus_py.findings.finding import exit_status
from multus_py.inventory import attached, documents, live, mermaid, picture, svg
from multus_py.inventory.node import InventoryError

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONObject, JSONValue
    from multus_py.cli.parsers import Commands
    from multus_py.inventory.model import Attachment, Container

_FORMS = ("table", "json", "yaml", "svg", "mermaid")
_DRAWINGS = {"svg": svg.svg, "mermaid": mermaid.mermaid}
_STATUSES = {1: "nothing can be read, there is no such pod, or --live has found an error"}
_COLUMNS = ("POD", "INTERFACE", "NETWORK", "PLUGINS", "MASTER", "ADDRESSES", "MAC", "STATE")


def register(commands: Commands) -> None:
    """Add the command."""
    parser = parsers.add_command(
        commands,
        "show",
        "show what is attached on this node, from the plugin's records",
        examples=(
            ("multus show pods", "every interface of every pod on this node"),
            ("multus show pods --live", "the same, compared with what the kernel has"),
            ("multus show pod default/web -o json", "one pod, with its networks' configurations"),
            ("multus show pods -o svg > node.svg", "a drawing of the node"),
            ("multus show networks", "how many pods and addresses each network has"),
        ),
        statuses=_STATUSES,
    )
    whats = parser.add_subparsers(required=True, metavar="WHAT", title="what to show")
    pods = _add(whats, "pods", "all pods of this node, an interface a line")
    pods.set_defaults(run=_pods)
    pod = _add(whats, "pod", "one pod, with routes and configurations")
    pod.add_argument("name", metavar="NAMESPACE/NAME", help="the pod; without a namespace in `default`")
    pod.set_defaults(run=_pod)
    container = _add(whats, "container", "one container (a pod's sandbox)")
    container.add_argument("id", metavar="ID", help="the container, or the first letters of its id")
    container.set_defaults(run=_container)
    networks = parsers.add_command(whats, "networks", "the networks that pods of this node are attached to")
    parsers.add_output(networks, "table", "json", "yaml")
    parsers.add_node(networks)
    networks.set_defaults(run=_networks)


def _add(commands: Commands, name: str, help: str) -> argparse.ArgumentParser:
    parser = parsers.add_command(commands, name, help, statuses=_STATUSES)
    parser.add_argument(
        "--live", action="store_true", help="compare with the kernel (needs root), and say what differs"
    )
    parsers.add_output(parser, *_FORMS)
    parsers.add_node(parser)
    return parser


def _pods(arguments: argparse.Namespace) -> int:
    return _show(arguments, lambda _container: True, "pod")


def _pod(arguments: argparse.Namespace) -> int:
    namespace, slash, name = arguments.name.rpartition("/")
    wanted = (namespace if slash else "default", name)
    return _show(arguments, lambda each: (each.pod_namespace, each.pod) == wanted, f"pod {'/'.join(wanted)}", one=True)


def _container(arguments: argparse.Namespace) -> int:
    return _show(arguments, lambda each: each.id.startswith(arguments.id), f"container {arguments.id}", one=True)


def _show(arguments: argparse.Namespace, wanted: Callable[[Container], bool], what: str, *, one: bool = False) -> int:
    try:
        node = nodes.opened(arguments)
        containers = tuple(each for each in attached.attached(node) if wanted(each))
        if one and not containers:
            raise InventoryError(f"nothing is recorded of {what} in {node.places.state}")
        if arguments.live:
            with screen.waiting("looking into the network namespaces"):
                containers = live.compared(node, containers)
    except InventoryError as error:
        print(f"multus show: {error}", file=sys.stderr)
        return 1
    if arguments.output in _DRAWINGS:
        where = os.environ.get("MULTUS_NODE_NAME") or platform.node()
        title = f"{containers[0].subject if one else 'Pods'} on {where}"
        sys.stdout.write(_DRAWINGS[arguments.output](picture.picture(title, containers)))
    elif arguments.output != "table":
        shown: list[JSONValue] = [documents.container(each, compared=arguments.live) for each in containers]
        sys.stdout.write(screen.document(shown, arguments.output))
    else:
        _print(containers, detailed=one)
    return exit_status([finding for each in containers for finding in each.findings])


def _print(containers: Sequence[Container], *, detailed: bool) -> None:
    if detailed:
        for container in containers:
            screen.pairs(_facts(container))
    if not containers:
        print("nothing is attached on this node")
        return
    screen.table(_COLUMNS, [row for container in containers for row in _rows(container)])
    findings = [finding for container in containers for finding in container.findings]
    if findings:
        print()
        screen.lines(rendering.text(findings))


def _rows(container: Container) -> Iterator[tuple[str, ...]]:
    for each in container.attachments:
        yield (
            container.subject,
            each.interface,
            each.network,
            "+".join(each.plugins),
            each.master,
            " ".join(each.addresses),
            each.mac,
            _state(each),
        )
    if not container.attachments:
        yield (container.subject, "", "", "", "", "", "", "unreadable")


def _state(attachment: Attachment) -> str:
    if attachment.findings is None:
        return "attached" if attachment.completed else "incomplete"
    return ",".join(dict.fromkeys(each.id for each in attachment.findings)) or "ok"


def _facts(container: Container) -> Iterator[tuple[str, str]]:
    """Yield what a table of interfaces has no room for."""
    yield "pod", f"{container.subject} {container.pod_uid}" if container.pod else ""
    yield "container", container.id
    yield "sandbox", container.sandbox
    for each in container.attachments:
        for route in each.routes:
            yield f"route of {each.interface}", f"{route.destination} {f'via {route.gateway}' if route.gateway else ''}"
        for link in each.host:
            yield f"{each.interface} on the node", f"{link.name} {link.mac}"
        if each.device:
            yield f"device of {each.interface}", f"{each.device} of {each.resource}" if each.resource else each.device
    yield "", ""


def _networks(arguments: argparse.Namespace) -> int:
    try:
        containers = attached.attached(nodes.opened(arguments))
    except InventoryError as error:
        print(f"multus show: {error}", file=sys.stderr)
        return 1
    by_name: dict[str, list[Attachment]] = {}
    for each in (each for container in containers for each in container.attachments):
        by_name.setdefault(each.network, []).append(each)
    found: list[JSONObject] = [_summary(name, each) for name, each in sorted(by_name.items())]
    if arguments.output == "table":
        headings = ("NETWORK", "PLUGINS", "MASTER", "ATTACHMENTS", "ADDRESSES")
        screen.table(headings, (list(map(str, each.values())) for each in found))
    else:
        sys.stdout.write(screen.document(list(found), arguments.output))
    return 0


def _summary(name: str, attachments: Sequence[Attachment]) -> JSONObject:
    """Return what a network is, in all ways that attachments have it, and how much it is used."""
    return {
        "name": name,
        "plugins": ",".join(dict.fromkeys("+".join(each.plugins) for each in attachments)),
        "master": ",".join(dict.fromkeys(each.master for each in attachments)),
        "attachments": len(attachments),
        "ips": sum(len(each.addresses) for each in attachments),
    }
