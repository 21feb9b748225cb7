"""How a connection to the API server is made: TCP, through a proxy if the kubeconfig names one, then TLS."""

from __future__ import annotations

import binascii

from multus_py.cluster import errors, http, sockets, tls

TYPE_CHECKING = False
if TYPE_CHECKING:
    from multus_py.base.clock import Clock, Deadline
    from multus_py.cluster.credentials import Credential
    from multus_py.cluster.http import Stream
    from multus_py.cluster.kubeconfig import Access
    from multus_py.cluster.sockets import Socket
    from multus_py.cluster.url import URL


class Dialer:
    """Makes connections to one API server, for one credential."""

    def __init__(self, access: Access, credential: Credential, *, clock: Clock) -> None:
        """Load the certificates, if TLS is asked for; nothing is connected yet. Raises ConfigError."""
        self._server = access.server
        self._proxy = access.proxy_url
        self._name = access.tls_server_name or access.server.host.partition("%")[0]  # a zone is in no certificate
        self._clock = clock
        self._tls: tls.Client | None = None
        if access.server.scheme == "https":
            trust = tls.Trust(
                ca=access.ca, insecure=access.insecure, certificate=credential.certificate, key=credential.key
            )
            self._tls = tls.Client(trust, library=tls.library())

    def __call__(self, deadline: Deadline) -> Stream:
        """Connect.

        Raises:
            UntrustedError: There is no trust between the server and us.
            ClusterError: The proxy refuses.
            OSError: No connection.
        """
        nearest = self._proxy or self._server
        socket = sockets.connect(nearest.host, nearest.port, clock=self._clock, deadline=deadline)
        if self._tls is None:
            return sockets.Plain(socket)
        if self._proxy is not None:
            _tunnel(socket, self._proxy, self._server, deadline)
        return self._tls.connect(socket, self._name, deadline)

    def target(self, path: str) -> str:
        """Return how a request names a path: a proxy that is no tunnel has to be told the server (RFC 9112, 3.2.2)."""
        path = self._server.path + path
        return f"http://{self._server.authority}{path}" if self._proxy and self._tls is None else path

    def headers(self) -> dict[str, str]:
        """Return the headers that each request needs to arrive."""
        headers = {"Host": self._server.authority}
        if self._proxy and self._tls is None:
            headers.update(_proxy_authorization(self._proxy))
        return headers


def _tunnel(socket: Socket, proxy: URL, server: URL, deadline: Deadline) -> None:
    """Ask a proxy to hand everything on from here (RFC 9110, 9.3.6); the socket is closed when it will not."""
    headers = {"Host": server.authority, **_proxy_authorization(proxy)}
    stream = sockets.Plain(socket)
    try:
        stream.send(http.compose("CONNECT", server.authority, headers), deadline)
        reader = http.Reader(stream, deadline)
        answer = http.read_head(reader)
        if answer.status >= 500:
            raise ConnectionError(f"the proxy {proxy} answered {answer.status} {answer.reason}")
        if not (200 <= answer.status < 300 and reader.is_empty):
            raise errors.ClusterError(f"the proxy {proxy} does not connect us: {answer.status} {answer.reason}")
    except BaseException:
        stream.close()
        raise


def _proxy_authorization(proxy: URL) -> dict[str, str]:
    if not proxy.user:
        return {}
    return {"Proxy-Authorization": "Basic " + binascii.b2a_base64(proxy.user.encode(), newline=False).decode()}
