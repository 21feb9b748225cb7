"""TLS: the one place that knows a TLS library.

`import ssl` costs 17 ms of a CNI call, `_ssl` below it 3. It is private, so everything that matters and that its public
user adds is done here: a host is a must (without one `_ssl` checks none), names are alternative names, TLS 1.2 is the
minimum. Where `_ssl` is not as expected, this module uses `ssl`. The unit tests show for both what is refused.
"""
# ruff: noqa: SLF001 - see above

from __future__ import annotations

import posix

from multus_py.base import files, value
from multus_py.cluster import errors, sockets

TYPE_CHECKING = False
if TYPE_CHECKING:
    import _socket
    from collections.abc import Callable, Sequence
    from typing import Protocol

    from multus_py.base.clock import Deadline
    from multus_py.cluster.sockets import Socket

    class Session(Protocol):
        """A TLS session: what both libraries' have in common."""

        def do_handshake(self) -> None:
            """Agree on keys, and check certificates."""

        def read(self, size: int, /) -> bytes:
            """Return what has come, decrypted."""

        def write(self, data: memoryview, /) -> int:
            """Send some of it; return how much."""

    class Context(Protocol):
        """What sessions are made from: what both libraries' have in common."""

        check_hostname: bool
        verify_mode: int
        verify_flags: int
        minimum_version: int
        options: int

        def load_verify_locations(self, cafile: str | None = ..., capath: None = ..., cadata: str | None = ...) -> None:
            """Trust certificates."""

        def load_cert_chain(self, certfile: str, keyfile: None = ..., password: str | None = ...) -> None:
            """Show a certificate."""

    class PrivateContext(Context, Protocol):
        """What the private library's has beyond that."""

        _host_flags: int

        def _wrap_socket(self, sock: Socket, *, server_side: bool, server_hostname: str) -> Session: ...

    class Library(Protocol):
        """One of the two libraries, with a context that refuses every certificate."""

        failure: type[OSError]
        """The base of its errors."""
        endings: tuple[type[OSError], ...]
        """Those that mean no more than that the other side is gone."""

        @property
        def context(self) -> Context:
            """Return the context."""

        def begin(self, socket: Socket, host: str) -> tuple[Session, _socket.socket]:
            """Begin a session with a host, without a handshake yet; return also what its time-outs are set on."""


_TLS_1_2 = 0x0303
_CERT_NONE, _CERT_REQUIRED = 0, 2
_PARTIAL_CHAIN = 0x80000  # X509_V_FLAG_PARTIAL_CHAIN: an intermediate CA can be what one trusts, as in Go
_NEVER_CHECK_SUBJECT = 0x20  # X509_CHECK_FLAG_NEVER_CHECK_SUBJECT: names are alternative names, as in Go
_IGNORE_UNEXPECTED_EOF = 0x80  # SSL_OP_IGNORE_UNEXPECTED_EOF: Python sets it, and so takes a cut connection for an end
_UNEXPECTED_EOF = "UNEXPECTED_EOF_WHILE_READING"
_RECORD = 1 << 14

BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/cacert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
"""Where distributions keep the certificates that the machine trusts: the list of Go's crypto/x509."""


class Trust(value.Value):
    """Whom to trust, and how to be trusted."""

    ca: str = ""
    """Certificates, as PEM; empty means those of the machine."""
    insecure: bool = False
    """Whether anybody is trusted."""
    certificate: str = ""
    """Ours, with its chain, as PEM; empty for none."""
    key: str = ""

    def __repr__(self) -> str:
        """Show what there is, but no key."""
        return f"Trust(ca={bool(self.ca)}, insecure={self.insecure}, certificate={bool(self.certificate)})"


class PrivateLibrary:
    """`_ssl`."""

    def __init__(self) -> None:
        """Load it. Raises ImportError, AttributeError or TypeError when it is not as expected."""
        # The machine's openssl.cnf is meant for the machine's OpenSSL, not for a bundled one, and reading it takes
        # 0.5 ms. Go reads none either. Delegates get the environment that the runtime gave, not this one.
        posix.putenv("OPENSSL_CONF", "/dev/null")
        import _ssl  # 3 ms, for libssl; a server with an http URL does not need it

        self.failure: type[OSError] = _ssl.SSLError
        self.endings: tuple[type[OSError], ...] = (_ssl.SSLEOFError, _ssl.SSLZeroReturnError, _ssl.SSLSyscallError)
        context: PrivateContext = _ssl._SSLContext(_ssl.PROTOCOL_TLS_CLIENT)  # type: ignore[assignment]  # no stubs
        if (context.check_hostname, context.verify_mode) != (True, _CERT_REQUIRED) or not hasattr(
            context, "_wrap_socket"
        ):
            raise AttributeError("_ssl is not as it was in Python 3.11 to 3.13")
        context._host_flags |= _NEVER_CHECK_SUBJECT
        self.context = context

    def begin(self, socket: Socket, host: str) -> tuple[Session, _socket.socket]:
        """Begin a session with a host."""
        return self.context._wrap_socket(socket, server_side=False, server_hostname=host), socket


class PublicLibrary:
    """`ssl`: the fall-back, and the yardstick."""

    def __init__(self) -> None:
        """Load it."""
        import ssl

        self.failure: type[OSError] = ssl.SSLError
        self.endings: tuple[type[OSError], ...] = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._context.hostname_checks_common_name = False
        self.context: Context = self._context  # type: ignore[assignment]  # takes plain numbers where stubs say enum

    def begin(self, socket: Socket, host: str) -> tuple[Session, _socket.socket]:
        """Begin a session with a host. The given socket is empty after that."""
        import socket as public

        timeout = socket.gettimeout()
        wrapped = public.socket(fileno=socket.detach())
        wrapped.settimeout(timeout)
        session = self._context.wrap_socket(
            wrapped, server_hostname=host, do_handshake_on_connect=False, suppress_ragged_eofs=False
        )
        return session, session


def library(preferred: Callable[[], Library] = PrivateLibrary) -> Library:
    """Return the private library if it is as expected, the public one otherwise."""
    try:
        return preferred()
    except (ImportError, AttributeError, TypeError):
        return PublicLibrary()


class Client:
    """Our side of TLS with one server, for any number of connections."""

    def __init__(self, trust: Trust, *, library: Library, bundles: Sequence[str] = BUNDLES) -> None:
        """Load the certificates.

        Args:
            trust: Whom to trust, and how to be trusted.
            library: Which library does it.
            bundles: Where the machine's certificates are looked for, if `trust` names none.

        Raises:
            ConfigError: They cannot be used.
        """
        self._library = library
        context = library.context
        context.minimum_version = _TLS_1_2
        context.verify_flags |= _PARTIAL_CHAIN
        context.options &= ~_IGNORE_UNEXPECTED_EOF
        if trust.insecure:
            context.check_hostname = False  # first: the other one is refused while this is on
            context.verify_mode = _CERT_NONE
        else:
            self._load_ca(trust.ca, bundles)
        if trust.certificate:
            self._load_certificate(trust)

    def connect(self, socket: Socket, host: str, deadline: Deadline) -> Secure:
        """Do the handshake with a host over a connected socket, which is ours from now on.

        Args:
            socket: The connection.
            host: The name or address that its certificate must have.
            deadline: When it must be done.

        Raises:
            UntrustedError: The server or we ourselves are not trusted, or the server does not talk TLS.
            OSError: The connection failed.
        """
        try:
            # Without a name _ssl would check nothing, and it would take one with a leading dot for a wildcard.
            if not host or host.startswith(".") or not host.isascii():
                raise errors.UntrustedError(f'TLS needs the name of the server: "{host}" is none')
            sockets.limit(socket, deadline)
            stream = Secure(*self._library.begin(socket, host), self._library)
        except BaseException:
            socket.close()
            raise
        stream.shake_hands(deadline)
        return stream

    def _load_ca(self, ca: str, bundles: Sequence[str]) -> None:
        try:
            if ca:
                self._library.context.load_verify_locations(cadata=ca)
                return
            for bundle in bundles:
                if files.is_regular(bundle):
                    self._library.context.load_verify_locations(cafile=bundle)
                    return
        except self._library.failure as error:
            raise errors.ConfigError(
                f"the certificate authority has no usable certificate: {_reason(error)}"
            ) from error
        raise errors.ConfigError("no certificate authority is given, and the machine has none")

    def _load_certificate(self, trust: Trust) -> None:
        """Hand over certificate and key in a file that only we can see: the library takes nothing else."""
        fd = posix.memfd_create("client", posix.MFD_CLOEXEC)
        try:
            files.write_fd(fd, f"{trust.certificate}\n{trust.key}\n".encode())
            # With a password it never asks for one, on whatever terminal there is.
            self._library.context.load_cert_chain(f"/proc/self/fd/{fd}", password="")
        except self._library.failure as error:
            raise errors.ConfigError(f"the client certificate or its key cannot be used: {_reason(error)}") from error
        finally:
            posix.close(fd)


class Secure:
    """A connection with TLS, as a stream of bytes."""

    def __init__(self, session: Session, socket: _socket.socket, library: Library) -> None:
        """Talk in a session that has begun; the socket, which time-outs are set on, is ours from now on."""
        self._session = session
        self._socket = socket
        self._library = library

    def shake_hands(self, deadline: Deadline) -> None:
        """Do the handshake; the connection is closed when it fails. Raises UntrustedError, OSError."""
        try:
            sockets.limit(self._socket, deadline)
            self._session.do_handshake()
        except self._library.failure as error:
            self.close()
            raise self._translated(error) from error
        except BaseException:
            self.close()
            raise

    def send(self, data: bytes, deadline: Deadline) -> None:
        """Write all of it. Raises UntrustedError, OSError."""
        view = memoryview(data)
        try:
            while view:
                sockets.limit(self._socket, deadline)
                view = view[self._session.write(view[:_RECORD]) :]
        except self._library.failure as error:
            raise self._translated(error) from error

    def receive(self, size: int, deadline: Deadline) -> bytes:
        """Return what has come, at most `size` bytes, nothing at the end of the stream. Raises UntrustedError, OSError.

        The end is believed only when the server has signed it; a connection that just ends is one that failed.
        """
        try:
            sockets.limit(self._socket, deadline)
            return self._session.read(size)
        except self._library.failure as error:
            raise self._translated(error) from error

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def _translated(self, error: OSError) -> Exception:
        # The reason: Python 3.11 does not turn this one into SSLEOFError yet.
        if isinstance(error, self._library.endings) or getattr(error, "reason", "") == _UNEXPECTED_EOF:
            return ConnectionResetError("the server ended the connection")
        return errors.UntrustedError(f"no trusted TLS connection: {_reason(error)}")


def _reason(error: OSError) -> str:
    """Return the library's reason: "IP address mismatch, certificate is not valid for ...", "wrong version number"."""
    message = getattr(error, "verify_message", "") or getattr(error, "reason", "") or error.strerror
    text = str(message)
    return text.replace("_", " ").lower() if text.isupper() else text
