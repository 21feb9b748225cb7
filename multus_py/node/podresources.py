"""The kubelet's PodResources service: which devices the containers of a pod have got, through device plugins.

It is asked over gRPC on a unix socket. This is the one door of grpc, which takes 85 ms to import and is most of
dist/multus; so it is opened inside the function, for a pod with a network that needs a device. multus-behaviour 5.1.
"""

from __future__ import annotations

from multus_py.base import clock
from multus_py.node import errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from grpc import RpcError

    from multus_py.base.clock import Deadline
    from multus_py.node.podresources_pb2 import ContainerResources
    from multus_py.node.podresources_pb2_grpc import PodResourcesListerStub

SOCKET = "/var/lib/kubelet/pod-resources/kubelet.sock"
"""Where a kubelet listens whose directory is the usual one."""

_MAX_ANSWER = 16 << 20
"""Bytes; that of the original. The whole node's answer grows with its pods and their devices."""
_RETRIED = """{"methodConfig": [{"name": [{"service": "v1.PodResourcesLister"}], "retryPolicy": {"maxAttempts": 5,
    "initialBackoff": "0.2s", "maxBackoff": "2s", "backoffMultiplier": 2,
    "retryableStatusCodes": ["RESOURCE_EXHAUSTED"]}}]}"""
"""The kubelet refuses more than ten questions at once, or a hundred a second, whoever asks (ratelimit.go)."""
_OPTIONS = (
    ("grpc.max_receive_message_length", _MAX_ANSWER),
    ("grpc.service_config", _RETRIED),
    ("grpc.enable_http_proxy", 0),
    ("grpc.default_authority", "localhost"),  # servers written in Go refuse the socket's path
)

_PASSING = ("UNAVAILABLE", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED")
"""How the kubelet refuses, or gRPC for it, when it may answer later."""


def allocated(
    namespace: str, name: str, uid: str, *, socket: str = SOCKET, timeout: float = 10.0
) -> Mapping[str, tuple[str, ...]]:
    """Return the device ids of a pod for each resource, in the order in which networks get them.

    That is the containers' order in the pod, sidecars first, as the kubelet answers it; and sorted within a container.
    The kubelet keeps a container's devices in a map, and answers them in another order every time
    (container_manager.go, containerDevicesFromResourceDeviceInstances), so there is no order of its own to keep. A
    device that is near two NUMA nodes comes twice.

    Args:
        namespace: The pod's.
        name: The pod's.
        uid: The pod's, for messages: the kubelet goes by names.
        socket: Where the kubelet listens.
        timeout: Seconds that it may take. A kubelet that is just starting is waited for.

    Raises:
        NodeError: It cannot be asked, or does not answer; UnavailableError when that may pass.
    """
    import grpc  # the door

    from multus_py.node import podresources_pb2_grpc as service

    try:
        with grpc.insecure_channel(f"unix:{socket}", options=_OPTIONS) as channel:
            deadline = clock.Deadline(clock.SystemClock(), timeout)
            containers = _ask(service.PodResourcesListerStub(channel), namespace, name, deadline)
    except grpc.RpcError as error:
        raise _failure(error, f"{namespace}/{name}/{uid}", socket) from error
    return in_order(
        [(device.resource_name, device.device_ids) for device in container.devices] for container in containers
    )


def in_order(containers: Iterable[Iterable[tuple[str, Iterable[str]]]]) -> dict[str, tuple[str, ...]]:
    """Return device ids by resource: each container's sorted, one container after the other, none twice.

    Args:
        containers: For each container, in the pod's order, pairs of a resource and some of its device ids.
    """
    found: dict[str, tuple[str, ...]] = {}
    for container in containers:
        pairs = {(resource, id) for resource, ids in container for id in ids}
        for resource, id in sorted(pairs):
            known = found.get(resource, ())
            if id not in known:
                found[resource] = (*known, id)
    return found


def _ask(lister: PodResourcesListerStub, namespace: str, name: str, deadline: Deadline) -> Sequence[ContainerResources]:
    """Return a pod's containers: asked for alone where the kubelet can do that, else found among all pods.

    Raises grpc.RpcError.
    """
    import grpc

    from multus_py.node import podresources_pb2 as messages

    try:
        wanted = messages.GetPodResourcesRequest(pod_namespace=namespace, pod_name=name)
        got = lister.Get(wanted, timeout=deadline.remaining(), wait_for_ready=True)
        return tuple(got.pod_resources.containers)
    except grpc.RpcError as error:
        # UNIMPLEMENTED: before Kubernetes 1.27. UNKNOWN: up to 1.33 where the feature KubeletPodResourcesGet is off,
        # as it is by default; also a pod that the kubelet has not, which List tells without an error.
        if error.code() not in {grpc.StatusCode.UNIMPLEMENTED, grpc.StatusCode.UNKNOWN}:
            raise
    listed = lister.List(messages.ListPodResourcesRequest(), timeout=deadline.remaining(), wait_for_ready=True)
    pods = (pod for pod in listed.pod_resources if (pod.namespace, pod.name) == (namespace, name))
    return tuple(container for pod in pods for container in pod.containers)


def _failure(error: RpcError, pod: str, socket: str) -> errors.NodeError:
    """Say which pod it was about, whom we asked, and what came of it."""
    code = error.code().name
    kind = errors.UnavailableError if code in _PASSING else errors.NodeError
    return kind(f"the kubelet does not tell the devices of pod {pod}: {socket}: {code}: {error.details()}")
