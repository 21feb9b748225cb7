"""What the API server answers when it refuses: `Status` objects, in the words of the real one."""

from __future__ import annotations

import json
from dataclasses import dataclass

from multus_py.lab.kinds import Kind
from multus_py.lab.objects import JSON, Object

REASONS = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    405: "MethodNotAllowed",
    409: "Conflict",
    410: "Expired",
    415: "UnsupportedMediaType",
    422: "Invalid",
    429: "TooManyRequests",
    500: "InternalError",
    503: "ServiceUnavailable",
    504: "Timeout",
}


class ApiError(Exception):
    """A refusal, with everything that its `Status` object says."""

    def __init__(self, code: int, message: str, *, reason: str = "", details: Object | None = None) -> None:
        """Describe the refusal; the reason is the usual one of the code unless given."""
        super().__init__(message)
        self.code = code
        self.message = message
        self.reason = reason or REASONS.get(code, "Unknown")
        self.details = details or {}

    @property
    def status(self) -> Object:
        """Return the `Status` object."""
        return {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
            "details": self.details,
            "code": self.code,
        }


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with one field of an object."""

    field: str
    message: str
    reason: str = "FieldValueInvalid"


def bad_request(message: str) -> ApiError:
    """Return the refusal of a request that makes no sense."""
    return ApiError(400, message)


def not_found(kind: Kind, name: str) -> ApiError:
    """Return the refusal for an object that does not exist."""
    return ApiError(404, f'{kind.qualified_plural} "{name}" not found', details=_details(kind, name))


def no_such_path() -> ApiError:
    """Return the refusal of a path that the server does not serve."""
    return ApiError(404, "the server could not find the requested resource")


def already_exists(kind: Kind, name: str) -> ApiError:
    """Return the refusal to create an object twice."""
    message = f'{kind.qualified_plural} "{name}" already exists'
    return ApiError(409, message, reason="AlreadyExists", details=_details(kind, name))


def conflict(kind: Kind, name: str, why: str) -> ApiError:
    """Return the refusal of a write that is based on another object or an older version of it."""
    message = f'Operation cannot be fulfilled on {kind.qualified_plural} "{name}": {why}'
    return ApiError(409, message, details=_details(kind, name))


def stale(kind: Kind, name: str) -> ApiError:
    """Return the refusal of a write that carries an old resourceVersion."""
    why = "the object has been modified; please apply your changes to the latest version and try again"
    return conflict(kind, name, why)


def precondition(kind: Kind, name: str, *, wanted: str, found: str) -> ApiError:
    """Return the refusal of a write that was meant for an object with another UID."""
    why = f"Precondition failed: UID in precondition: {wanted}, UID in object meta: {found}"
    return conflict(kind, name, why)


def invalid(kind: Kind, name: str, problem: Problem) -> ApiError:
    """Return the refusal of an object that breaks a rule."""
    cause: Object = {"reason": problem.reason, "message": problem.message, "field": problem.field}
    details: Object = {"name": name, "group": kind.group, "kind": kind.name, "causes": [cause]}
    message = f'{kind.qualified_name} "{name}" is invalid: {problem.field}: {problem.message}'
    return ApiError(422, message, details=details)


def immutable(kind: Kind, name: str, *, field: str, value: JSON) -> ApiError:
    """Return the refusal to change a field that never changes."""
    return invalid(kind, name, Problem(field, f"Invalid value: {json.dumps(value)}: field is immutable"))


def forbidden(kind: Kind, *, user: str, verb: str, namespace: str, name: str, subresource: str) -> ApiError:
    """Return the refusal of a request that RBAC does not allow."""
    subject = f'{kind.qualified_plural} "{name}"' if name else kind.qualified_plural
    resource = f"{kind.plural}/{subresource}" if subresource else kind.plural
    where = f' in the namespace "{namespace}"' if namespace else " at the cluster scope"
    message = (
        f'{subject} is forbidden: User "{user}" cannot {verb} resource "{resource}" in API group "{kind.group}"{where}'
    )
    return ApiError(403, message, details=_details(kind, name))


def unauthorized() -> ApiError:
    """Return the refusal of a caller who is not known."""
    return ApiError(401, "Unauthorized")


def expired(since: int, oldest: int) -> ApiError:
    """Return the refusal to watch from a version that is no longer remembered."""
    return ApiError(410, f"too old resource version: {since} ({oldest})")


def page_expired() -> ApiError:
    """Return the refusal of a continue token that is too old."""
    return ApiError(410, "The provided continue parameter is too old to display a consistent list result.")


def too_new(wanted: int, current: int) -> ApiError:
    """Return the refusal to read a version that does not exist yet."""
    return ApiError(504, f"Too large resource version: {wanted}, current: {current}")


def unsupported_media_type(accepted: tuple[str, ...]) -> ApiError:
    """Return the refusal of a patch of an unknown type."""
    message = f"the body of the request was in an unknown format - accepted media types include: {', '.join(accepted)}"
    return ApiError(415, message)


def method_not_allowed() -> ApiError:
    """Return the refusal of a method that the resource does not have."""
    return ApiError(405, "the server does not allow this method on the requested resource")


def _details(kind: Kind, name: str) -> Object:
    return {"name": name, "group": kind.group, "kind": kind.plural}
