"""The API server as these tests speak to it: JSON over HTTPS, a connection for each question."""

from __future__ import annotations

import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from multus_py.lab.objects import JSON, Object, section, text
from tests.e2e.waiting import wait_for

CORE = "/api/v1"
NADS = "/apis/k8s.cni.cncf.io/v1"
RBAC = "/apis/rbac.authorization.k8s.io/v1"
APPS = "/apis/apps/v1"
_MERGE = "application/merge-patch+json"


class APIError(Exception):
    """The server refused: its status, and its reason."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status


class API:
    """Questions to one API server, as one user."""

    def __init__(self, url: str, *, authority: Path, token: str) -> None:
        self._url = url
        self._token = token
        self._context = ssl.create_default_context(cafile=str(authority))

    def get(self, path: str) -> Object:
        """Return an object, or a list of them.

        Raises:
            APIError: The server refuses; 404 when there is no such object.
            OSError: There is no server.
        """
        return self._ask("GET", path)

    def find(self, path: str) -> Object | None:
        """Return an object, or None when there is none."""
        try:
            return self.get(path)
        except APIError as error:
            if error.status == 404:
                return None
            raise

    def list(self, path: str) -> list[Object]:
        """Return the objects of a list."""
        items = self.get(path).get("items")
        return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []

    def create(self, path: str, document: Object) -> Object:
        """Create an object in a collection."""
        return self._ask("POST", path, document)

    def patch(self, path: str, change: Object) -> Object:
        """Merge a change into an object."""
        return self._ask("PATCH", path, change, kind=_MERGE)

    def replace(self, path: str, document: Object) -> Object:
        """Replace an object."""
        return self._ask("PUT", path, document)

    def delete(self, path: str, *, grace: int | None = None) -> None:
        """Delete an object, or a collection; one that is gone is no error."""
        options: Object = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Background"}
        if grace is not None:
            options["gracePeriodSeconds"] = grace
        try:
            self._ask("DELETE", path, options)
        except APIError as error:
            if error.status != 404:
                raise

    def wait(self, path: str, right: Callable[[Object], object], what: str, *, timeout: float = 60) -> Object:
        """Wait until an object is as it should be, and return it."""
        last: Object | None = None

        def ask() -> Object | None:
            nonlocal last
            last = self.find(path)
            return last if last is not None and right(last) else None

        def found() -> str:
            return json.dumps(section(last, "status") if last else None)

        return wait_for(ask, what, timeout=timeout, found=found) or {}

    def _ask(self, method: str, path: str, document: JSON = None, *, kind: str = "application/json") -> Object:
        request = urllib.request.Request(
            self._url + path,
            method=method,
            data=None if document is None else json.dumps(document).encode(),
            headers={"Authorization": f"Bearer {self._token}", "Content-Type": kind, "Accept": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, context=self._context, timeout=15) as response:
                answer: Object = json.load(response)
                return answer
        except urllib.error.HTTPError as error:
            with error:
                body = error.read()
            raise APIError(error.code, text(_decoded(body), "message") or body.decode(errors="replace")) from None


def _decoded(body: bytes) -> JSON:
    try:
        decoded: JSON = json.loads(body)
    except ValueError:
        return None
    return decoded
