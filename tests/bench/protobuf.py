"""Kubernetes' protobuf, as far as the Go Multus sends it: pods and events. The lab's API server speaks JSON only.

Only what such a request can change is read: a pod's metadata and its phase, and what an event says. Field numbers are
those of `generated.proto` in k8s.io/api/core/v1 and k8s.io/apimachinery/pkg/apis/meta/v1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from multus_py.lab.objects import JSON, Object

MAGIC = b"k8s\0"
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_SIZES = {_FIXED64: 8, _FIXED32: 4}


@dataclass(frozen=True)
class _Field:
    """A field to read: its name in JSON, and what is in it: a message of that shape, a map of texts, or a text."""

    name: str
    message: Mapping[int, _Field] | None = None
    is_map: bool = False


_METADATA = {
    1: _Field("name"),
    3: _Field("namespace"),
    5: _Field("uid"),
    6: _Field("resourceVersion"),
    11: _Field("labels", is_map=True),
    12: _Field("annotations", is_map=True),
}
_REFERENCE = {1: _Field("kind"), 2: _Field("namespace"), 3: _Field("name"), 4: _Field("uid"), 5: _Field("apiVersion")}
_KINDS: Mapping[str, Mapping[int, _Field]] = {
    "Pod": {1: _Field("metadata", _METADATA), 3: _Field("status", {1: _Field("phase")})},
    "Event": {
        1: _Field("metadata", _METADATA),
        2: _Field("involvedObject", _REFERENCE),
        3: _Field("reason"),
        4: _Field("message"),
        9: _Field("type"),
    },
}
_TYPE_META = {1: _Field("apiVersion"), 2: _Field("kind")}
_ENTRY = {1: _Field("key"), 2: _Field("value")}


def decode(body: bytes) -> Object:
    """Return the object that a protobuf body holds, as JSON.

    Raises:
        ValueError: It is of a kind that is not known here, or broken.
    """
    parts = {number: value for number, value in _fields(body.removeprefix(MAGIC)) if isinstance(value, bytes)}
    head = _read(parts.get(1, b""), _TYPE_META)
    shape = _KINDS.get(str(head.get("kind")))
    if shape is None:
        raise ValueError(f"protobuf of a {head.get('kind')} is not understood")
    return {**head, **_read(parts.get(2, b""), shape)}


def _read(data: bytes, shape: Mapping[int, _Field]) -> Object:
    made: Object = {}
    for number, value in _fields(data):
        field = shape.get(number)
        if field is None or not isinstance(value, bytes):
            continue
        if field.is_map:
            entry = _read(value, _ENTRY)
            values = made.setdefault(field.name, {})
            if isinstance(values, dict):
                values[str(entry.get("key", ""))] = entry.get("value", "")
        else:
            made[field.name] = _text_or_message(value, field)
    return made


def _text_or_message(value: bytes, field: _Field) -> JSON:
    return value.decode() if field.message is None else _read(value, field.message)


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield the number and the value of each field."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        wire = tag & 7
        if wire == _VARINT:
            value, at = _varint(data, at)
            yield tag >> 3, value
            continue
        if wire == _BYTES:
            size, at = _varint(data, at)
        elif wire in _SIZES:
            size = _SIZES[wire]
        else:
            raise ValueError(f"wire type {wire} is not understood")
        yield tag >> 3, data[at : at + size]
        at += size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(data):
            raise ValueError("protobuf ends in the middle of a number")
        byte = data[at]
        value |= (byte & 0x7F) << shift
        shift, at = shift + 7, at + 1
        if byte < 0x80:
            return value, at
