"""The URLs of servers and proxies, taken apart and checked."""

from __future__ import annotations

from multus_py.base import address, value

_PORTS = {"http": 80, "https": 443}
_HEX = frozenset("0123456789abcdefABCDEF")


class URL(value.Value):
    """An http or https URL, as far as it says where to connect and what to ask there."""

    scheme: str
    host: str
    """A name or an address, the latter without brackets; an IPv6 address may have a zone, as in fe80::1%eth0."""
    port: int
    path: str = ""
    """What stands in front of every path that is asked for; no slash at its end."""
    user: str = ""
    """Whatever stands before an @, usually `name:password`. A secret."""

    @property
    def authority(self) -> str:
        """Host and port as they stand in a URL and in a Host header."""
        host = self.host.partition("%")[0]
        return f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"

    def __str__(self) -> str:
        """Write the URL for people, without the user."""
        return f"{self.scheme}://{self.authority}{self.path}"

    def __repr__(self) -> str:
        """Show the URL, without the user."""
        return f"URL({str(self)!r})"


def parse(text: str) -> URL:
    """Take a URL apart. Without a scheme it is https: a token does not travel in the clear by accident.

    Raises:
        ValueError: It is none that can be used. The message never repeats the text, which may hold a password.
    """
    if not (text.isascii() and text.isprintable()) or " " in text:
        raise ValueError("not a URL: it has blanks, control characters or characters outside ASCII")
    scheme, separator, rest = text.partition("://")
    scheme, rest = (scheme.lower(), rest) if separator else ("https", text)
    if scheme not in _PORTS:
        raise ValueError("its scheme is neither http nor https")
    if "?" in rest or "#" in rest:
        raise ValueError("not a server's URL: it has a query or a fragment")
    authority, slash, path = rest.partition("/")
    user, _, place = authority.rpartition("@")
    host, port = _place(place)
    return URL(
        scheme=scheme,
        host=_unquote(host),
        port=_port(port) if port else _PORTS[scheme],
        path=(slash + path).rstrip("/"),
        user=_unquote(user),
    )


def _place(text: str) -> tuple[str, str]:
    """Split host and port, either of which may be missing."""
    if not text.startswith("["):
        host, _, port = text.partition(":")
        if not host or ":" in port or host.startswith(".") or "%" in host:
            raise ValueError("it names no host (IPv6 addresses stand in brackets)")
        return host, port
    host, bracket, rest = text[1:].partition("]")
    try:
        if not bracket or rest[:1] not in {"", ":"} or address.family(host.partition("%")[0]) != 6:
            raise ValueError
    except ValueError:
        raise ValueError("what it has in brackets is no IPv6 address") from None
    return host, rest[1:]


def _port(text: str) -> int:
    if not (text.isdigit() and len(text) <= 5 and 0 < int(text) < 1 << 16):
        raise ValueError("its port is no number from 1 to 65535")
    return int(text)


def _unquote(text: str) -> str:
    first, *rest = text.split("%")
    for part in rest:
        code = part[:2]
        first += chr(int(code, 16)) + part[2:] if len(code) == 2 and _HEX.issuperset(code) else "%" + part
    return first
