"""`multus daemon`: keep the node's CNI configuration right, and serve calls of the plugin from memory, all the time."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import multus_py
from multus_py.base.clock import Deadline, SystemClock
from multus_py.base.fields import Fields
from multus_py.cli import parsers
from multus_py.cluster import kubeconfig
from multus_py.hostconfig import options
from multus_py.hostconfig.errors import HostConfigError
from multus_py.install import program
from multus_py.install import removal as uninstallation
from multus_py.install.errors import InstallError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from multus_py.cli.parsers import Commands
    from multus_py.cluster.kubeconfig import Access
    from multus_py.daemon.serving import Place

METRICS_PORT = 9091
_MAX_PORT = 65535
_CALLS_PATIENCE = 10.0
"""Seconds that calls of the plugin have to end, before its files stay for want of a grace period."""


def register(commands: Commands) -> None:
    """Add the command."""
    parser = parsers.add_command(
        commands,
        "daemon",
        "look after a node, until a signal ends it",
        description="Look after a node until a signal ends it: keep its CNI configuration as it has to be, answer the "
        "plugin's questions from memory, and tell probes and Prometheus how it goes.",
        examples=(("multus daemon --cni-conf-dir /etc/cni/net.d --metrics-port 0", "without HTTP"),),
    )
    parsers.add_config_file(parser)
    options.add_arguments(parser)
    options.add_switch(
        parser, "--skip-config-watch", "configure the node once, and again only when its token or CA has changed"
    )
    _add_places(parser)
    parsers.add_originals(parser)
    parser.set_defaults(run=run)


def _add_places(parser: argparse.ArgumentParser) -> None:
    """Add the flags that say where the daemon listens, where it looks, and where it is."""
    parser.add_argument(
        "--metrics-port",
        type=int,
        metavar="PORT",
        help=f"where /healthz, /readyz and /metrics are answered; 0 for nowhere (the file's, or {METRICS_PORT})",
    )
    parser.add_argument(
        "--metrics-address",
        default="",
        metavar="IP",
        help="the address that they are answered on (all of the machine's)",
    )
    parser.add_argument(
        "--socket-dir",
        type=Path,
        metavar="DIR",
        help="where calls of the plugin are served from memory (the file's socketDir, or nowhere)",
    )
    parser.add_argument(
        "--pod-resources-dir",
        type=Path,
        metavar="DIR",
        help="where the kubelet tells the devices of pods: /var/lib/kubelet/pod-resources, as it is seen from here "
        "(the file's podResourcesDir, or nowhere: the plugin asks it then)",
    )
    parser.add_argument(
        "--node-name",
        default=os.environ.get("MULTUS_NODE_NAME", ""),
        metavar="NAME",
        help="the node whose pods are kept in memory; without it pods are asked for each time (MULTUS_NODE_NAME)",
    )
    parser.add_argument(
        "--kubeconfig",
        type=Path,
        metavar="FILE",
        help="how the daemon itself reaches the API server (its service account)",
    )
    parser.add_argument(
        "--cni-bin-dir",
        type=Path,
        metavar="DIR",
        help="where `multus install` has put the program: removed from there when the daemon's DaemonSet is deleted",
    )


def run(arguments: argparse.Namespace) -> int:
    """Run the daemon."""
    from multus_py.daemon import apiserver, main, removal  # their libraries take a tenth of a second to load

    build = program.running(os.environ).build
    clock = SystemClock()
    own_daemonset = removal.Removal(os.environ, server=apiserver.APIServer(os.environ, clock=clock), clock=clock)
    try:
        own = _own(arguments)
        setup = main.Setup(
            load=_loader(arguments),
            config_file=arguments.config,
            skip_config_watch=getattr(arguments, "skip_config_watch", own.flag("skipConfigWatch")),
            place=_place(arguments, own),
            access=_access(arguments),
            metrics_address=arguments.metrics_address or own.text("metricsAddress"),
            metrics_port=_port(arguments, own),
            restoring=own_daemonset.reason,
            uninstall=lambda: _uninstall(arguments.cni_bin_dir),
            version=build.version if build else multus_py.VERSION,
            build=build.id if build else "",
        )
        own_daemonset.watch()
        return main.run(setup, environment=os.environ, stderr=sys.stderr)
    except HostConfigError as error:
        print(f"multus daemon: {error}", file=sys.stderr)
        return 1


def _loader(arguments: argparse.Namespace) -> Callable[[], options.Options]:
    file: Path | None = arguments.config

    def load() -> options.Options:
        return options.from_arguments(arguments, base=options.from_file(file) if file else None)

    return load


def _place(arguments: argparse.Namespace, own: Fields) -> Place | None:
    """Return where to serve calls of the plugin, None for nowhere. Raises HostConfigError."""
    directory = arguments.socket_dir or own.text("socketDir")
    if not directory:
        return None
    from multus_py.daemon.serving import Place

    pod_resources = arguments.pod_resources_dir or own.text("podResourcesDir")
    return Place(
        directory=Path(directory),
        node=arguments.node_name,
        pod_resources=Path(pod_resources) if pod_resources else None,
    )


def _access(arguments: argparse.Namespace) -> Callable[[], Access | None]:
    """Return what finds the way to the API server. Raises HostConfigError."""
    account = _loader(arguments)()
    environ = {name.encode(): text.encode() for name, text in os.environ.items()}

    def access() -> Access | None:
        if arguments.kubeconfig:
            return kubeconfig.load(str(arguments.kubeconfig))
        found = kubeconfig.in_cluster(environ, directory=str(account.service_account_dir))
        return found.replace(insecure=True, ca="") if found and account.skip_tls_verify else found

    return access


def _uninstall(directory: Path | None) -> list[Path]:
    """Remove the program from the node; return what is gone. Raises HostConfigError."""
    if directory is None:
        return []
    try:
        done = uninstallation.uninstall(directory, deadline=Deadline(SystemClock(), _CALLS_PATIENCE))
    except InstallError as error:
        raise HostConfigError(str(error)) from error
    return [*(directory / name for name in done.links), *done.versions]


def _own(arguments: argparse.Namespace) -> Fields:
    """Return the file, for the keys that are the daemon's own. Raises HostConfigError."""
    return Fields(options.read_document(arguments.config) if arguments.config else {}, "")


def _port(arguments: argparse.Namespace, own: Fields) -> int:
    """Return the port that was asked for. Raises HostConfigError."""
    port: int | None = arguments.metrics_port
    if port is None:
        return own.integer("metricsPort", METRICS_PORT)
    if not 0 <= port <= _MAX_PORT:
        raise HostConfigError(f"--metrics-port: expected a number from 0 to {_MAX_PORT}, found {port}")
    return port
