"""Events as the API's v1 documents."""

from __future__ import annotations

import binascii

from multus_py.base import clock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONObject
    from multus_py.cluster.objects import Pod
    from multus_py.cluster.port import Event

_COMPONENT = "multus"
_MAX_MESSAGE = 1024  # bytes; what the events.k8s.io API allows a note
_MAX_POD_NAME = 200  # of the 253 that an object's name can have


def document(pod: Pod, event: Event, *, now: float) -> JSONObject:
    """Write an event about a pod that happened `now`, in seconds since 1970-01-01 UTC.

    Its name depends on nothing but the arguments, so sending the document again is recognised by the server.
    """
    when = clock.rfc3339(now)
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": _name(pod, event, now), "namespace": pod.namespace},
        "involvedObject": {
            "apiVersion": "v1",
            "kind": "Pod",
            "namespace": pod.namespace,
            "name": pod.name,
            "uid": pod.uid,
        },
        "type": event.type,
        "reason": event.reason,
        "message": event.message.encode(errors="replace")[:_MAX_MESSAGE].decode(errors="ignore"),
        "source": {"component": _COMPONENT, "host": pod.node},
        "reportingComponent": _COMPONENT,
        "reportingInstance": pod.node,
        "firstTimestamp": when,
        "lastTimestamp": when,
        "count": 1,
    }


def _name(pod: Pod, event: Event, now: float) -> str:
    """Name an event as client-go does, `<pod>.<nanoseconds>`, with a digest that tells events of one moment apart."""
    text = f"{pod.uid}\n{event.type}\n{event.reason}\n{event.message}"
    digest = binascii.crc32(text.encode(errors="replace"))
    return f"{pod.name[:_MAX_POD_NAME].rstrip('-.')}.{int(now * 1e9):x}.{digest:08x}"
