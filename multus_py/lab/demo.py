"""`make demo`: the main job of Multus, on real plugins and network namespaces, told step by step.

Two pods on two nodes get a second network over a direct link between the nodes. Everything that is said is looked up,
and the demo fails when something is not as it should be. Nothing stays on the machine, however it ends.
"""

from __future__ import annotations

import contextlib
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from multus_py.lab import cluster, failures, manifests, scratch
from multus_py.lab.cluster import Cluster
from multus_py.lab.executable import BUILT
from multus_py.lab.netns import NETNS_DIR
from multus_py.lab.node import BRIDGE, Node
from multus_py.lab.objects import JSON, Object, decode, section, text
from multus_py.lab.runtime import Runtime, Sandbox
from multus_py.lab.story import Story, UnexpectedError

NETWORK = "macvlan-conf"
GATEWAY = "203.0.113.254"
SUBNETS = ("198.51.100.0/25", "198.51.100.128/25")
"""The cluster network's addresses, a part for each node."""
_INTERRUPTED = 130  # what shells report for a program that Ctrl-C has ended


@dataclass(frozen=True)
class Pod:
    """A pod of the demo, on its node."""

    name: str
    address: str
    """What it asks for on the second network."""
    node: Node
    runtime: Runtime
    sandbox: Sandbox


class _Stopped(BaseException):
    """Somebody wants the demo to end."""


def main(*, built: Path | None = BUILT) -> int:
    """Tell the story; return the exit status.

    Args:
        built: The executable to use as Multus, if it exists; else this package is used.
    """
    story, begun = Story(), time.monotonic()
    try:
        with _stoppable():
            _tell(story, built)
    except _Stopped:
        print("\nStopped. Everything that was made is removed again.", file=sys.stderr)
        return _INTERRUPTED
    except (UnexpectedError, *failures.FAILURES) as error:
        print(f"\nFAILED  {failures.explained(error)}", file=sys.stderr)
        print("Everything that was made is removed again.", file=sys.stderr)
        return 1
    story.say()
    story.say(f"All of it was as it should be: {story.checks} checks in {time.monotonic() - begun:.1f} seconds.")
    story.say()
    story.say("Look next at README.md (try it by hand with cnitool, use it in a cluster), conf/ (configurations),")
    story.say("ARCHITECTURE.md (how it works, and what it does better), and multus_py/lab/demo.py (this story).")
    return 0


def _tell(story: Story, built: Path | None) -> None:
    story.say("Multus gives a pod more than one network interface. Here: two nodes, a pod on each, and besides the")
    story.say("cluster network a second one, over a link of its own between the nodes.")
    with scratch.directory("demo") as directory:
        prefix = scratch.prefix(directory)
        with cluster.two_nodes(directory, prefix=prefix, built=built) as lab:
            _show_lab(story, lab, directory)
            _run(story, lab)
        left = [path.name for path in NETNS_DIR.glob(f"{prefix}*")]
    story.check("the nodes, their links and their files are gone, too", left)


def _run(story: Story, lab: Cluster) -> None:
    """Create everything, look at it, and delete it."""
    network = _network()
    configs = [
        made.multus_config(made.cluster_network(subnet)) for made, subnet in zip(lab.nodes, SUBNETS, strict=True)
    ]
    _show_configuration(story, configs[0], network)
    lab.api.create(manifests.network(NETWORK, network))
    with ExitStack() as stack:
        pods = []
        for number, (made, config) in enumerate(zip(lab.nodes, configs, strict=True), start=1):
            name, address = f"pod{number}", f"203.0.113.{number}"
            asked: JSON = [{"name": NETWORK, "ips": [f"{address}/24"]}]
            obj = lab.api.create(manifests.pod(name, asked, node=f"node{number}"))
            sandbox = stack.enter_context(made.sandbox(obj))
            pods.append(Pod(name, address, made, made.runtime(config), sandbox))
        _add(story, pods)
        _show_status(story, lab, pods)
        _ping_all(story, pods)
        _show_events(story, lab)
        _check(story, pods)
        _delete(story, lab, pods)
    story.step("The end")
    story.check("no namespace of a pod is left", lab.leftovers())


def _network() -> Object:
    """Return the second network: macvlan on eth1, with the addresses that pods ask for."""
    ipam: Object = {"type": "static", "routes": [{"dst": "0.0.0.0/0", "gw": GATEWAY}]}
    macvlan: Object = {
        "type": "macvlan",
        "master": cluster.SECOND,
        "mode": "bridge",
        "capabilities": {"ips": True},
        "ipam": ipam,
    }
    tuning: Object = {"type": "tuning", "capabilities": {"mac": True}}
    return {"cniVersion": "0.3.1", "name": NETWORK, "plugins": [macvlan, tuning]}


def _show_lab(story: Story, lab: Cluster, directory: Path) -> None:
    names = [made.namespace.name for made in lab.nodes]
    story.step("The lab")
    story.fact("node1, node2", f"the network namespaces {' and '.join(names)} (see: ip netns)")
    story.fact(cluster.MANAGEMENT, "a link between them: 192.0.2.1 - 192.0.2.2")
    story.fact(cluster.SECOND, "another link between them, without addresses")
    story.fact("API server", f"{lab.api.url} in node1, with TLS and a token")
    story.fact("multus", f"{lab.nodes[0].multus}, installed in each node's plugin directory")
    story.fact("files", f"{directory}/node1 and node2")


def _show_configuration(story: Story, config: Object, network: Object) -> None:
    story.step("The configuration")
    story.say(
        "   00-multus.conf of node1: `delegates` holds the cluster network, a bridge (node2's has another subnet)"
    )
    story.show(config)
    story.say(
        f"   NetworkAttachmentDefinition {NETWORK}: a network that pods can ask for, on the link {cluster.SECOND}"
    )
    story.show(network)
    story.say(f"   pod1 asks for it in its annotation {manifests.NETWORKS}")
    story.show([{"name": NETWORK, "ips": ["203.0.113.1/24"]}])


def _add(story: Story, pods: list[Pod]) -> None:
    story.step("ADD: each node's runtime starts a pod")
    for pod in pods:
        begun = time.monotonic()
        pod.runtime.add(pod.sandbox)
        story.say(f"   {pod.name} ({1000 * (time.monotonic() - begun):.0f} ms)")
        for interface in pod.sandbox.namespace.interfaces():
            addresses = [address for address in interface.addresses if not address.startswith("fe80:")]
            if interface.name != "lo":
                story.fact(f"  {interface.name}", f"{interface.kind:<7}", interface.mac, *addresses)
    for pod in pods:
        found = {interface.name: interface.addresses for interface in pod.sandbox.namespace.interfaces()}
        problems = [f"{name} is missing" for name in ("eth0", "net1") if name not in found]
        if f"{pod.address}/24" not in found.get("net1", ()):
            problems.append(f"net1 has {' '.join(found.get('net1', ())) or 'nothing'}")
        story.check(f"{pod.name} has eth0 and net1, and on net1 the address that it asked for", problems)


def _show_status(story: Story, lab: Cluster, pods: list[Pod]) -> None:
    story.step(f"What users see: kubectl describe pod pod1, annotation {manifests.STATUS}")
    written = [_status(lab, pod) for pod in pods]
    story.show(written[0])
    for pod, entries in zip(pods, written, strict=True):
        found = [(text(entry, "interface"), section(entry).get("ips")) for entry in entries]
        eth0 = [name for name, _ in found] == ["eth0", "net1"]
        problems = [] if eth0 and found[1][1] == [pod.address] else [f"it says {found}"]
        story.check(f"{pod.name}: the status names eth0 and net1 with {pod.address}", problems)


def _status(lab: Cluster, pod: Pod) -> list[JSON]:
    written = text(lab.api.get("pod", pod.name), "metadata", "annotations", manifests.STATUS)
    if not written:
        raise UnexpectedError(f"{pod.name} has no annotation {manifests.STATUS}")
    entries = decode(written.encode())
    return entries if isinstance(entries, list) else [entries]


def _ping_all(story: Story, pods: list[Pod]) -> None:
    story.step("Pings")
    first, second = pods
    for source, target in ((first, second), (second, first)):
        _ping(story, source, "net1", target.address, f"{target.name} on the other node")
    for pod in pods:
        bridge = pod.node.namespace.interface(BRIDGE)
        gateway = bridge.addresses[0].split("/")[0] if bridge and bridge.addresses else "a gateway that is missing"
        _ping(story, pod, "eth0", gateway, "the gateway of the cluster network")


def _ping(story: Story, pod: Pod, interface: str, address: str, whom: str) -> None:
    argv = ["ping", "-c", "1", "-W", "5", "-I", interface, address]
    done = pod.sandbox.namespace.run(argv, check=False)
    problems = [] if done.returncode == 0 else [(done.stderr or done.stdout).strip().replace("\n", " ")]
    story.check(f"{pod.name} over {interface} to {address:<14}  {whom}", problems)


def _show_events(story: Story, lab: Cluster) -> None:
    story.step("Events: the other thing that users see")
    events = lab.api.list("events", "default")
    for event in events:
        name = text(event, "involvedObject", "name")
        story.fact(name, text(event, "type"), text(event, "reason"), text(event, "message"))
    reasons = [text(event, "reason") for event in events]
    problems = [] if reasons == ["AddedInterface"] * 4 else [f"they are {reasons}"]
    story.check("one event for each interface", problems)


def _check(story: Story, pods: list[Pod]) -> None:
    story.step("CHECK: is a pod still as ADD left it?")
    for pod in pods:
        pod.runtime.check(pod.sandbox)
        story.check(f"{pod.name}: yes")


def _delete(story: Story, lab: Cluster, pods: list[Pod]) -> None:
    story.step("DEL: the pods end")
    for pod in pods:
        pod.runtime.delete(pod.sandbox)
        left = [f"interface {item.name}" for item in pod.sandbox.namespace.interfaces() if item.name != "lo"]
        story.check(f"{pod.name} has no interfaces any more", left)
    sandboxes = {f"{pod.node.namespace.name}: namespace {pod.sandbox.namespace.name}" for pod in pods}
    left = [what for what in lab.leftovers() if what not in sandboxes]
    story.check("nothing is left behind on the nodes: no interface, address, record or cached result", left)


@contextlib.contextmanager
def _stoppable() -> Iterator[None]:
    """Turn the first SIGINT or SIGTERM into an exception, and ignore more: cleaning up must not be cut short."""
    signals = (signal.SIGINT, signal.SIGTERM)

    def stop(_number: int, _frame: object) -> None:
        for number in signals:
            signal.signal(number, signal.SIG_IGN)
        raise _Stopped

    before = {number: signal.signal(number, stop) for number in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
