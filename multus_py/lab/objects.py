"""Kubernetes objects as the JSON that they are, and the few safe ways to look inside them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONObject, JSONValue

JSON: TypeAlias = "JSONValue"
Object: TypeAlias = "JSONObject"


def at(value: JSON, *path: str) -> JSON:
    """Return what stands at `path`, or None when any step of it is missing or is not an object."""
    for key in path:
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value


def text(value: JSON, *path: str) -> str:
    """Return the string at `path`, or the empty string when there is none."""
    found = at(value, *path)
    return found if isinstance(found, str) else ""


def section(value: JSON, *path: str) -> Object:
    """Return the object at `path`, or a new empty one when there is none."""
    found = at(value, *path)
    return found if isinstance(found, dict) else {}


def encode(value: JSON) -> bytes:
    """Return `value` as the compact JSON that goes over the wire."""
    return json.dumps(value, separators=(",", ":")).encode()


def decode(body: bytes) -> JSON:
    """Return the JSON value in `body`.

    Raises:
        ValueError: When `body` is not JSON.
    """
    value: JSON = json.loads(body)
    return value
