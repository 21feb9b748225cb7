"""`multus plan`: what would be run for a pod, with the configurations, without running it."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from multus_py.attach import adapters
from multus_py.attach import settings as configuration
from multus_py.base import jsontext, log
from multus_py.cli import nodes, parsers, screen
from multus_py.cluster.errors import ClusterError
from multus_py.cni.errors import CNIError
from multus_py.inventory import manifests, rehearsal
from multus_py.inventory.node import InventoryError
from multus_py.inventory.understudy import Understudy

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONObject, JSONValue
    from multus_py.cli.parsers import Commands
    from multus_py.cluster.objects import Pod
    from multus_py.cluster.port import Cluster
    from multus_py.inventory.rehearsal import Rehearsal, Step


def register(commands: Commands) -> None:
    """Add the command."""
    parser = parsers.add_command(
        commands,
        "plan",
        "show what would be run for a pod, with the configurations, without running it",
        description="Show which plugins ADD would run for a pod, in order, with what each of them would get. It is "
        "the code of ADD itself, which writes down what it would run; nothing is attached, and nothing is written. "
        "NADs come from the given files first, then from the cluster.",
        examples=(
            ("multus plan -f pod.yaml", "on a node: with its configuration, and the NADs of its cluster"),
            ("multus plan -f pod.yaml --nads networks.yaml", "with NADs that are not in the cluster yet"),
            ("kubectl get pod web -o yaml | multus plan -f -", "for a pod that exists"),
            (
                "multus plan -f pod.yaml --nads networks.yaml --multus-conf-file 00-multus.conf -o json",
                "anywhere, without a node or a cluster",
            ),
        ),
        statuses={1: "ADD would fail before it has run anything; standard error says why"},
    )
    parser.add_argument(
        "-f", "--filename", required=True, metavar="FILE", help="the pod, or what makes pods; - for standard input"
    )
    parsers.add_nads(parser)
    parser.add_argument("-n", "--namespace", default="default", help="for objects that name none (%(default)s)")
    parsers.add_kubeconfig(parser, "the way to the cluster's NADs (what the configuration says, if it is there)")
    parsers.add_output(parser, "text", "json", "yaml")
    parsers.add_node(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Rehearse, and show it."""
    try:
        config = nodes.configuration(arguments)
        if config is None:
            raise InventoryError(f"no Multus configuration in {arguments.cni_conf_dir}: name one (--multus-conf-file)")
        given = manifests.read(arguments.filename)
        pods = manifests.pods(given, namespace=arguments.namespace)
        if not pods:
            raise InventoryError(f"no pod, and nothing that makes pods, in {arguments.filename}")
        for path in arguments.nads:
            given += manifests.read(str(path))
        rehearsals = _rehearse(arguments, config, pods, given)
    except (InventoryError, CNIError, ClusterError) as error:
        print(f"multus plan: {error}", file=sys.stderr)
        return 1
    if arguments.output == "text":
        for pod, rehearsed in zip(pods, rehearsals, strict=True):
            _print(pod, rehearsed)
    else:
        documents: list[JSONValue] = [_document(*each) for each in zip(pods, rehearsals, strict=True)]
        sys.stdout.write(screen.document(documents, arguments.output))
    return 0


def _rehearse(
    arguments: argparse.Namespace, config: JSONObject, pods: Sequence[Pod], given: list[JSONObject]
) -> list[Rehearsal]:
    """Rehearse each pod. Raises InventoryError, CNIError, ClusterError."""
    if arguments.kubeconfig:
        config = {**config, "kubeconfig": str(arguments.kubeconfig)}
    ports = adapters.real_ports(os.environb)
    known = manifests.nads(given, namespace=arguments.namespace)
    with screen.waiting("asking the cluster"):
        understudy = Understudy(known, _real(config, wanted=bool(arguments.kubeconfig)))
        try:
            return [rehearsal.rehearse(config, pod, ports=ports, cluster=understudy) for pod in pods]
        finally:
            understudy.close()


def _real(config: JSONObject, *, wanted: bool) -> Cluster | None:
    """Return the cluster that the configuration names, None when there is no way to it here and none was asked for.

    Raises:
        CNIError: The configuration is wrong.
        ClusterError: The kubeconfig is.
    """
    settings = configuration.parse(jsontext.dumps(config).encode())
    if not wanted and not (settings.kubeconfig and Path(settings.kubeconfig).is_file()):
        return None
    return adapters.DirectCluster(os.environb).named(settings, log=log.Log(log.Options(stderr=False)))


def _document(pod: Pod, rehearsed: Rehearsal) -> JSONObject:
    return {
        "pod": {"namespace": pod.namespace, "name": pod.name},
        "steps": [_step(step) for step in rehearsed.steps],
        "default-routes": [
            {"interface": interface, "gateways": list(gateways)} for interface, gateways in rehearsed.default_routes
        ],
    }


def _step(step: Step) -> JSONObject:
    return {
        "network": step.network,
        "interface": step.interface,
        "plugin": step.plugin,
        "executable": step.path or None,
        "environment": dict(step.environment),
        "stdin": step.stdin,
        "prevResult-of": step.previous or None,
    }


def _print(pod: Pod, rehearsed: Rehearsal) -> None:
    _say(f"Pod {pod.namespace}/{pod.name}", "bold")
    for number, step in enumerate(rehearsed.steps, start=1):
        _say()
        _say(f"{number}. {step.interface}: network {step.network}, plugin {step.plugin}", "bold cyan")
        if not step.path:
            _say(f"   this machine has no plugin {step.plugin}", "yellow")
        for name, text in step.environment.items():
            _say(f"   {name}={text}")
        if step.previous:
            _say(f"   prevResult: what {step.previous} answers", "dim")
        screen.coloured(step.stdin)
    for interface, gateways in rehearsed.default_routes:
        ways = f"the default route goes via {', '.join(gateways)}" if gateways else "its default route is kept"
        _say()
        _say(f"In the end: {interface}: {ways}; other interfaces lose theirs", "bold cyan")


def _say(text: str = "", style: str = "") -> None:
    screen.lines([((text, style),)])
