"""The API server as a source of lists and watches: one collection of objects each, over connections of its own.

It stands on what a CNI call talks to the API server with (`cluster.dial`, `cluster.http`) and not on the package
`kubernetes`, for what that costs each node all day. Resident memory on x86-64, Python 3.11, version 37 of the package:

    the daemon before there was a cache                                   29 MB
    and the package imported                                              49 MB
    and its CoreV1Api made, as its manual says                            71 MB
    and only raw requests of its ApiClient, 250 pods, 500 NADs            58 MB, before it answers anybody
    and this module in place of the package, 250 pods, 500 NADs           35 MB, 36 after 200 calls at once

Of a pod only the metadata is asked for, since the node's name is known: that is a fraction of the bytes, for the API
server too. `python -m tests.bench.memory` measures the last line.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from multus_py.base import jsontext, process
from multus_py.base.clock import Deadline
from multus_py.base.fields import Fields
from multus_py.cluster import credentials, errors, http, operation
from multus_py.cluster.dial import Dialer
from multus_py.cluster.operation import AgainError, Operation
from multus_py.daemon.following import CACHED, NEWEST, Change, ExpiredError, Page, StoppedError
from multus_py.daemon.patience import Patient

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from multus_py.base.clock import Clock
    from multus_py.base.jsontext import JSONObject
    from multus_py.cluster.http import Response
    from multus_py.cluster.kubeconfig import Access

LIMIT = 500
"""How many objects a page has at most."""
PATIENCE = 30.0
"""Seconds that a page, or the beginning of a watch, may take."""
IDLE = 100.0
"""Seconds of silence, at least, after which another watch is begun: a bookmark should come every minute. But an API
server bookmarks no more than etcd tells it, which is every ten minutes where nothing changes and nobody has set
--experimental-watch-progress-notify-interval (kubeadm sets 5 s). So silence alone is no failure."""
WATCH = 300.0
"""Seconds after which the API server shall end a watch, at least; at most twice that. It moves us to another server
of several in time, and has the token read again."""

_GONE = 410
_JSON = "application/json"
_METADATA = "application/json;as=PartialObjectMetadata{};g=meta.k8s.io;v=v1"


class Collection:
    """All objects of one resource, or those of one node."""

    def __init__(
        self,
        access: Callable[[], Access],
        resource: str,
        *,
        selector: str = "",
        metadata_only: bool = False,
        environ: Mapping[bytes, bytes],
        clock: Clock,
        jitter: Callable[[], float],
    ) -> None:
        """Prepare; nothing is connected yet.

        Args:
            access: Returns where the API server is and who we are, as it is by now; raises ClusterError.
            resource: operation.PODS or operation.NADS.
            selector: A field selector; "" for all objects.
            metadata_only: Whether objects shall come without spec and status.
            environ: The environment for a credential plugin.
            clock: What time-outs are measured on.
            jitter: Returns a number from 0 to 1, by chance.
        """
        self._access = access
        self._resource = resource
        self._query = {"fieldSelector": selector} if selector else {}
        self._metadata_only = metadata_only
        self._environ = environ
        self._clock = clock
        self._jitter = jitter
        self._listing: tuple[Dialer, http.Connection] | None = None

    def page(self, *, version: str, token: str) -> Page:
        """Return a portion of a list that is no older than the version, the first one without a token.

        A list from the server's memory comes in one piece, and with a limit it would not come from there.

        Raises:
            ClusterError: It cannot be had; ExpiredError: not any more.
        """
        query = {"limit": str(LIMIT)}
        if token:
            query["continue"] = token
        elif version in {CACHED, NEWEST}:
            query["resourceVersion"] = version
        else:
            query = {"resourceVersion": version, "resourceVersionMatch": "NotOlderThan"}
        deadline = Deadline(self._clock, PATIENCE)
        found = None
        try:
            with self._translated("list"):
                if self._listing is None:
                    dialer = self._dialer(deadline)
                    self._listing = dialer, http.Connection(dialer)
                dialer, connection = self._listing
                message = dialer.message("GET", self._path(query), accept=self._accept("List"))
                found = _page(self._judged("list", dialer.heard(connection.request(message, deadline))))
                return found
        finally:
            if self._listing is not None and not (found and found.token):
                self._listing[1].close()
                self._listing = None

    def watch(self, version: str, *, stopped: Callable[[], bool]) -> Iterator[Change]:
        """Ask for what happens after a version, and return it as it happens. Raises ClusterError."""
        query = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": version,
            "timeoutSeconds": f"{WATCH * (1 + self._jitter()):.0f}",
        }
        deadline = Deadline(self._clock, PATIENCE)
        with self._translated("watch"):
            dialer = self._dialer(deadline)
            stream = Patient(dialer(deadline), clock=self._clock, stopped=stopped)
            try:
                reader = http.Reader(stream, deadline)
                stream.send(dialer.message("GET", self._path(query), accept=self._accept("")), deadline)
                head = http.read_head(reader)
                if head.status != 200:
                    self._judged("watch", dialer.heard(head.replace(body=http.read_body(reader, head))))
                    raise errors.ClusterError(f"{head.status} {dialer.heard(head).reason} instead of a watch")
            except BaseException:
                stream.close()
                raise
        return self._changes(stream, reader, head)

    def _changes(self, stream: Patient, reader: http.Reader, head: Response) -> Iterator[Change]:
        stream.limit = IDLE * (1 + 0.5 * self._jitter())
        try:
            with self._translated("watch"), contextlib.suppress(TimeoutError):
                for line in http.read_lines(reader, head):
                    yield self._change(line)
        finally:
            stream.close()

    def _change(self, line: bytes) -> Change:
        event = Fields(jsontext.loads_object(line), "event", folded=False)
        type, item = event.text("type"), event.object("object") or {}
        if type == "ERROR":
            status = Fields(item, "", folded=False)
            if status.raw("code") == _GONE:
                raise ExpiredError(status.text("message"))
            raise errors.UnavailableError(f"{status.raw('code')}: {status.text('message')}")
        return Change(type=type, item=item)

    def _judged(self, verb: str, answer: Response) -> JSONObject:
        """Return the document of a good answer, raise what a bad one means."""
        if answer.status == _GONE:
            raise ExpiredError(answer.reason)
        return Operation(verb=verb, resource=self._resource, namespace="").judge(answer)

    def _dialer(self, deadline: Deadline) -> Dialer:
        """Read who we are, and get ready for connections: tokens and CAs are rotated, and nobody tells us."""
        access = self._access()
        credential = credentials.obtain(access, run=process.run, environ=self._environ, deadline=deadline)
        return Dialer(access, credential, clock=self._clock, agent="multus-py-daemon")

    def _path(self, query: Mapping[str, str]) -> str:
        return f"{operation.everywhere(self._resource)}?{urlencode({**self._query, **query})}"

    def _accept(self, suffix: str) -> str:
        return _METADATA.format(suffix) if self._metadata_only else _JSON

    @contextlib.contextmanager
    def _translated(self, verb: str) -> Iterator[None]:
        """Let nothing out but ClusterErrors that say what was asked for."""
        try:
            yield
        except (ExpiredError, StoppedError):
            raise
        except errors.ForbiddenError as error:
            raise errors.ForbiddenError(f"our account may not {verb} {self._resource}: {error}") from error
        except errors.ClusterError as error:
            raise type(error)(f"cannot {verb} {self._resource}: {error}") from error
        except (AgainError, OSError) as error:
            reason = getattr(error, "strerror", None) or str(error) or "no answer in time"
            raise errors.UnavailableError(f"cannot {verb} {self._resource}: {reason}") from error
        except (ValueError, http.ProtocolError) as error:
            raise errors.ClusterError(f"cannot {verb} {self._resource}: {error}") from error


def _page(document: JSONObject) -> Page:
    """Read a list. Raises FieldError."""
    found = Fields(document, "", folded=False)
    metadata = found.fields("metadata")
    items = tuple(item for item in found.array("items") if isinstance(item, dict))
    return Page(items=items, version=metadata.text("resourceVersion"), token=metadata.text("continue"))
