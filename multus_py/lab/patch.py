"""The three patch formats: merge (RFC 7396), JSON patch (RFC 6902) and a small strategic merge.

The strategic merge knows the lists of a pod that are merged by a key; every other list is replaced as a whole. Of the
directives it honours `$patch: delete` and `$patch: replace`; the others (`$setElementOrder`, `$retainKeys`,
`$deleteFromPrimitiveList`) are dropped. Nothing here changes its arguments.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import TypeAlias

from multus_py.lab.objects import JSON, Object

Patch: TypeAlias = "Callable[[JSON, JSON], JSON]"

# https://kubernetes.io/docs/reference/generated/kubernetes-api: the "patchMergeKey" of the fields of a pod.
MERGE_KEYS = {
    "conditions": "type",
    "containers": "name",
    "env": "name",
    "ephemeralContainers": "name",
    "hostIPs": "ip",
    "imagePullSecrets": "name",
    "initContainers": "name",
    "ownerReferences": "uid",
    "podIPs": "ip",
    "ports": "containerPort",
    "volumeMounts": "mountPath",
    "volumes": "name",
}


class PatchError(Exception):
    """The patch is well-formed, but it cannot be applied to this object."""


class MalformedPatchError(Exception):
    """The patch is not what its media type says."""


def merge(target: JSON, patch: JSON) -> JSON:
    """Return `target` changed by a merge patch: null deletes, objects merge, everything else replaces."""
    if not isinstance(patch, dict):
        return deepcopy(patch)
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge(merged.get(key), value)
    return merged


def strategic(target: JSON, patch: JSON) -> JSON:
    """Return `target` changed by a strategic merge patch, within the limits that the module states."""
    if not isinstance(patch, dict):
        return deepcopy(patch)
    replaces = patch.get("$patch") == "replace"
    merged = dict(target) if isinstance(target, dict) and not replaces else {}
    for key, value in patch.items():
        if key.startswith("$"):
            continue
        current = merged.get(key)
        if value is None:
            merged.pop(key, None)
        elif key in MERGE_KEYS and isinstance(value, list):
            merged[key] = _merge_list(current if isinstance(current, list) else [], value, key=MERGE_KEYS[key])
        else:
            merged[key] = strategic(current, value)
    return merged


def json_patch(target: JSON, patch: JSON) -> JSON:
    """Return `target` changed by a list of JSON patch operations.

    Raises:
        MalformedPatchError: When `patch` is not a list of operations.
        PatchError: When an operation does not fit the object, or a test fails.
    """
    if not isinstance(patch, list):
        raise MalformedPatchError("a JSON patch is a list of operations")
    document = deepcopy(target)
    for operation in patch:
        if not isinstance(operation, dict):
            raise MalformedPatchError("an operation of a JSON patch is an object")
        document = _operate(document, operation)
    return document


BY_MEDIA_TYPE: dict[str, Patch] = {
    "application/json-patch+json": json_patch,
    "application/merge-patch+json": merge,
    "application/strategic-merge-patch+json": strategic,
}


def _merge_list(current: list[JSON], changes: list[JSON], *, key: str) -> list[JSON]:
    if any(isinstance(change, dict) and set(change) == {"$patch"} for change in changes):  # [{"$patch": "replace"}, …]
        return [deepcopy(change) for change in changes if isinstance(change, dict) and "$patch" not in change]
    merged = list(current)
    for change in changes:
        if not isinstance(change, dict) or key not in change:
            raise MalformedPatchError(f"an element of the list has no merge key {key}")
        same = [index for index, item in enumerate(merged) if isinstance(item, dict) and item.get(key) == change[key]]
        if change.get("$patch") == "delete":
            merged = [item for index, item in enumerate(merged) if index not in same]
        elif same:
            merged[same[0]] = strategic(merged[same[0]], change)
        else:
            merged.append(strategic({}, change))
    return merged


def _operate(document: JSON, operation: Object) -> JSON:
    path = _pointer(operation, "path")
    match operation.get("op"):
        case "add":
            return _put(document, path, _value(operation), insert=True)
        case "replace":
            _look_up(document, path)
            return _put(document, path, _value(operation), insert=False)
        case "remove":
            return _take(document, path)
        case "test":
            if _look_up(document, path) != _value(operation):
                raise PatchError(f"testing value {operation['path']} failed")
            return document
        case "copy":
            return _put(document, path, deepcopy(_look_up(document, _pointer(operation, "from"))), insert=True)
        case "move":
            source = _pointer(operation, "from")
            value = _look_up(document, source)
            return _put(_take(document, source), path, value, insert=True)
        case unknown:
            raise MalformedPatchError(f"unexpected kind: {unknown}")


def _pointer(operation: Object, member: str) -> list[str]:
    pointer = operation.get(member)
    if not isinstance(pointer, str) or (pointer and not pointer.startswith("/")):
        raise MalformedPatchError(f"an operation needs a JSON pointer as its {member}")
    return [token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:]]


def _value(operation: Object) -> JSON:
    if "value" not in operation:
        raise MalformedPatchError(f"operation {operation.get('op')} needs a value")
    return deepcopy(operation["value"])


def _look_up(document: JSON, path: list[str]) -> JSON:
    for token in path:
        if isinstance(document, dict) and token in document:
            document = document[token]
        elif isinstance(document, list):
            document = document[_index(token, len(document) - 1)]
        else:
            raise PatchError(f"the path has no member {token}")
    return document


def _put(document: JSON, path: list[str], value: JSON, *, insert: bool) -> JSON:
    if not path:
        return value
    parent, last = _look_up(document, path[:-1]), path[-1]
    if isinstance(parent, dict):
        parent[last] = value
    elif not isinstance(parent, list):
        raise PatchError(f"the parent of {last} is neither an object nor a list")
    elif insert:
        parent.insert(len(parent) if last == "-" else _index(last, len(parent)), value)
    else:
        parent[_index(last, len(parent) - 1)] = value
    return document


def _take(document: JSON, path: list[str]) -> JSON:
    _look_up(document, path)
    if not path:
        return None
    parent, last = _look_up(document, path[:-1]), path[-1]
    if isinstance(parent, dict):
        del parent[last]
    elif isinstance(parent, list):
        del parent[_index(last, len(parent) - 1)]
    return document


def _index(token: str, highest: int) -> int:
    if not (token.isascii() and token.isdigit()) or int(token) > highest:
        raise PatchError(f"{token} is not an index of the list")
    return int(token)
