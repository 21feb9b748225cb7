"""`multus lab shell`: a node of the lab to try things on by hand, with everything where a real node has it.

    /etc/cni/net.d         the cluster network's configuration, and what `multus install` made of it
    /opt/cni/bin           multus and the reference plugins
    /var/lib/cni           records, results, addresses
    eth1                   a link to a neighbour, for second networks

The shell has mount, process and network namespaces of its own, where these are not the machine's. When it ends, in
whatever way, the kernel takes all of it away.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TextIO

from multus_py.lab import manifests, scratch
from multus_py.lab.apiserver import APIServer
from multus_py.lab.links import End, Veth
from multus_py.lab.netns import Namespace
from multus_py.lab.node import Node, node
from multus_py.lab.objects import Object, section, text
from multus_py.lab.runtime import Runtime

NODE = "node1"
NETWORK_CONFIG, PLUGINS, STATE = Path("/etc/cni/net.d"), Path("/opt/cni/bin"), Path("/var/lib/cni")
KUBECONFIG = NETWORK_CONFIG / "multus.d" / "multus.kubeconfig"
_OWN = (NETWORK_CONFIG.parent, PLUGINS.parent, STATE, Path("/run"), Path("/etc/containerd"))
"""What the shell has for itself. It has to exist on the machine, to be mounted over."""
_MADE, _USERS = Path("/run/multus-lab.made"), Path("/run/multus-lab.users")
"""Which of them labs have made; and the lock that labs hold while they are there."""
_INSIDE = "MULTUS_LAB_SHELL"
"""The variable with the lab's directory, for the part of this command that is in namespaces of its own."""
_TERMINATED = 143  # what shells report for a program that SIGTERM has ended
_SUBNET = "198.51.100.0/24"
_NEIGHBOUR = "203.0.113.254/24"


def main(command: Sequence[str], *, objects: Sequence[Path] = ()) -> int:
    """Run a command on the node; return its exit status.

    Args:
        command: The command line; empty for an interactive bash.
        objects: Files with pods and networks, as YAML, in the place of the usual ones. Pods are started.

    Raises:
        Exception: One of `failures.FAILURES`: the node cannot be made, a file is none with objects, a pod cannot be
            attached.
    """
    directory = os.environ.get(_INSIDE)
    if directory is None:
        return _apart()
    with ExitStack() as stack:
        made = _machine(stack, Path(directory))
        api = stack.enter_context(APIServer(listen=made.namespace.listen("127.0.0.1", 6443)))
        _configure(made, api)
        _create(stack, made, api, _usual() if not objects else read(objects))
        argv = made.namespace.command(list(command) or ["bash", "--norc"])
        return _wait_for(argv, _environment())


def _apart() -> int:
    """Run this very command again, in namespaces of its own, which end with this process whatever ends it."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(_TERMINATED))
    with scratch.directory("lab") as directory, _mount_points():
        apart = ["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--propagation=private", "--pid", "--fork"]
        argv = [*apart, "--kill-child", "--mount-proc", sys.executable, "-m", "multus_py", *sys.argv[1:]]
        return _wait_for(argv, os.environ | {_INSIDE: str(directory)})


def _wait_for(argv: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run a program to its end, and return its status. Ctrl-C is its business; the terminal sends it there, too."""
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        return subprocess.run(argv, check=False, env=environment).returncode
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _mount_points() -> Iterator[None]:
    """Make the directories that the machine lacks; the last lab to end removes them.

    To remove a directory is to unmount what any lab has there, so each lab says that it is there by a shared lock.
    """
    with _USERS.open("w") as users:
        with _made() as made:
            made += [path for path in _OWN if not path.exists()]
            for path in made:
                path.mkdir(parents=True, exist_ok=True)
            fcntl.flock(users, fcntl.LOCK_SH)
        try:
            yield
        finally:
            with _made() as made:
                fcntl.flock(users, fcntl.LOCK_UN)
                if _is_free(users):
                    for path in made:
                        path.rmdir()
                    made.clear()


@contextmanager
def _made() -> Iterator[list[Path]]:
    """Give the directories that labs have made, to be changed; one lab at a time."""
    with _MADE.open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        made = [Path(line) for line in file.read().splitlines()]
        yield made
        file.truncate(0)
        file.write("".join(f"{path}\n" for path in made))


def _is_free(lock: TextIO) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _machine(stack: ExitStack, directory: Path) -> Node:
    """Make the node: folders, network namespace, a neighbour."""
    for path in _OWN:
        _run("mount", "-t", "tmpfs", "lab", str(path))
    made = stack.enter_context(node(NODE, directory, built=None))
    for path, folder in {
        NETWORK_CONFIG: directory / "net.d",
        PLUGINS: made.plugins,
        STATE / "multus": made.state,
        STATE / "networks": made.addresses,
    }.items():
        path.mkdir(parents=True)
        _run("mount", "--bind", str(folder), str(path))
    (STATE / "results").mkdir()  # where a runtime has its notes; this one takes none
    neighbour = stack.enter_context(Namespace("neighbour"))
    stack.enter_context(Veth(End(made.namespace, "eth1"), End(neighbour, "eth1", (_NEIGHBOUR,))))
    return made


def _configure(made: Node, api: APIServer) -> None:
    """Give the node its cluster network, and let Multus take it from there as on any node."""
    network = made.cluster_network(_SUBNET) | {"ipam": {"type": "host-local", "subnet": _SUBNET}}
    (NETWORK_CONFIG / "10-cluster.conf").write_text(json.dumps(network, indent=2) + "\n")
    KUBECONFIG.parent.mkdir()
    api.kubeconfig(KUBECONFIG)
    options = ["--skip-multus-binary-copy", "--cni-conf-dir", str(NETWORK_CONFIG), "--skip-kubeconfig"]
    _run(str(PLUGINS / "multus"), "install", *options, "--multus-kubeconfig-file-host", str(KUBECONFIG))


def _create(stack: ExitStack, made: Node, api: APIServer, objects: Iterable[Object]) -> None:
    """Create objects; start those that are pods."""
    (configuration,) = NETWORK_CONFIG.glob("00-multus.conf*")
    config: Object = json.loads(configuration.read_text())
    plugins = config.get("plugins")
    if isinstance(plugins, list) and isinstance(plugins[0], dict):
        config |= plugins[0]
    runtime = Runtime(config, namespace=made.namespace, plugins=PLUGINS)
    for obj in objects:
        created = api.create(obj)
        if text(created, "kind") == "Pod":
            runtime.add(stack.enter_context(made.sandbox(created)))
            name, namespace = (text(created, "metadata", key) for key in ("name", "namespace"))
            api.edit("pod", name, _running, namespace=namespace, subresource="status")


def _running(pod: Object) -> None:
    pod["status"] = {"phase": "Running"}


def _usual() -> Iterator[Object]:
    """Return a network and two pods that use it."""
    ipam: Object = {"type": "host-local", "subnet": "203.0.113.0/24", "rangeStart": "203.0.113.20"}
    macvlan: Object = {"cniVersion": "1.0.0", "type": "macvlan", "master": "eth1", "mode": "bridge", "ipam": ipam}
    yield manifests.network("storage", macvlan)
    yield manifests.pod("web", "storage", node=NODE)
    yield manifests.pod("db", "storage@backup, storage", node=NODE)


def read(files: Iterable[Path]) -> Iterator[Object]:
    """Return the objects of files; pods are for this node. Raises ManifestError."""
    for file in files:
        for obj in manifests.read(file):
            if text(obj, "kind") == "Pod":
                obj["spec"] = {"nodeName": NODE, **section(obj, "spec")}
            yield obj


def _environment() -> dict[str, str]:
    path = f"{PLUGINS}:{os.environ.get('PATH', '/usr/bin:/bin')}"
    inherited = {name: text for name, text in os.environ.items() if name != _INSIDE}
    return inherited | {
        "PATH": path,
        "KUBECONFIG": str(KUBECONFIG),
        "MULTUS_NODE_NAME": NODE,  # in place of the machine's host name
        "PS1": f"{NODE}# ",
    }


def _run(*argv: str) -> None:
    subprocess.run(argv, check=True, capture_output=True, text=True, timeout=60)
