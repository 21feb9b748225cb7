from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from multus_py.cluster import url


@pytest.mark.parametrize(
    ("text", "scheme", "host", "port", "path"),
    [
        ("https://api.example.com", "https", "api.example.com", 443, ""),
        ("https://10.0.0.1:6443", "https", "10.0.0.1", 6443, ""),
        ("http://localhost", "http", "localhost", 80, ""),
        ("HTTPS://host/", "https", "host", 443, ""),
        ("https://[2001:db8::1]:6443/", "https", "2001:db8::1", 6443, ""),
        ("https://[::1]", "https", "::1", 443, ""),
        ("https://[fe80::1%25eth0]:6443", "https", "fe80::1%eth0", 6443, ""),
        ("https://rancher.example/k8s/clusters/c-1/", "https", "rancher.example", 443, "/k8s/clusters/c-1"),
        ("10.0.0.1:6443", "https", "10.0.0.1", 6443, ""),
        ("host", "https", "host", 443, ""),
    ],
)
def test_a_url_is_taken_apart(text: str, scheme: str, host: str, port: int, path: str) -> None:
    parsed = url.parse(text)
    assert (parsed.scheme, parsed.host, parsed.port, parsed.path) == (scheme, host, port, path)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "names no host"),
        ("https://", "names no host"),
        ("https:///path", "names no host"),
        ("https://:6443", "names no host"),
        ("https://.example.com", "names no host"),
        ("https://::1", "names no host"),
        ("https://%65xample.com", "names no host"),
        ("https://[::1", "no IPv6 address"),
        ("https://[10.0.0.1]", "no IPv6 address"),
        ("https://[::1]6443", "no IPv6 address"),
        ("https://[x]", "no IPv6 address"),
        ("ftp://host", "neither http nor https"),
        ("https://host:0", "port"),
        ("https://host:65536", "port"),
        ("https://host:x", "port"),
        ("https://host:-1", "port"),
        ("https://host/?a=b", "query"),
        ("https://host/#a", "fragment"),
        ("https://ho st", "blanks"),
        ("https://host\r\nX: y", "blanks"),
        ("https://bücher.example", "ASCII"),
    ],
)
def test_what_is_no_url_of_a_server_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        url.parse(text)


@given(st.text() | st.text(alphabet="ahtps:/[]%.@0123456789f"))
def test_any_text_is_either_taken_or_refused(text: str) -> None:
    try:
        parsed = url.parse(text)
    except ValueError:
        return
    assert parsed.host
    assert url.parse(str(parsed)).path == parsed.path


def test_the_authority_has_brackets_and_no_zone() -> None:
    assert url.parse("https://[fe80::1%25eth0]:6443/x").authority == "[fe80::1]:6443"
    assert url.parse("https://host").authority == "host:443"


def test_the_user_is_kept_and_never_shown() -> None:
    parsed = url.parse("http://me:s%40cret@proxy:3128")
    assert parsed.user == "me:s@cret"
    assert parsed.host == "proxy"
    assert "cret" not in f"{parsed} {parsed!r}"


@pytest.mark.parametrize("text", ["https://u:secret@host:x", "https://u:secret@", "secret://x y"])
def test_a_complaint_does_not_repeat_what_may_be_a_password(text: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        url.parse(text)
    assert "secret" not in str(caught.value)
