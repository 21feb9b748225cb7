"""What a TLS connection refuses, and that it works otherwise: the same for the private library and the public one."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives import serialization

from multus_py.cluster import errors, tls
from tests.unit.cluster.loopback import over_tls, serving, soon

LIBRARIES = [tls.PrivateLibrary, tls.PublicLibrary]
AUTHORITY = trustme.CA()
CA = AUTHORITY.cert_pem.bytes().decode()
OTHER_CA = trustme.CA().cert_pem.bytes().decode()
LONG_AGO = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
KEY_OF_ANOTHER = trustme.CA().issue_cert("x").private_key_pem.bytes().decode()

pytestmark = pytest.mark.parametrize("library", LIBRARIES, ids=["_ssl", "ssl"])


def server_context(leaf: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    leaf.configure_cert(context)
    return context


def hello(connection: ssl.SSLSocket) -> None:
    """Say hello, and end the session properly."""
    connection.sendall(b"hello")
    connection.unwrap()


def converse(
    library: type[tls.Library],
    *,
    leaf: trustme.LeafCert | None = None,
    host: str = "127.0.0.1",
    trust: tls.Trust | None = None,
    context: ssl.SSLContext | None = None,
    talk: Callable[[ssl.SSLSocket], None] = hello,
) -> bytes:
    """Connect, and return everything that the server says."""
    context = context or server_context(leaf or AUTHORITY.issue_cert("127.0.0.1"))
    client = tls.Client(trust or tls.Trust(ca=CA), library=library())
    with serving(over_tls(context, talk)) as server:
        stream = client.connect(server.connect(), host, soon())
        heard = b""
        try:
            while part := stream.receive(100, soon()):
                heard += part
        finally:
            stream.close()
    return heard


@pytest.mark.parametrize(
    ("identity", "host"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("::1", "::1"),
        ("api.example.com", "api.example.com"),
        ("*.example.com", "a.example.com"),
    ],
)
def test_a_server_with_the_right_name_and_authority_is_trusted(
    library: type[tls.Library], identity: str, host: str
) -> None:
    assert converse(library, leaf=AUTHORITY.issue_cert(identity), host=host) == b"hello"


@pytest.mark.parametrize(
    ("leaf", "host", "reason"),
    [
        pytest.param(AUTHORITY.issue_cert("127.0.0.2"), "127.0.0.1", "IP address mismatch", id="another address"),
        pytest.param(AUTHORITY.issue_cert("localhost"), "127.0.0.1", "IP address mismatch", id="a name for an address"),
        pytest.param(AUTHORITY.issue_cert("a.example"), "b.example", "Hostname mismatch", id="another name"),
        pytest.param(
            AUTHORITY.issue_cert("*.example.com"), "a.b.example.com", "Hostname mismatch", id="wildcard too deep"
        ),
        pytest.param(
            AUTHORITY.issue_cert("other.example", common_name="a.example"),
            "a.example",
            "Hostname mismatch",
            id="subject",
        ),
        pytest.param(
            AUTHORITY.issue_cert("127.0.0.1", not_before=LONG_AGO, not_after=LONG_AGO + dt.timedelta(days=1)),
            "127.0.0.1",
            "expired",
            id="expired",
        ),
        pytest.param(trustme.CA().issue_cert("127.0.0.1"), "127.0.0.1", "certificate", id="another authority"),
    ],
)
def test_a_server_that_is_not_what_it_should_be_is_refused(
    library: type[tls.Library], leaf: trustme.LeafCert, host: str, reason: str
) -> None:
    with pytest.raises(errors.UntrustedError, match=reason):
        converse(library, leaf=leaf, host=host)


@pytest.mark.parametrize("host", ["", ".example.com", "bücher.example"], ids=["empty", "leading dot", "not ASCII"])
@pytest.mark.parametrize("insecure", [False, True], ids=["secure", "insecure"])
def test_without_the_name_of_a_host_there_is_no_connection(
    library: type[tls.Library], host: str, *, insecure: bool
) -> None:
    leaf = AUTHORITY.issue_cert("a.example.com")
    with pytest.raises(errors.UntrustedError, match="needs the name of the server"):
        converse(library, leaf=leaf, host=host, trust=tls.Trust(ca=CA, insecure=insecure))


def test_insecure_trusts_anybody(library: type[tls.Library]) -> None:
    assert converse(library, host="other.example", trust=tls.Trust(insecure=True)) == b"hello"


def test_an_intermediate_authority_can_be_the_one_that_is_trusted(library: type[tls.Library]) -> None:
    child = AUTHORITY.create_child_ca()
    trust = tls.Trust(ca=child.cert_pem.bytes().decode())
    assert converse(library, leaf=child.issue_cert("127.0.0.1"), trust=trust) == b"hello"


def test_tls_1_2_is_the_minimum(library: type[tls.Library]) -> None:
    used = library()
    tls.Client(tls.Trust(ca=CA), library=used)
    assert used.context.minimum_version == 0x0303


@pytest.mark.parametrize(("host", "shown"), [("127.0.0.1", [None]), ("a.example", ["a.example"])])
def test_names_are_shown_to_the_server_but_not_addresses(
    library: type[tls.Library], host: str, shown: list[str | None]
) -> None:
    seen: list[str | None] = []
    context = server_context(AUTHORITY.issue_cert(host))
    context.sni_callback = lambda _session, name, _context: seen.append(name)
    converse(library, context=context, host=host)
    assert seen == shown


def test_a_client_certificate_is_shown(library: type[tls.Library]) -> None:
    context = server_context(AUTHORITY.issue_cert("127.0.0.1"))
    AUTHORITY.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    ours = AUTHORITY.issue_cert(common_name="node1", organization_name="system:nodes")
    chain = b"".join(pem.bytes() for pem in ours.cert_chain_pems).decode()
    trust = tls.Trust(ca=CA, certificate=chain, key=ours.private_key_pem.bytes().decode())

    def say_whom(connection: ssl.SSLSocket) -> None:
        peer = connection.getpeercert()
        assert peer is not None
        connection.sendall(str(peer["subject"]).encode())
        connection.unwrap()

    assert b"node1" in converse(library, context=context, trust=trust, talk=say_whom)
    with pytest.raises((errors.UntrustedError, ConnectionError)):
        converse(library, context=context)


def _encrypted(leaf: trustme.LeafCert) -> str:
    key = serialization.load_pem_private_key(leaf.private_key_pem.bytes(), None)
    form = serialization.PrivateFormat.PKCS8
    encryption = serialization.BestAvailableEncryption(b"password")
    return key.private_bytes(serialization.Encoding.PEM, form, encryption).decode()


OURS = AUTHORITY.issue_cert(common_name="node1")
CERTIFICATE = OURS.cert_chain_pems[0].bytes().decode()


@pytest.mark.parametrize(
    ("trust", "complaint"),
    [
        pytest.param(tls.Trust(ca="no certificate"), "certificate authority", id="no certificate in the CA"),
        pytest.param(tls.Trust(ca=CA[:200]), "certificate authority", id="half a CA"),
        pytest.param(tls.Trust(ca=CA, certificate="x", key="y"), "client certificate", id="garbage"),
        pytest.param(tls.Trust(ca=CA, certificate=CERTIFICATE, key="y"), "client certificate", id="no key"),
        pytest.param(tls.Trust(ca=CA, certificate=CERTIFICATE, key=KEY_OF_ANOTHER), "client cert", id="another's key"),
        pytest.param(
            tls.Trust(ca=CA, certificate=CERTIFICATE, key=_encrypted(OURS)), "client cert", id="encrypted key"
        ),
    ],
)
def test_certificates_that_cannot_be_used_are_named_and_nobody_is_asked_for_a_password(
    library: type[tls.Library], trust: tls.Trust, complaint: str
) -> None:
    with pytest.raises(errors.ConfigError, match=complaint) as caught:
        tls.Client(trust, library=library())
    assert "PRIVATE" not in str(caught.value)


def test_without_an_authority_the_machines_own_count(library: type[tls.Library], tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.pem"
    bundle.write_text(CA)
    client = tls.Client(tls.Trust(), library=library(), bundles=("/nowhere", str(bundle)))
    with serving(over_tls(server_context(AUTHORITY.issue_cert("127.0.0.1")), hello)) as server:
        client.connect(server.connect(), "127.0.0.1", soon()).close()
    with pytest.raises(errors.ConfigError, match="the machine has none"):
        tls.Client(tls.Trust(), library=library(), bundles=("/nowhere",))


def test_a_server_that_does_not_talk_tls_is_recognised(library: type[tls.Library]) -> None:
    client = tls.Client(tls.Trust(ca=CA), library=library())
    complaint = pytest.raises(errors.UntrustedError, match="wrong version number")
    with serving(lambda connection: connection.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\n")) as server, complaint:
        client.connect(server.connect(), "127.0.0.1", soon())


def test_a_server_that_hangs_up_in_the_handshake_is_a_failed_connection(library: type[tls.Library]) -> None:
    client = tls.Client(tls.Trust(ca=CA), library=library())
    with serving(lambda connection: None) as server, pytest.raises(ConnectionError):
        client.connect(server.connect(), "127.0.0.1", soon())


def test_an_end_that_nobody_signed_is_no_end(library: type[tls.Library]) -> None:
    def cut(connection: ssl.SSLSocket) -> None:
        connection.sendall(b"half of")
        socket.socket.shutdown(connection, socket.SHUT_RDWR)

    with pytest.raises(ConnectionError):
        converse(library, talk=cut)


def listen_only(connection: socket.socket) -> None:
    while connection.recv(1000):
        pass


def test_a_server_that_is_silent_in_the_handshake_costs_no_more_than_the_time_there_is(
    library: type[tls.Library],
) -> None:
    client = tls.Client(tls.Trust(ca=CA), library=library())
    with serving(listen_only) as server, pytest.raises(TimeoutError):
        client.connect(server.connect(), "127.0.0.1", soon(0.05))


def test_a_server_that_is_silent_later_costs_no_more_than_the_time_there_is(library: type[tls.Library]) -> None:
    client = tls.Client(tls.Trust(ca=CA), library=library())
    with serving(over_tls(server_context(AUTHORITY.issue_cert("127.0.0.1")), listen_only)) as server:
        stream = client.connect(server.connect(), "127.0.0.1", soon())
        with pytest.raises(TimeoutError):
            stream.receive(1, soon(0.05))
        stream.close()


def test_when_the_time_is_over_nothing_is_tried(library: type[tls.Library]) -> None:
    client = tls.Client(tls.Trust(ca=CA), library=library())
    with serving(listen_only) as server, pytest.raises(TimeoutError):
        client.connect(server.connect(), "127.0.0.1", soon(1e-9))


def test_large_messages_arrive_whole(library: type[tls.Library]) -> None:
    size = 3 << 20
    context = server_context(AUTHORITY.issue_cert("127.0.0.1"))
    client = tls.Client(tls.Trust(ca=CA), library=library())

    def echo(connection: ssl.SSLSocket) -> None:
        data = b""
        while len(data) < size:
            data += connection.recv(1 << 20)
        connection.sendall(data)

    with serving(over_tls(context, echo)) as server:
        stream = client.connect(server.connect(), "127.0.0.1", soon())
        stream.send(b"x" * size, soon())
        heard = 0
        while heard < size:
            heard += len(stream.receive(1 << 16, soon()))
        stream.close()
    assert heard == size


def test_sending_on_a_dead_connection_fails(library: type[tls.Library]) -> None:
    client = tls.Client(tls.Trust(ca=CA), library=library())
    context = server_context(AUTHORITY.issue_cert("127.0.0.1"))
    with serving(over_tls(context, lambda connection: None)) as server:
        stream = client.connect(server.connect(), "127.0.0.1", soon())
        with pytest.raises(ConnectionError):
            stream.send(b"x" * (64 << 20), soon())
        stream.close()


def test_a_trust_shows_no_key(library: type[tls.Library]) -> None:
    assert "KEY" not in repr(tls.Trust(ca=CA, certificate=CERTIFICATE, key=KEY_OF_ANOTHER))


@pytest.mark.parametrize("problem", [ImportError, AttributeError, TypeError])
def test_the_public_library_stands_in(library: type[tls.Library], problem: type[Exception]) -> None:
    def broken() -> tls.Library:
        raise problem

    assert isinstance(tls.library(broken), tls.PublicLibrary)
    assert isinstance(tls.library(library), library)


def test_a_private_library_that_has_changed_is_not_used(library: type[tls.Library]) -> None:
    code = (
        "import _ssl, ssl\n"
        "from multus_py.cluster import tls\n"
        "class Changed:\n"
        "    check_hostname, verify_mode = False, 2\n"
        "    def __init__(self, protocol): pass\n"
        "_ssl._SSLContext = Changed\n"
        "print(type(tls.library()).__name__)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "PublicLibrary\n"
