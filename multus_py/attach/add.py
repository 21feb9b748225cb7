"""ADD: plan the pod's attachments, make them, record them, tell the cluster (multus-behaviour 3.1)."""

from __future__ import annotations

from multus_py.attach import clusters, locking, networks, perform, pods, readiness, record, work
from multus_py.attach import plan as planning
from multus_py.attach.publish import Publisher
from multus_py.attach.stopwatch import Stopwatch
from multus_py.cni import result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from multus_py.attach.attachment import Attached, Plan
    from multus_py.attach.ports import Ports
    from multus_py.attach.work import Work
    from multus_py.base.jsontext import JSONObject
    from multus_py.cluster.port import Cluster
    from multus_py.cni.skel import Request


def add(request: Request, *, ports: Ports) -> JSONObject:
    """Attach the pod to its networks; return the cluster network's result, in the version that the runtime asked for.

    Raises:
        CNIError: Something is wrong, or an attachment failed; everything attached so far is detached again.
    """
    stopwatch = Stopwatch(ports.clock)
    call = stopwatch.delegates(work.begin(request, ports=ports))
    readiness.wait(call)
    with clusters.Session(call) as cluster:
        try:
            return _add(call, cluster, stopwatch)
        except pods.PodGoneError as gone:
            call.log.verbose(f"ADD: pod {gone} is gone, nothing is attached")
            return result.encode(pods.no_result(request), request.version)


def _add(call: Work, cluster: Cluster | None, stopwatch: Stopwatch) -> JSONObject:
    with stopwatch.phase("pod"):
        pod = pods.fetch(call, cluster)
    publisher = Publisher(call, cluster, pod, stopwatch)
    try:
        with stopwatch.phase("plan"):
            finder = networks.Finder(call.settings, cluster)
            plan = planning.make(call, pod, finder=finder, cluster=cluster)
        with locking.locked(call, call.request.call.container_id) as held:
            return _make(held, plan, publisher, stopwatch)
    except BaseException as error:
        publisher.failed(error)
        raise


def _make(call: Work, plan: Plan, publisher: Publisher, stopwatch: Stopwatch) -> JSONObject:
    """Record, make and publish the attachments: all of it, or nothing."""
    made: list[Attached] = []
    perform.check_interfaces(call, plan)
    with stopwatch.phase("record"):
        earlier = record.earlier(call, plan)
        record.save(call, call.request.call.container_id, (*plan.attachments, *earlier))
    try:
        perform.attach_all(call, plan, made)
        document = result.encode(made[0].result, call.request.version)
        publisher.status(made)
        publisher.added(made)
    except BaseException:
        perform.undo(call, plan, made, earlier=earlier)
        raise
    return document
