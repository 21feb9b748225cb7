"""A plain HTTP client for the lab's API server, which sees exactly what goes over the wire."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from multus_py.lab.apiserver import APIServer
from multus_py.lab.objects import JSON, Object, decode, encode

MERGE = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"


@dataclass(frozen=True)
class Response:
    """A complete answer."""

    code: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def obj(self) -> Object:
        """Return the body, which has to be a JSON object."""
        value = decode(self.body)
        assert isinstance(value, dict)
        return value


class Caller:
    """One connection to the server, which stays open from call to call."""

    def __init__(self, server: APIServer, *, token: str | None = None) -> None:
        self.connection = connect(server)
        self.authorization = f"Bearer {server.token() if token is None else token}"

    def call(self, method: str, path: str, body: JSON = None, *, media_type: str = "application/json") -> Response:
        """Send a request and return the answer."""
        headers = {"Authorization": self.authorization, "Content-Type": media_type}
        self.connection.request(method, path, None if body is None else encode(body), headers)
        response = self.connection.getresponse()
        return Response(response.status, dict(response.getheaders()), response.read())

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()


def connect(server: APIServer, *, timeout: float = 10) -> http.client.HTTPSConnection:
    """Return a connection that trusts the server's authority and no other."""
    context = ssl.create_default_context(cadata=server.authority.pem.decode())
    return http.client.HTTPSConnection(urlsplit(server.url).netloc, context=context, timeout=timeout)
