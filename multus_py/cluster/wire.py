"""The protocol between a CNI call and `multus daemon`: its messages as values. No sockets and no waiting here.

The daemon listens on the stream socket `multus-py.sock` in a directory of its own, `/run/multus` by default (0700, the
socket 0600), beside which the Go daemon's `multus.sock` may stand. Both ends look at who is on the other one
(SO_PEERCRED): user 0, or their own. One connection serves a call, its requests one after the other.

Messages go in `frames`. Every request has "ask"; optional keys may be absent or null.

    {"v": 1, "ask": "resolve", "namespace", "name", "uid", "multusNamespace", "nads": [[namespace, name], ...]}
        {"v": 1, "pod": {...} or null, "nads": [[namespace, name, {...} or null or {"error": {...}}], ...],
         "program": the daemon's version}
    {"v": 1, "ask": "devices", "namespace", "name", "uid"}
        {"v": 1, "claimed": {resource: [id, ...], ...}, "kubelet": the same or null, "passedOver": [reason, ...]}
    {"v": 1, "ask": "status", "namespace", "name", "uid", "annotations": {...}}
        {"v": 1}
    {"v": 1, "ask": "events", "namespace", "name", "uid", "node", "events": [{"type", "reason", "message"}, ...],
     "report": {"verb", "succeeded", "seconds", "networks": [name, ...], "phases": [[phase, plugin, seconds], ...]}}
        no answer

Any request but the last may be answered {"v": 1, "error": {"kind", "message"}} instead.

**resolve** asks for a pod with every NAD that its annotations name, and for the given NADs. Documents are the API
server's, trimmed to what `objects` reads. Null means that the API server, asked just now, has no such object. Without a
name no pod is wanted; its "pod" is null then. `uid` is how the runtime knows the pod: an answer from memory must be
about that one. When it is empty the daemon cannot compare, and asks the API server. It does so too for a pod that it
does not have, and before it says of anything that it is not there. A static pod is known to the runtime by a UID of
which the API has no more than an annotation.

**devices** asks for the devices that the pod with that UID has got: from its resource claims, and from the kubelet.
Null means that the daemon cannot ask the kubelet; the plugin does so then. A daemon of the time before this question
answers "unsupported".

**status** sets annotations of the pod with that UID, and is answered when the API server has accepted it. Who hangs up
wants it no longer: a daemon that was stopped must not write what an asker gave up on long ago, over what came later.

**events** is what is to be told of the pod, and how the call went. The daemon tells it in its own time, whether or not
the connection is still there.

A plugin whose question is not answered in time, or in a way that it does not understand, asks the API server itself. It
appends a byte to the file `fallbacks` in the daemon's directory, if the daemon has made one: its size is a metric.
"""

from __future__ import annotations

import multus_py
from multus_py.base import fields, value
from multus_py.cluster import errors, frames, port
from multus_py.cluster.port import Event, Phase, PodDevices, Report

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Self, TypeAlias

    from multus_py.base.fields import Fields
    from multus_py.base.jsontext import JSONObject, JSONValue

    Request: TypeAlias = "Resolve | GetDevices | SetStatus | Tell"

SOCKET, FALLBACKS = port.SOCKET, port.FALLBACKS
RESOLVE, DEVICES, STATUS, EVENTS = "resolve", "devices", "status", "events"
UNSUPPORTED = "unsupported"
OTHER = "other"

_KINDS: dict[str, type[errors.ClusterError]] = {
    "conflict": errors.ConflictError,
    "notFound": errors.NotFoundError,
    "forbidden": errors.ForbiddenError,
    "unavailable": errors.UnavailableError,
}


class Failure(value.Value):
    """Why a question has no other answer."""

    kind: str
    message: str

    @classmethod
    def of(cls, error: errors.ClusterError) -> Self:
        """Say what went wrong with the cluster."""
        for kind, type in _KINDS.items():
            if isinstance(error, type):
                return cls(kind=kind, message=str(error))
        return cls(kind=OTHER, message=str(error))

    def document(self) -> JSONObject:
        """Write it as an answer."""
        return {"v": frames.VERSION, **self.part()}

    def part(self) -> JSONObject:
        """Write it as a part of an answer, in the place of a document."""
        return {"error": {"kind": self.kind, "message": self.message}}

    @classmethod
    def read(cls, message: Fields) -> Self | None:
        """Read it where an answer may have it; None when it has none. Raises WireError."""
        if not message.has("error"):
            return None
        try:
            said = message.fields("error")
            return cls(kind=said.text("kind"), message=said.text("message"))
        except fields.FieldError as error:
            raise frames.WireError(f"no message: {error}") from error

    def error(self) -> errors.ClusterError:
        """Return it as the error of whoever asks the cluster."""
        return _KINDS.get(self.kind, errors.ClusterError)(self.message)


class Resolve(value.Value):
    """The question for a pod and its NADs."""

    namespace: str
    name: str
    """Empty when no pod is wanted."""
    uid: str = ""
    """As the runtime says it; empty when it does not."""
    multus_namespace: str = ""
    """Where a default-network annotation without a namespace looks."""
    nads: tuple[tuple[str, str], ...] = ()
    """NADs that are wanted whatever the pod says, as (namespace, name)."""

    def document(self) -> JSONObject:
        """Write it."""
        return {
            **_head(RESOLVE, self),
            "multusNamespace": self.multus_namespace,
            "nads": [[namespace, name] for namespace, name in self.nads],
        }

    @classmethod
    def read(cls, message: Fields) -> Self:
        """Read it. Raises FieldError."""
        return cls(
            namespace=message.text("namespace"),
            name=message.text("name"),
            uid=message.text("uid"),
            multus_namespace=message.text("multusNamespace"),
            nads=tuple((namespace, name) for namespace, name, _ in _rows(message, 2)),
        )


class Resolved(value.Value):
    """What the cluster has of what was asked for."""

    pod: JSONObject | None
    """None when it is not there, or none was wanted."""
    nads: Mapping[tuple[str, str], JSONObject | Failure | None]
    """By (namespace, name); None for what is not there."""
    program: str = multus_py.VERSION
    """Which version of the program answers; empty when it does not say."""

    def document(self) -> JSONObject:
        """Write it."""
        rows: list[JSONValue] = []
        for (namespace, name), found in self.nads.items():
            rows.append([namespace, name, found.part() if isinstance(found, Failure) else found])
        return {"v": frames.VERSION, "pod": self.pod, "nads": rows, "program": self.program}

    @classmethod
    def read(cls, message: Fields) -> Self:
        """Read it. Raises WireError."""
        try:
            nads: dict[tuple[str, str], JSONObject | Failure | None] = {}
            for namespace, name, found in _rows(message, 3):
                if found is not None and not isinstance(found, dict):
                    raise message.wrong("nads", "objects", found)
                failure = Failure.read(fields.Fields(found or {}, "nads", folded=False))
                nads[namespace, name] = failure or found
            said = message.raw("program")
            return cls(pod=message.object("pod"), nads=nads, program=said if isinstance(said, str) else "")
        except fields.FieldError as error:
            raise frames.WireError(f"no message: {error}") from error


class GetDevices(value.Value):
    """The question for a pod's devices."""

    namespace: str
    name: str
    uid: str

    def document(self) -> JSONObject:
        """Write it."""
        return _head(DEVICES, self)

    @classmethod
    def read(cls, message: Fields) -> Self:
        """Read it. Raises FieldError."""
        return cls(namespace=message.text("namespace"), name=message.text("name"), uid=message.text("uid"))


class SetStatus(value.Value):
    """The wish to have annotations set."""

    namespace: str
    name: str
    uid: str
    annotations: Mapping[str, str]

    def document(self) -> JSONObject:
        """Write it."""
        return {
            **_head(STATUS, self),
            "annotations": dict(self.annotations),
        }

    @classmethod
    def read(cls, message: Fields) -> Self:
        """Read it. Raises FieldError."""
        annotations = message.fields("annotations")
        return cls(
            namespace=message.text("namespace"),
            name=message.text("name"),
            uid=message.text("uid"),
            annotations={key: annotations.text(key) for key in message.object("annotations") or {}},
        )


class Tell(value.Value):
    """What happened to a pod, for its owner, and how the call went, for the node's."""

    namespace: str
    name: str
    uid: str
    node: str = ""
    events: tuple[Event, ...] = ()
    report: Report | None = None

    def document(self) -> JSONObject:
        """Write it."""
        return {
            **_head(EVENTS, self),
            "node": self.node,
            "events": [{"type": each.type, "reason": each.reason, "message": each.message} for each in self.events],
            "report": _report(self.report) if self.report else None,
        }

    @classmethod
    def read(cls, message: Fields) -> Self:
        """Read it. Raises FieldError."""
        return cls(
            namespace=message.text("namespace"),
            name=message.text("name"),
            uid=message.text("uid"),
            node=message.text("node"),
            events=tuple(
                Event(type=item.text("type", "Normal"), reason=item.text("reason"), message=item.text("message"))
                for item in message.objects("events")
            ),
            report=_read_report(message.fields("report")) if message.has("report") else None,
        )


_ASKS: dict[str, Callable[[Fields], Request]] = {
    RESOLVE: Resolve.read,
    DEVICES: GetDevices.read,
    STATUS: SetStatus.read,
    EVENTS: Tell.read,
}


def request(body: bytes) -> Request:
    """Read a request.

    Raises:
        UnsupportedError: It is of another version, or a question that this one does not know.
        WireError: It is no request.
    """
    message = frames.unpack(body)
    try:
        read = _ASKS.get(message.text("ask"))
        if read is None:
            raise frames.UnsupportedError(f"the question {message.text('ask')[:40]!r} is not known")
        return read(message)
    except fields.FieldError as error:
        raise frames.WireError(f"no request: {error}") from error


def devices_document(devices: PodDevices) -> JSONObject:
    """Write the answer to the question for a pod's devices."""
    return {
        "v": frames.VERSION,
        "claimed": _ids(devices.claimed),
        "kubelet": None if devices.kubelet is None else _ids(devices.kubelet),
        "passedOver": list(devices.passed_over),
    }


def read_devices(message: Fields) -> PodDevices:
    """Read the answer to the question for a pod's devices. Raises WireError."""
    try:
        return PodDevices(
            claimed=_read_ids(message, "claimed"),
            kubelet=_read_ids(message, "kubelet") if message.has("kubelet") else None,
            passed_over=message.strings("passedOver"),
        )
    except fields.FieldError as error:
        raise frames.WireError(f"no message: {error}") from error


def _ids(devices: Mapping[str, tuple[str, ...]]) -> JSONObject:
    return {resource: list(ids) for resource, ids in devices.items()}


def _read_ids(message: Fields, key: str) -> dict[str, tuple[str, ...]]:
    ids = fields.Fields(message.object(key) or {}, key, folded=False)
    return {resource: ids.strings(resource) for resource in message.object(key) or {}}


def _head(ask: str, about: Request) -> JSONObject:
    """Return what all requests begin with: the question, and the pod that it is about."""
    return {"v": frames.VERSION, "ask": ask, "namespace": about.namespace, "name": about.name, "uid": about.uid}


def _report(report: Report) -> JSONObject:
    return {
        "verb": report.verb,
        "succeeded": report.succeeded,
        "seconds": report.seconds,
        "networks": list(report.networks),
        "phases": [[phase.name, phase.plugin, phase.seconds] for phase in report.phases],
    }


def _read_report(report: Fields) -> Report:
    """Read a report. Raises FieldError."""
    phases = []
    for name, plugin, seconds in _rows(report, 3, "phases"):
        if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
            raise report.wrong("phases", "numbers of seconds", seconds)
        phases.append(Phase(name=name, plugin=plugin, seconds=seconds))
    return Report(
        verb=report.text("verb"),
        succeeded=report.flag("succeeded"),
        seconds=report.number("seconds"),
        networks=report.strings("networks"),
        phases=tuple(phases),
    )


def _rows(message: Fields, width: int, key: str = "nads") -> list[tuple[str, str, JSONValue]]:
    """Return a list of lists that each begin with two texts; the third item is None where there are two only."""
    rows: list[tuple[str, str, JSONValue]] = []
    for row in message.array(key):
        if not (isinstance(row, list) and len(row) >= width and isinstance(row[0], str) and isinstance(row[1], str)):
            raise message.wrong(key, f"lists of {width} items, which begin with texts", row)
        rows.append((row[0], row[1], row[2] if len(row) > 2 else None))
    return rows
