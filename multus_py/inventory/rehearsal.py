"""A rehearsal of ADD for a pod: what would be run, by the very code that runs it, with nothing being run.

The plan is `attach.plan`'s. Each network is then attached by `cni.network`, with an executor that writes down what each
plugin would get and answers in its place. So what is told here cannot differ from what ADD does. What ADD alone will
know has a name in capitals: the pod's UID, its container, its devices.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from multus_py.attach import networks, work
from multus_py.attach import plan as planning
from multus_py.base import jsontext
from multus_py.base.process import Outcome
from multus_py.cni import errors, invoke, network
from multus_py.cni.args import Call, join_args
from multus_py.cni.skel import Request
from multus_py.inventory import node

if TYPE_CHECKING:
    from multus_py.attach.attachment import Attachment
    from multus_py.attach.ports import Ports
    from multus_py.attach.work import Work
    from multus_py.base.clock import Deadline
    from multus_py.base.jsontext import JSONObject
    from multus_py.base.process import Program, Started
    from multus_py.cluster.objects import Pod
    from multus_py.cluster.port import Cluster

CONTAINER, NETNS, UID = "CONTAINER", "/run/netns/CONTAINER", "POD-UID"
_CNI = b"CNI_"


@dataclass(frozen=True, kw_only=True)
class Step:
    """One plugin that would be run."""

    network: str
    interface: str
    plugin: str
    path: str
    """Its executable; empty when this machine has none."""
    environment: Mapping[str, str]
    """The variables that CNI adds to what the runtime gave us."""
    stdin: JSONObject
    """What it would get, but for `prevResult`."""
    previous: str
    """The plugin whose result it would get as `prevResult`; empty for the first of a network."""


@dataclass(frozen=True, kw_only=True)
class Rehearsal:
    """What ADD would do, in order."""

    steps: tuple[Step, ...]
    default_routes: tuple[tuple[str, tuple[str, ...]], ...]
    """The interfaces that would get the default route in the end, each with its gateways; none for those it has."""


class _Executor(invoke.Executor):
    """Takes a plugin that is missing here for one that will be there: the rehearsal may be on another machine."""

    def find(self, type: str) -> str:
        """Return the path of a plugin's executable, its bare name when there is none. Raises CNIError for no name."""
        try:
            return super().find(type)
        except errors.CNIError as error:
            if error.code != errors.INTERNAL:
                raise
            return type


def rehearse(config: JSONObject, pod: Pod, *, ports: Ports, cluster: Cluster | None) -> Rehearsal:
    """Return what ADD would do for a pod.

    Args:
        config: The Multus configuration, as the plugin gets it.
        pod: The pod; it need not exist.
        ports: What a call would have; nothing is run by them.
        cluster: An understudy; None where there is no Kubernetes.

    Raises:
        CNIError: ADD would fail so, before it has run anything.
    """
    call = work.begin(_request(config, pod), ports=ports)
    plan = planning.make(call, pod, finder=networks.Finder(call.settings, cluster), cluster=cluster)
    with tempfile.TemporaryDirectory(prefix="multus-plan-") as directory:  # where results are noted, as ADD does
        elsewhere = call.replace(settings=call.settings.replace(cni_dir=directory))
        steps = tuple(step for attachment in plan.attachments for step in _rehearse(elsewhere, attachment))
    return Rehearsal(
        steps=steps, default_routes=tuple((wanted.holder, tuple(wanted.gateways)) for wanted in plan.default_routes)
    )


def _request(config: JSONObject, pod: Pod) -> Request:
    pairs = {
        "IgnoreUnknown": "1",
        "K8S_POD_NAMESPACE": pod.namespace,
        "K8S_POD_NAME": pod.name,
        "K8S_POD_INFRA_CONTAINER_ID": CONTAINER,
        "K8S_POD_UID": pod.uid,
    }
    call = Call(command="ADD", container_id=CONTAINER, netns=NETNS, ifname="eth0", args=join_args(tuple(pairs.items())))
    version, name = (str(config.get(key, "")) for key in ("cniVersion", "name"))
    return Request(call=call, config=node.encoded(config), version=version, name=name)


def _rehearse(call: Work, attachment: Attachment) -> list[Step]:
    """Attach a network without its plugins; return what they would have got."""
    steps: list[Step] = []

    def run(program: Program, deadline: Deadline, *, started: Started | None = None) -> Outcome:
        """Write a plugin's call down, and answer as one does that has made nothing."""
        del deadline, started
        stdin = jsontext.loads_object(program.stdin)
        stdin.pop("prevResult", None)
        path = program.argv[0]
        steps.append(
            Step(
                network=attachment.name,
                interface=attachment.ifname,
                plugin=path.rpartition("/")[2],
                path=path if "/" in path else "",
                environment={
                    name.decode(): text.decode(errors="replace")
                    for name, text in program.environ.items()
                    if name.startswith(_CNI)
                },
                stdin=stdin,
                previous=steps[-1].plugin if steps else "",
            )
        )
        return Outcome(code=0, stdout=jsontext.dumps({"cniVersion": attachment.network.version}).encode())

    ours = call.executor
    executor = _Executor(run=run, search=ours.search, environ=ours.environ, clock=ours.clock, log=ours.log)
    network.add(attachment.network, call.runtime(attachment), executor)
    return steps
