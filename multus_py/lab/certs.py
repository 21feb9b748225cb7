"""A certificate authority for one API server and its clients. The one door to `trustme`."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import trustme


@dataclass(frozen=True)
class ClientCertificate:
    """A client's certificate chain and its private key, as PEM."""

    certificate: bytes
    key: bytes


class Authority:
    """Issues the server's and the clients' certificates."""

    def __init__(self) -> None:
        """Make a new authority that nobody trusts yet."""
        self._ca = trustme.CA()

    @property
    def pem(self) -> bytes:
        """Return the certificate that clients have to trust."""
        return self._ca.cert_pem.bytes()

    def server_context(self, names: Sequence[str]) -> ssl.SSLContext:
        """Return the TLS side of a server that is known by these addresses and host names.

        It asks clients for a certificate; those who have none may still bring a token.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._ca.issue_cert(*names).configure_cert(context)
        self._ca.configure_trust(context)
        context.verify_mode = ssl.CERT_OPTIONAL
        return context

    def client(self, user: str, valid: tuple[datetime, datetime] | None = None) -> ClientCertificate:
        """Return a certificate for a user; the name is its common name. `valid` is from when to when, else for long."""
        begins, ends = valid or (None, None)
        leaf = self._ca.issue_cert(common_name=user, not_before=begins, not_after=ends)
        chain = b"".join(pem.bytes() for pem in leaf.cert_chain_pems)
        return ClientCertificate(chain, leaf.private_key_pem.bytes())
