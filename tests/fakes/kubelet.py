"""A kubelet as far as its PodResources service goes: real gRPC on a unix socket, in this process."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent import futures
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import grpc

from multus_py.node import podresources_pb2 as messages
from multus_py.node import podresources_pb2_grpc as service

if TYPE_CHECKING:
    from typing import TypeAlias

    Containers: TypeAlias = Sequence[Sequence[tuple[str, Sequence[str]]]]
    """For each container pairs of a resource and ids of its devices."""


class FakeKubelet:
    """The servicer, which answers what a test has put into it."""

    def __init__(self, pods: Mapping[tuple[str, str], Containers]) -> None:
        """Have these pods, by (namespace, name)."""
        self.pods = dict(pods)
        self.asked: list[str] = []
        """The methods that were called."""
        self.without: tuple[grpc.StatusCode, str] | None = None
        """How `Get` refuses, None where it works."""
        self.refusals: list[grpc.StatusCode] = []
        """How the next questions are refused, one after the other."""
        self.delay = 0.0

    def Get(  # noqa: N802 - the protocol's name
        self, request: messages.GetPodResourcesRequest, context: grpc.ServicerContext
    ) -> messages.GetPodResourcesResponse:
        self._called("Get", context)
        if self.without:
            _refuse(context, *self.without)
        key = request.pod_namespace, request.pod_name
        if key not in self.pods:  # Go: an error without a code
            _refuse(context, grpc.StatusCode.UNKNOWN, f"pod {key[1]} in namespace {key[0]} not found")
        return messages.GetPodResourcesResponse(pod_resources=self._pod(*key))

    def List(  # noqa: N802 - the protocol's name
        self, request: messages.ListPodResourcesRequest, context: grpc.ServicerContext
    ) -> messages.ListPodResourcesResponse:
        self._called("List", context)
        return messages.ListPodResourcesResponse(pod_resources=[self._pod(*key) for key in self.pods])

    def _called(self, method: str, context: grpc.ServicerContext) -> None:
        self.asked.append(method)
        time.sleep(self.delay)
        if self.refusals:
            _refuse(context, self.refusals.pop(0), "as the test says")

    def _pod(self, namespace: str, name: str) -> messages.PodResources:
        containers = [
            messages.ContainerResources(
                name=f"c{index}",
                devices=[messages.ContainerDevices(resource_name=name, device_ids=ids) for name, ids in devices],
            )
            for index, devices in enumerate(self.pods[namespace, name])
        ]
        return messages.PodResources(namespace=namespace, name=name, containers=containers)


def _refuse(context: grpc.ServicerContext, code: grpc.StatusCode, details: str) -> NoReturn:
    context.abort(code, details)
    raise AssertionError("abort raises")


@contextmanager
def serving(socket: Path, pods: Mapping[tuple[str, str], Containers]) -> Iterator[FakeKubelet]:
    """Serve on a socket."""
    kubelet = FakeKubelet(pods)
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=4))
    service.add_PodResourcesListerServicer_to_server(kubelet, server)
    server.add_insecure_port(f"unix:{socket}")
    server.start()
    try:
        yield kubelet
    finally:
        server.stop(grace=None).wait()
