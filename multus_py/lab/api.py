"""The Kubernetes API between HTTP and the store: a call in, a reply or a stream of watch events out. No sockets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from multus_py.lab import apierrors, kinds, patch, reviews, routes, selectors
from multus_py.lab.apierrors import ApiError
from multus_py.lab.metadata import Shape
from multus_py.lab.objects import JSON, Object, decode, encode, section, text
from multus_py.lab.paging import Pages
from multus_py.lab.routes import Target
from multus_py.lab.store import Selection, Store, WatchEvent

PUBLIC = ("/healthz", "/livez", "/readyz", "/version")
"""The paths that need no credentials."""


@dataclass(frozen=True)
class Call:
    """One request, stripped of HTTP."""

    method: str
    path: str
    """With the query, as it came."""
    user: str = ""
    media_type: str = ""
    body: bytes = b""
    accept: str = ""
    """The header Accept."""


@dataclass(frozen=True)
class Reply:
    """An answer that is known as a whole."""

    code: int
    body: bytes
    media_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Stream:
    """An answer that goes on: the lines of a watch."""

    lines: Iterator[bytes]


class Api:
    """Answers calls from a store."""

    def __init__(self, store: Store) -> None:
        """Serve the objects of `store`."""
        self._store = store
        self._pages = Pages()
        self.permissions = reviews.Permissions()
        self._discovery = kinds.discovery()

    def answer(self, call: Call) -> Reply | Stream:
        """Return the answer to a call; refusals are answers too."""
        try:
            return self._answer(call)
        except ApiError as error:
            return refusal(error)

    def _answer(self, call: Call) -> Reply | Stream:
        path, query = routes.split(call.path)
        if path in PUBLIC and path != "/version":
            return Reply(200, b"ok", media_type="text/plain")
        if path in self._discovery and call.method == "GET":
            return Reply(200, encode(self._discovery[path]))
        if path == reviews.PATH and call.method == "POST":
            return Reply(201, encode(self.permissions.review(_object(call.body))))
        target = routes.resolve(path)
        if not self.permissions.allow(routes.verb(call.method, target, watching=_watching(query)), target):
            raise forbidden(call)
        shape = Shape(call.accept)
        match call.method:
            case "GET" if _watching(query):
                return Stream(_lines(self._watch(target, query), shape))
            case "GET" if target.name:
                answer = shape.of(self._store.get(target.key))
            case "GET":
                answer = shape.of_list(self._list(target, query))
            case "POST" if not target.name and target.kind.namespaced is bool(target.namespace):
                return Reply(201, encode(self._create(target, call)))
            case "PUT" if target.name:
                answer = self._replace(target, call)
            case "PATCH" if target.name:
                answer = self._patch(target, call)
            case "DELETE" if target.name and not target.subresource:
                answer = self._delete(target, call)
            case _:
                raise apierrors.method_not_allowed()
        return Reply(200, encode(answer))

    def forget_pages(self) -> None:
        """Forget all lists that are on their way: their continue tokens are answered 410 from now on."""
        self._pages.forget()

    def _list(self, target: Target, query: dict[str, str]) -> Object:
        limit, token = _number(query, "limit"), query.get("continue", "")
        if token:
            page = self._pages.next(token, limit=limit)
        else:
            items, version = self._store.select(_selection(target, query))
            if (wanted := _number(query, "resourceVersion")) > version:
                raise apierrors.too_new(wanted, version)
            # Version 0 means: from the server's memory, where lists come in one piece.
            page = self._pages.first(items, version, limit=0 if query.get("resourceVersion") == "0" else limit)
        metadata: Object = {"resourceVersion": str(page.version)}
        if page.token:
            metadata |= {"continue": page.token, "remainingItemCount": page.remaining}
        return {
            "kind": f"{target.kind.name}List",
            "apiVersion": target.kind.api_version,
            "metadata": metadata,
            "items": [*page.items],
        }

    def _watch(self, target: Target, query: dict[str, str]) -> Iterator[WatchEvent]:
        if "sendInitialEvents" in query:  # newer clients try this first, and list then watch when it is refused
            message = "sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled"
            raise ApiError(422, f"ListOptions.meta.k8s.io is invalid: sendInitialEvents: Forbidden: {message}")
        seconds = _number(query, "timeoutSeconds") or None
        return self._store.watch(
            _selection(target, query),
            since=_number(query, "resourceVersion"),
            seconds=seconds,
            bookmarks=_is_set(query, "allowWatchBookmarks"),
        )

    def _create(self, target: Target, call: Call) -> Object:
        obj = _object(call.body)
        if target.kind.status:
            obj["status"] = {"phase": target.kind.phase} if target.kind.phase else {}
        return self._store.create(target.kind, target.namespace, obj)

    def _replace(self, target: Target, call: Call) -> Object:
        made = _object(call.body)
        kind, name = target.kind, text(made, "metadata", "name")
        if name != target.name:
            message = f"the name of the object ({name}) does not match the name on the URL ({target.name})"
            raise apierrors.bad_request(message)
        if not kind.native and not text(made, "metadata", "resourceVersion"):
            problem = apierrors.Problem("metadata.resourceVersion", "Invalid value: 0: must be specified for an update")
            raise apierrors.invalid(kind, name, problem)

        def edit(old: Object) -> Object:
            _check_uid(target, old, wanted=text(made, "metadata", "uid"))
            return made

        return self._store.change(target.key, edit, subresource=target.subresource)

    def _patch(self, target: Target, call: Call) -> Object:
        accepted = tuple(name for name in patch.BY_MEDIA_TYPE if target.kind.native or "strategic" not in name)
        if call.media_type not in accepted:
            raise apierrors.unsupported_media_type(accepted)
        apply = patch.BY_MEDIA_TYPE[call.media_type]
        change = _json(call.body)
        if apply is not patch.json_patch and not isinstance(change, dict):
            raise apierrors.bad_request("error decoding patch: it is not a JSON object")

        def edit(old: Object) -> Object:
            try:
                made = apply(old, change)
            except patch.MalformedPatchError as error:
                raise apierrors.bad_request(f"error decoding patch: {error}") from error
            except patch.PatchError as error:
                raise ApiError(
                    422, f"the server rejected our request due to an error in our request: {error}"
                ) from error
            if not isinstance(made, dict):
                raise apierrors.bad_request("the patched object is no object any more")
            return made

        return self._store.change(target.key, edit, subresource=target.subresource)

    def _delete(self, target: Target, call: Call) -> Object:
        preconditions = section(_json(call.body) if call.body.strip() else {}, "preconditions")

        def check(old: Object) -> None:
            _check_uid(target, old, wanted=text(preconditions, "uid"))
            if (wanted := text(preconditions, "resourceVersion")) and wanted != text(
                old, "metadata", "resourceVersion"
            ):
                raise apierrors.stale(target.kind, target.name)

        last = self._store.delete(target.key, check)
        if target.kind.returns_deleted:
            return last
        details: Object = {
            "name": target.name,
            "group": target.kind.group,
            "kind": target.kind.plural,
            "uid": text(last, "metadata", "uid"),
        }
        return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}


def refusal(error: ApiError, *headers: tuple[str, str]) -> Reply:
    """Return the reply that carries a refusal's `Status` object."""
    return Reply(error.code, encode(error.status), headers=headers)


def forbidden(call: Call) -> ApiError:
    """Return the refusal that RBAC would give to this call.

    Raises:
        ApiError: When the call is about nothing that the server has.
    """
    path, query = routes.split(call.path)
    target = routes.resolve(path)
    return apierrors.forbidden(
        target.kind,
        user=call.user,
        verb=routes.verb(call.method, target, watching=_watching(query)),
        namespace=target.namespace,
        name=target.name,
        subresource=target.subresource,
    )


def _selection(target: Target, query: dict[str, str]) -> Selection:
    labels = selectors.by_labels(query.get("labelSelector", ""))
    fields = selectors.by_fields(target.kind, query.get("fieldSelector", ""))
    name = selectors.by_fields(target.kind, f"metadata.name={target.name}" if target.name else "")
    return Selection(target.kind, target.namespace, lambda obj: name(obj) and fields(obj) and labels(obj))


def _lines(events: Iterator[WatchEvent], shape: Shape) -> Iterator[bytes]:
    """Write events as lines; once a watch has begun, a refusal is an event of type ERROR, as on a real server."""
    try:
        for event in events:
            yield encode({"type": event.type, "object": shape.of(event.obj)}) + b"\n"
    except ApiError as error:
        yield encode({"type": "ERROR", "object": error.status}) + b"\n"


def _check_uid(target: Target, old: Object, *, wanted: str) -> None:
    found = text(old, "metadata", "uid")
    if wanted and wanted != found:
        raise apierrors.precondition(target.kind, target.name, wanted=wanted, found=found)


def _object(body: bytes) -> Object:
    value = _json(body)
    if not isinstance(value, dict):
        raise apierrors.bad_request("the object provided is not a JSON object")
    return value


def _json(body: bytes) -> JSON:
    try:
        return decode(body)
    except ValueError as error:
        raise apierrors.bad_request(f"the object provided is unrecognized: {error}") from error


def _watching(query: dict[str, str]) -> bool:
    return _is_set(query, "watch")


def _is_set(query: dict[str, str], parameter: str) -> bool:
    return query.get(parameter, "0").lower() not in {"0", "false"}


def _number(query: dict[str, str], parameter: str) -> int:
    value = query.get(parameter, "") or "0"
    if not (value.isascii() and value.isdigit()):
        raise apierrors.bad_request(f'Invalid value for {parameter}: "{value}"')
    return int(value)
