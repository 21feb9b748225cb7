"""From a request's path to what it is about."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit

from multus_py.lab import apierrors
from multus_py.lab.kinds import KINDS, NAMESPACES, Kind
from multus_py.lab.store import Key


@dataclass(frozen=True)
class Target:
    """What a request is about: one object when it has a name, else all of a namespace or of the cluster."""

    kind: Kind
    namespace: str = ""
    name: str = ""
    subresource: str = ""

    @property
    def key(self) -> Key:
        """Return the place of the object."""
        return Key(self.kind, self.namespace, self.name)


def split(path: str) -> tuple[str, dict[str, str]]:
    """Return the path proper and the query parameters."""
    parts = urlsplit(path)
    return parts.path.rstrip("/") or "/", dict(parse_qsl(parts.query, keep_blank_values=True))


def resolve(path: str) -> Target:
    """Return what a path (without its query) is about.

    Raises:
        ApiError: When the server has nothing there.
    """
    match [unquote(part) for part in path.split("/")[1:]]:
        case ["api", version, *rest]:
            return _resolve("", version, rest)
        case ["apis", group, version, *rest]:
            return _resolve(group, version, rest)
    raise apierrors.no_such_path()


def verb(method: str, target: Target, *, watching: bool) -> str:
    """Return the verb that RBAC rules call such a request by."""
    if method == "GET" and watching:
        return "watch"
    if method == "GET":
        return "get" if target.name else "list"
    return {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}.get(method, method.lower())


def _resolve(group: str, version: str, parts: list[str]) -> Target:
    namespace = ""
    if len(parts) > 2 and parts[0] == NAMESPACES.plural:
        namespace, parts = parts[1], parts[2:]
    plural, name, subresource, *more = [*parts, "", "", ""][: max(len(parts), 3)]
    for kind in KINDS:
        served = (kind.group, kind.version, kind.plural) == (group, version, plural)
        placed = kind.namespaced is bool(namespace) or (kind.namespaced and not name)
        refined = not subresource or (kind.status and subresource == "status")
        if served and placed and refined and not more:
            return Target(kind, namespace, name, subresource)
    raise apierrors.no_such_path()
