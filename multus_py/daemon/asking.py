"""What becomes of a request: which can be answered at once, and which has to wait for the API server. No sockets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from multus_py.cluster import errors, frames, wire
from multus_py.cluster.objects import Pod
from multus_py.cluster.wire import Failure, GetDevices, Resolve, SetStatus

if TYPE_CHECKING:
    from collections.abc import Callable

    from multus_py.base.clock import Clock
    from multus_py.base.jsontext import JSONObject
    from multus_py.cluster.port import Report
    from multus_py.cluster.wire import Tell
    from multus_py.daemon.devices import Devices
    from multus_py.daemon.resolving import Lender, Resolver
    from multus_py.daemon.telling import Teller
    from multus_py.daemon.traffic import Traffic

STALE = 2.0
"""Seconds after which nobody waits for an answer any more: what a call waits by default (`daemonTimeout`)."""


class UnwantedError(Exception):
    """Whoever asked has gone."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What can be said at once."""

    frame: bytes
    """b"" when nothing is to be said."""


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """What can be said later."""

    work: Callable[[Callable[[], bool]], bytes]
    """Returns the frame; it is told how to find out whether somebody still wants it. Raises UnwantedError."""


class Requests:
    """Knows what to do with each kind of request."""

    def __init__(
        self,
        *,
        resolver: Resolver,
        devices: Devices,
        connections: Lender,
        teller: Teller,
        traffic: Traffic,
        report: Callable[[Tell, Report], None],
        clock: Clock,
    ) -> None:
        """Take what is needed.

        Args:
            resolver: Answers `resolve`.
            devices: Answers `devices`.
            connections: Ways to the API server, for `status`.
            teller: Takes the events.
            traffic: Where is noted what was asked.
            report: Called with how a call went.
            clock: Measures how long answers take.
        """
        self._resolver = resolver
        self._devices = devices
        self._connections = connections
        self._teller = teller
        self._traffic = traffic
        self._report = report
        self._clock = clock

    def begin(self, body: bytes) -> Answer | Waiting:
        """Read a request, and answer it if that takes no waiting.

        Raises:
            WireError: It is none; whoever sends such a thing is not worth an answer.
        """
        began = self._clock.monotonic()
        try:
            request = wire.request(body)
        except frames.UnsupportedError as error:
            return Answer(frame=self._failed("other", Failure(kind=wire.UNSUPPORTED, message=str(error)), began))
        if isinstance(request, Resolve):
            known = self._resolver.from_memory(request)
            if known is not None:
                return Answer(frame=self._answered(wire.RESOLVE, "memory", known.document(), began))
            return Waiting(work=lambda wanted: self._resolve(request, began, wanted))
        if isinstance(request, GetDevices):
            return Waiting(work=lambda wanted: self._get_devices(request, began, wanted))
        if isinstance(request, SetStatus):
            return Waiting(work=lambda wanted: self._set_status(request, began, wanted))
        self._tell(request, began)
        return Answer(frame=b"")

    def _resolve(self, question: Resolve, began: float, wanted: Callable[[], bool]) -> bytes:
        self._check(wire.RESOLVE, began, wanted)
        try:
            found = self._resolver.resolve(question)
        except errors.ClusterError as error:
            return self._failed(wire.RESOLVE, Failure.of(error), began)
        outcome = "notFound" if question.name and found.pod is None else "asked"
        return self._answered(wire.RESOLVE, outcome, found.document(), began)

    def _get_devices(self, request: GetDevices, began: float, wanted: Callable[[], bool]) -> bytes:
        pod = Pod(namespace=request.namespace, name=request.name, uid=request.uid)
        self._check(wire.DEVICES, began, wanted)
        try:
            found = self._devices.of(pod, patience=STALE - (self._clock.monotonic() - began))
        except errors.ClusterError as error:
            return self._failed(wire.DEVICES, Failure.of(error), began)
        return self._answered(wire.DEVICES, "asked", wire.devices_document(found), began)

    def _set_status(self, request: SetStatus, began: float, wanted: Callable[[], bool]) -> bytes:
        pod = Pod(namespace=request.namespace, name=request.name, uid=request.uid)
        # As late as can be: what is written must not come after what came later.
        self._check(wire.STATUS, began, wanted)
        try:
            with self._connections.borrowed() as cluster:
                cluster.write_status(pod, request.annotations)
        except errors.ClusterError as error:
            return self._failed(wire.STATUS, Failure.of(error), began)
        return self._answered(wire.STATUS, "written", {"v": frames.VERSION}, began)

    def _tell(self, message: Tell, began: float) -> None:
        self._teller.take(message)
        if message.report is not None:
            self._traffic.reported(message.report)
            self._report(message, message.report)
        self._traffic.answered(wire.EVENTS, "taken", self._clock.monotonic() - began)

    def _check(self, ask: str, began: float, wanted: Callable[[], bool]) -> None:
        """Raise UnwantedError when nobody waits for the answer any more."""
        seconds = self._clock.monotonic() - began
        if seconds >= STALE or not wanted():
            self._traffic.answered(ask, "unwanted", seconds)
            raise UnwantedError

    def _answered(self, ask: str, outcome: str, document: JSONObject, began: float) -> bytes:
        try:
            frame = frames.pack(document, frames.MAX_ANSWER)
        except frames.WireError as error:
            return self._failed(ask, Failure(kind=wire.OTHER, message=str(error)), began)
        self._traffic.answered(ask, outcome, self._clock.monotonic() - began)
        return frame

    def _failed(self, ask: str, failure: Failure, began: float) -> bytes:
        self._traffic.answered(ask, failure.kind, self._clock.monotonic() - began)
        return frames.pack(failure.document(), frames.MAX_ANSWER)
