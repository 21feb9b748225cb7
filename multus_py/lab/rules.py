"""What the API server makes of an object before it is stored: defaults, checks, and what may not change. Stateless."""

from __future__ import annotations

import re
from copy import deepcopy
from dataclasses import dataclass

from multus_py.lab import apierrors
from multus_py.lab.apierrors import Problem
from multus_py.lab.kinds import EVENTS, Kind
from multus_py.lab.objects import JSON, Object, at, section, text

_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_IMMUTABLE = ("uid", "name", "namespace", "creationTimestamp")


@dataclass(frozen=True)
class Birth:
    """What a new object is given by the server."""

    uid: str
    creation_timestamp: str
    name_suffix: str
    """Completes a `generateName`."""


def new(kind: Kind, obj: Object, *, namespace: str, birth: Birth) -> Object:
    """Return the object to store for a request to create `obj`.

    Raises:
        ApiError: When the object is not acceptable.
    """
    made = _typed(kind, obj)
    metadata = section(made, "metadata")
    made["metadata"] = metadata
    _check_maps(metadata)
    if namespace:
        if text(metadata, "namespace") not in {"", namespace}:
            message = "the namespace of the provided object does not match the namespace sent on the request"
            raise apierrors.bad_request(message)
        metadata["namespace"] = namespace
    prefix = text(metadata, "generateName")
    name = text(metadata, "name") or (prefix and prefix + birth.name_suffix)
    _check_name(kind, name)
    if kind is EVENTS and (about := text(made, "involvedObject", "namespace")) not in {"", namespace}:
        problem = Problem("involvedObject.namespace", f'Invalid value: "{about}": does not match event.namespace')
        raise apierrors.invalid(kind, name, problem)
    metadata["name"] = name
    metadata["uid"] = birth.uid
    metadata["creationTimestamp"] = birth.creation_timestamp
    if kind.counts_generations:
        metadata["generation"] = 1
    return made


def changed(kind: Kind, old: Object, new: Object, *, subresource: str = "") -> Object:
    """Return the object to store when `new` is to take the place of `old`.

    Raises:
        ApiError: When `new` is based on an older version, or changes what may not change.
    """
    made = _typed(kind, new)
    before, after = section(old, "metadata"), section(made, "metadata")
    name = text(before, "name")
    made["metadata"] = after
    _check_maps(after)
    if after.setdefault("resourceVersion", before["resourceVersion"]) != before["resourceVersion"]:
        raise apierrors.stale(kind, name)
    for field in _IMMUTABLE:
        if field not in before:
            continue
        if (value := after.get(field) or before[field]) != before[field]:
            raise apierrors.immutable(kind, name, field=f"metadata.{field}", value=value)
        after[field] = before[field]
    if subresource == "status":
        _carry(before, after, "ownerReferences")
        for part in {*old, *made} - {"metadata", "status"}:
            _carry(old, made, part)
    elif kind.status:
        _carry(old, made, "status")
    _carry(before, after, "generation")
    if kind.counts_generations and _desired(old) != _desired(made):
        generation = at(before, "generation")
        after["generation"] = (generation if isinstance(generation, int) else 0) + 1
    return made


def _typed(kind: Kind, obj: Object) -> Object:
    made = deepcopy(obj)
    if (version := made.setdefault("apiVersion", kind.api_version)) != kind.api_version:
        message = f"the API version in the data ({version}) does not match the expected API version"
        raise apierrors.bad_request(f"{message} ({kind.api_version})")
    if (name := made.setdefault("kind", kind.name)) != kind.name:
        raise apierrors.bad_request(f"the kind in the data ({name}) does not match the expected kind ({kind.name})")
    if not isinstance(made.get("metadata", {}), dict):
        raise apierrors.bad_request("the metadata of the object is not an object")
    return made


def _check_maps(metadata: Object) -> None:
    for field in ("labels", "annotations"):
        values: JSON = metadata.get(field)
        if values is None:
            metadata.pop(field, None)
        elif not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
            raise apierrors.bad_request(f"cannot unmarshal metadata.{field}: it is a map of strings to strings")


def _check_name(kind: Kind, name: str) -> None:
    if not name:
        problem = Problem("metadata.name", "Required value: name or generateName is required", "FieldValueRequired")
        raise apierrors.invalid(kind, name, problem)
    if len(name) > 253 or not _NAME.fullmatch(name):
        message = (
            f'Invalid value: "{name}": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric '
            "characters, '-' or '.', and must start and end with an alphanumeric character"
        )
        raise apierrors.invalid(kind, name, Problem("metadata.name", message))


def _carry(old: Object, made: Object, key: str) -> None:
    if key in old:
        made[key] = deepcopy(old[key])
    else:
        made.pop(key, None)


def _desired(obj: Object) -> Object:
    return {key: value for key, value in obj.items() if key not in {"metadata", "status"}}
