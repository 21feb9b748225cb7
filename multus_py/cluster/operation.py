"""One operation on the API server: what it is in HTTP's words, and what an answer to it means. No effects here."""

from __future__ import annotations

from multus_py.base import fields, jsontext, value
from multus_py.cluster import errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONObject
    from multus_py.cluster.http import Response

PODS, POD_STATUS, EVENTS = "pods", "pods/status", "events"
NADS = "network-attachment-definitions.k8s.cni.cncf.io"
CLAIMS, SLICES = "resourceclaims.resource.k8s.io", "resourceslices.resource.k8s.io"
_CORE, _DRA = "/api/v1", "/apis/resource.k8s.io/v1"
_ROOTS = {
    PODS: _CORE,
    POD_STATUS: _CORE,
    EVENTS: _CORE,
    NADS: "/apis/k8s.cni.cncf.io/v1",
    CLAIMS: _DRA,
    SLICES: _DRA,
}
_METHODS = {"get": "GET", "list": "GET", "patch": "PATCH", "create": "POST"}
_MEDIA_TYPES = {"patch": "application/merge-patch+json", "create": "application/json"}

_FAILURES: dict[int, type[errors.ClusterError]] = {
    401: errors.UnauthorizedError,
    403: errors.ForbiddenError,
    404: errors.NotFoundError,
    409: errors.ConflictError,
}
_HINTS = {
    NADS: "is its CustomResourceDefinition installed",
    CLAIMS: "does it serve resource.k8s.io/v1, as Kubernetes does from 1.34 on",
    SLICES: "does it serve resource.k8s.io/v1, as Kubernetes does from 1.34 on",
}
_BUSY = frozenset({429, 500, 502, 503, 504})
_MAX_SHOWN = 500
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


class AgainError(Exception):
    """It did not work this time, and may work another time; the message says why."""

    def __init__(self, reason: str, *, after: float = 0.0) -> None:
        """Note the reason, and for how many seconds the server wants to be left alone."""
        super().__init__(reason)
        self.after = after


class Operation(value.Value):
    """What is wanted, in Kubernetes' words. Doing it twice does no more than doing it once."""

    verb: str
    """As in RBAC rules: get, list, patch, create."""
    resource: str
    """As in RBAC rules: one of the constants above."""
    namespace: str = ""
    """Empty for a list, which is of the whole cluster."""
    name: str = ""
    """Empty for a create and a list."""
    query: tuple[tuple[str, str], ...] = ()
    body: JSONObject | None = None

    @property
    def method(self) -> str:
        """The HTTP method."""
        return _METHODS[self.verb]

    @property
    def path(self) -> str:
        """The path below the server's URL, with the query. Raises ValueError when a name would lead elsewhere."""
        if self.verb == "list":
            query = "&".join(f"{key}={_quote(text)}" for key, text in self.query)
            return f"{everywhere(self.resource)}?{query}" if query else everywhere(self.resource)
        names = [self.namespace] if self.verb == "create" else [self.namespace, self.name]
        # The server decodes a path before it takes it apart, so quoting does not help; client-go refuses these, too.
        if any(name in {"", ".", ".."} or "/" in name or "%" in name for name in names):
            raise ValueError("no object can have such a name")
        plural, slash, subresource = self.resource.partition("/")
        namespace, *name = (_quote(name) for name in names)
        parts = [_ROOTS[self.resource], "namespaces", namespace, plural.partition(".")[0], *name]
        return "/".join(parts) + slash + subresource

    @property
    def media_type(self) -> str:
        """What the body is."""
        return _MEDIA_TYPES[self.verb]

    def __str__(self) -> str:
        """Say it in words."""
        which = f' "{self.name}"' if self.name else ""
        return f"{self.verb} {self.resource}{which} {self.where}"

    @property
    def where(self) -> str:
        """Say where it happens."""
        if self.namespace or self.verb != "list":
            return f'in namespace "{self.namespace}"'
        selectors = [text for key, text in self.query if key == "fieldSelector"]
        return f"with {selectors[0]} in the whole cluster" if selectors else "in the whole cluster"

    def judge(self, response: Response) -> JSONObject:
        """Return the document of a good answer, raise what a bad one means, without saying for what operation.

        Raises:
            AgainError: The server cannot do it now.
            ClusterError: It will not, for the reason that the class says.
        """
        document = _document(response)
        answer = f"{response.status} {response.reason}".strip()
        if 200 <= response.status < 300:
            if document is None:
                kind = response.headers.get("content-type", "no Content-Type")
                raise errors.ClusterError(f"{answer}, but with something ({kind}) that is no JSON object")
            return document
        status = fields.Fields(document or {}, "", folded=False)
        said = _text(status, "message")
        reason = f"{answer}: {said}" if said else answer
        if response.status in _BUSY:
            raise AgainError(reason, after=_retry_after(response))
        failure = _FAILURES.get(response.status, errors.ClusterError)
        if response.status == 404 and not _names_object(status):
            # Not how Kubernetes says that an object is missing. For a pod that would mean that it is gone: no guesses.
            failure = errors.NotFoundError if self.resource == NADS else errors.ClusterError
            reason = f"{reason} ({_HINTS.get(self.resource, 'is it a Kubernetes API server')}?)"
        if response.status == 422 and _is_about_uid(status):
            failure, reason = errors.ConflictError, f"there is another object of that name now: {reason}"
        raise failure(reason)


def everywhere(resource: str) -> str:
    """Return the path below the server's URL of all objects of a resource, in whatever namespace."""
    return f"{_ROOTS[resource]}/{resource.partition('.')[0]}"


def _quote(name: str) -> str:
    """Write a name as a part of a path (RFC 3986, 2.1)."""
    return "".join(chr(code) if code in _UNRESERVED else f"%{code:02X}" for code in name.encode())


def _document(response: Response) -> JSONObject | None:
    try:
        parsed = jsontext.loads(response.body)
    except jsontext.JSONError:
        return None
    return parsed if isinstance(parsed, dict) else None


def _text(status: fields.Fields, key: str) -> str:
    """Return a text from an answer that may be anything."""
    found = status.raw(key)
    return " ".join(found.split())[:_MAX_SHOWN] if isinstance(found, str) else ""


def _names_object(status: fields.Fields) -> bool:
    """Tell whether a 404 is about an object, and not about a path that the server does not know."""
    details = status.raw("details")
    return status.raw("kind") == "Status" and isinstance(details, dict) and bool(details.get("name"))


def _is_about_uid(status: fields.Fields) -> bool:
    """Tell whether an object was refused for its UID: a merge patch with another one is answered like that."""
    try:
        causes = status.fields("details").objects("causes")
    except fields.FieldError:
        return False
    return any(cause.raw("field") == "metadata.uid" for cause in causes)


def _retry_after(response: Response) -> float:
    text = response.headers.get("retry-after", "")
    return (
        float(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0.0
    )  # a date is not worth the trouble
