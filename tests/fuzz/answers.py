"""Answers: of an API server, or whoever took its place; of the daemon, the kubelet, the kernel, credential plugins.

The rule: an answer that is believed, or an error of the layer that asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import grpc
from google.protobuf.message import DecodeError

from multus_py.base import jsontext
from multus_py.base.clock import Deadline
from multus_py.base.fields import FieldError
from multus_py.base.process import Outcome, Program
from multus_py.cluster import claimed, credentials, frames, http, kubeconfig, objects, operation, url, wire
from multus_py.cluster import errors as cluster_errors
from multus_py.cluster.operation import Operation
from multus_py.daemon import cache, following
from multus_py.daemon.cluster import Collection, _page
from multus_py.daemon.following import StoppedError
from multus_py.daemon.patience import Patient
from multus_py.node import defaultroute, interfaces, netlink, podresources
from multus_py.node import errors as node_errors
from multus_py.node.podresources_pb2 import GetPodResourcesResponse, ListPodResourcesResponse
from tests.fakes.clock import FakeClock
from tests.fakes.stream import FakeStream
from tests.fuzz import scratch

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONObject
    from multus_py.base.process import Run, Started

_PART = 4096


def frame(data: bytes) -> None:
    """What comes in at the daemon's socket, and what its answer may be."""
    try:
        wire.request(data)
    except (frames.WireError, FieldError):
        pass
    for read in (wire.Resolved.read, wire.read_devices, wire.Failure.read):
        try:
            read(frames.unpack(data))
        except frames.WireError:
            pass


def api_answer(data: bytes) -> None:
    """What comes from an API server, or from whoever took its place."""
    try:
        answer = http.Connection(lambda _: FakeStream(*_parts(data))).request(b"", _deadline())
        document = jsontext.loads_object(answer.body)
    except (http.ProtocolError, OSError, jsontext.JSONError):
        return
    for read in (objects.Pod.from_document, objects.Nad.from_document):
        try:
            read(document)
        except cluster_errors.ClusterError:
            pass


def kubeconfig_file(data: bytes) -> None:
    """A kubeconfig, JSON or YAML; what it says of secrets is in no message."""
    with scratch.file(data.replace(b"/dev/", b"/none/")) as path:  # what it names is read, and these never end
        try:
            credentials.obtain(kubeconfig.load(str(path)), run=_saying(b""), environ={}, deadline=_deadline())
        except cluster_errors.ClusterError:
            pass


def credential(data: bytes) -> None:
    """What a credential plugin prints."""
    plugin = kubeconfig.ExecPlugin(command="/bin/plugin", api_version="client.authentication.k8s.io/v1")
    access = kubeconfig.Access(server=url.parse("https://192.0.2.1"), exec_plugin=plugin)
    try:
        found = credentials.obtain(access, run=_saying(data), environ={}, deadline=_deadline())
    except cluster_errors.ClusterError:
        return
    assert found.token.isprintable()


def watch(data: bytes) -> None:
    """What an API server sends while it is watched, from its head on."""
    clock = FakeClock()
    stream = Patient(FakeStream(*_parts(data)), clock=clock, stopped=lambda: True)
    reader = http.Reader(stream, _deadline())
    collection = Collection(_nobody, operation.PODS, environ={}, clock=clock, jitter=lambda: 0.0)
    try:
        for change in collection._changes(stream, reader, http.read_head(reader)):
            _keep(change.item)
    except (http.ProtocolError, OSError, cluster_errors.ClusterError, StoppedError):
        pass


def object_list(data: bytes) -> None:
    """A page of a list."""
    try:
        for item in _page(jsontext.loads_object(data)).items:
            _keep(item)
    except (jsontext.JSONError, FieldError):
        pass


def claims(data: bytes) -> None:
    """A pod with resource claims, and then what the API server has of claims and slices, one document a line."""
    documents = []
    try:
        documents = [jsontext.loads_object(line) for line in data.split(b"\n")]
        pod = objects.Pod.from_document(documents.pop(0))
        found = claimed.devices(pod, lambda wanted: _next(documents, wanted))
    except (jsontext.JSONError, cluster_errors.ClusterError):
        return
    assert all(found.claimed.values())


def kubelet(data: bytes) -> None:
    """What the kubelet answers over its socket."""
    for lister in (_Lister(data, GetPodResourcesResponse), _Lister(data, ListPodResourcesResponse)):
        try:
            containers = podresources._ask(lister, "demo", "web", _deadline())
        except DecodeError:  # gRPC makes an RpcError of it
            continue
        podresources.in_order([(each.resource_name, each.device_ids) for each in one.devices] for one in containers)


def kernel(data: bytes) -> None:
    """What the kernel says of interfaces, addresses and routes."""
    try:
        messages = list(netlink.decode(data))
    except node_errors.NodeError:
        return
    for read in (netlink.outcome, netlink.link_of, _route, lambda message: interfaces._route(message, {}), _interfaces):
        for message in messages:
            try:
                with netlink.Socket():
                    read(message)
            except node_errors.NodeError:
                pass


class _Lister:
    """The kubelet's service, which answers one of its two questions."""

    def __init__(self, data: bytes, kind: type[GetPodResourcesResponse | ListPodResourcesResponse]) -> None:
        self._data, self._kind = data, kind

    def Get(self, _wanted: object, **_options: object) -> GetPodResourcesResponse:  # noqa: N802 - the service's name
        if self._kind is not GetPodResourcesResponse:
            raise _UnimplementedError
        return GetPodResourcesResponse.FromString(self._data)

    def List(self, _wanted: object, **_options: object) -> ListPodResourcesResponse:  # noqa: N802
        return ListPodResourcesResponse.FromString(self._data)


class _UnimplementedError(grpc.RpcError):
    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.UNIMPLEMENTED


def _route(message: netlink.Message) -> None:
    found = defaultroute.read(message)
    if found is not None:
        found.payload()
        found.describe({})


def _interfaces(message: netlink.Message) -> None:
    interfaces._interface(message, {})


def _keep(item: JSONObject) -> None:
    for keep in (lambda: cache.keep_pod(item, node="n"), lambda: cache.keep_nad(item), lambda: following._key(item)):
        try:
            keep()
        except cluster_errors.ClusterError:
            pass


def _next(documents: list[JSONObject], wanted: Sequence[Operation]) -> list[JSONObject]:
    if len(documents) < len(wanted):
        raise cluster_errors.NotFoundError("no more")
    return [documents.pop(0) for _ in wanted]


def _parts(data: bytes) -> list[bytes]:
    return [data[at : at + _PART] for at in range(0, len(data), _PART)]


def _deadline() -> Deadline:
    return Deadline(FakeClock(), 10)


def _nobody() -> kubeconfig.Access:
    raise AssertionError("nobody dials")


def _saying(data: bytes) -> Run:
    def run(program: Program, deadline: Deadline, *, started: Started | None = None) -> Outcome:
        return Outcome(code=0, stdout=data)

    return run
