"""The way to the API server: TCP, through a proxy if the kubeconfig names one, then TLS; and what requests say."""

from __future__ import annotations

import binascii

import multus_py
from multus_py.cluster import errors, http, sockets, tls

TYPE_CHECKING = False
if TYPE_CHECKING:
    from multus_py.base.clock import Clock, Deadline
    from multus_py.cluster.credentials import Credential
    from multus_py.cluster.http import Response, Stream
    from multus_py.cluster.kubeconfig import Access
    from multus_py.cluster.sockets import Socket
    from multus_py.cluster.url import URL

_HIDDEN = "(our token)"


class Dialer:
    """Makes connections to one API server, for one credential, and the requests that go over them."""

    def __init__(self, access: Access, credential: Credential, *, clock: Clock, agent: str = "multus-py") -> None:
        """Load the certificates, if TLS is asked for; nothing is connected yet. Raises ConfigError.

        Args:
            access: Which server.
            credential: Who we are.
            clock: What time-outs are measured on.
            agent: The program that asks, for the server's log.
        """
        self._server = access.server
        self._token = credential.token
        self._agent = agent
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

    def message(
        self,
        method: str,
        path: str,
        *,
        accept: str = "application/json",
        media_type: str = "",
        body: bytes | None = None,
    ) -> bytes:
        """Write a request.

        Args:
            method: GET, say.
            path: The path below the server's URL.
            accept: What the answer may be.
            media_type: What the body is.
            body: None for no body.

        Raises:
            ProtocolError: A header would break out of its line.
        """
        target = self._server.path + path
        headers = {"Host": self._server.authority}
        if self._proxy and self._tls is None:
            # A proxy that is no tunnel has to be told the server (RFC 9112, 3.2.2).
            target = f"http://{self._server.authority}{target}"
            headers.update(_proxy_authorization(self._proxy))
        headers |= {"Accept": accept, "User-Agent": f"{self._agent}/{multus_py.VERSION}"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        if media_type:
            headers["Content-Type"] = media_type
        return http.compose(method, target, headers, body)

    def heard(self, answer: Response) -> Response:
        """Return an answer without our token in it: who refuses a request may quote it, and so would our messages."""
        if not self._token or answer.status < 300:
            return answer
        body = answer.body.replace(self._token.encode(), _HIDDEN.encode())
        return answer.replace(reason=answer.reason.replace(self._token, _HIDDEN), body=body)


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
