"""Questions to the API server as the node's account: reads, and reviews of what the account may, which change nothing.

One connection, no retries: a server that answers only now and then is something to be told of, not to be smoothed over.
"""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from multus_py.base import jsontext
from multus_py.base.clock import Deadline
from multus_py.cluster import dial, http

if TYPE_CHECKING:
    from multus_py.base.clock import Clock
    from multus_py.base.jsontext import JSONObject
    from multus_py.cluster.credentials import Credential
    from multus_py.cluster.http import Response
    from multus_py.cluster.kubeconfig import Access

TIMEOUT = 5.0
"""Seconds that one question may take, if nothing else is said."""
_PAGE = 500


class RefusedError(Exception):
    """The server answered, but not with what was asked for."""

    def __init__(self, status: int, message: str) -> None:
        """Note the HTTP status, and what the server said."""
        super().__init__(f"{status}: {message}" if message else str(status))
        self.status = status


class Server:
    """The API server. Methods raise RefusedError, ClusterError, http.ProtocolError and OSError."""

    def __init__(self, access: Access, credential: Credential, *, clock: Clock, timeout: float = TIMEOUT) -> None:
        """Prepare; nothing is connected yet. Raises ConfigError.

        Args:
            access: Which server.
            credential: Who we are.
            clock: What time-outs are measured on.
            timeout: Seconds that one question may take.
        """
        self._dialer = dial.Dialer(access, credential, clock=clock, agent="multus-py-doctor")
        self._connection = http.Connection(self._dialer)
        self._clock = clock
        self._timeout = timeout

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def answer(self, path: str) -> Response:
        """Ask for something; return the answer, whatever its status."""
        return self._connection.request(self._dialer.message("GET", path), Deadline(self._clock, self._timeout))

    def get(self, path: str) -> JSONObject:
        """Return the object at a path."""
        return document(self.answer(path))

    def items(self, path: str, query: str = "") -> list[JSONObject]:
        """Return all objects of a list, however many pages it has."""
        found: list[JSONObject] = []
        token = ""
        while True:
            parts = [part for part in (query, f"limit={_PAGE}", token and f"continue={token}") if part]
            page = self.get(f"{path}?{'&'.join(parts)}")
            items = page.get("items")
            found += [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []
            metadata = page.get("metadata")
            token = str(metadata.get("continue") or "") if isinstance(metadata, dict) else ""
            if not token:
                return found

    def may(self, attributes: JSONObject) -> bool:
        """Tell whether the account may do something: a SelfSubjectAccessReview, which the server does not keep."""
        review: JSONObject = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": attributes},
        }
        message = self._dialer.message(
            "POST",
            "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
            media_type="application/json",
            body=jsontext.dumps(review).encode(),
        )
        status = document(self._connection.request(message, Deadline(self._clock, self._timeout))).get("status")
        return isinstance(status, dict) and status.get("allowed") is True


def document(answer: Response) -> JSONObject:
    """Return the object in an answer. Raises RefusedError."""
    try:
        found = jsontext.loads_object(answer.body)
    except jsontext.JSONError as error:
        raise RefusedError(answer.status, f"the answer is no JSON object: {error}") from error
    if answer.status not in {200, 201}:
        raise RefusedError(answer.status, str(found.get("message") or answer.reason))
    return found


def time_of(answer: Response) -> float | None:
    """Return the server's time when it answered; None when it does not say so."""
    try:
        return parsedate_to_datetime(answer.headers["date"]).timestamp()
    except (KeyError, ValueError):
        return None
