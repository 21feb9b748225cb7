"""IP addresses, CIDRs and MAC addresses as text: check them, and bring them into their canonical form.

`ipaddress` costs 5 ms; the C library behind `_socket` does the parsing that is needed here. The unit tests hold both
against each other.
"""

from __future__ import annotations

import _socket

_FAMILIES = ((4, _socket.AF_INET, 32), (6, _socket.AF_INET6, 128))
_HEX = frozenset("0123456789abcdefABCDEF")
_MAC_SIZES = (6, 8, 20)  # Ethernet, EUI-64, IP over InfiniBand: what Go's ParseMAC takes


def pack(text: str) -> bytes:
    """Return an IP address in network byte order: 4 bytes, or 16.

    Raises:
        ValueError: When it is not an IP address.
    """
    for _, family, _ in _FAMILIES:
        try:
            return _socket.inet_pton(family, text)
        except (OSError, ValueError):  # ValueError: an embedded NUL, or text that is not ASCII
            continue
    raise ValueError(f'failed to parse IP address "{text}"')


def unpack(packed: bytes) -> str:
    """Return the text of an IP address in network byte order."""
    return _socket.inet_ntop(_socket.AF_INET if len(packed) == 4 else _socket.AF_INET6, packed)


def ip(text: str) -> str:
    """Return an IP address in its canonical form. Raises ValueError when it is none."""
    return unpack(pack(text))


def cidr(text: str) -> tuple[str, int]:
    """Return the address (its host part kept) and the prefix length of "192.0.2.7/24".

    Raises:
        ValueError: When it is not an address with a prefix length.
    """
    address, slash, length = text.partition("/")
    try:
        packed = pack(address)
    except ValueError:
        packed = b""
    if not (packed and slash and length.isascii() and length.isdigit() and int(length) <= 8 * len(packed)):
        raise ValueError(f'failed to parse CIDR "{text}"')
    return unpack(packed), int(length)


def ip_or_cidr(text: str) -> str:
    """Return an IP address with or without a prefix length in canonical form. Raises ValueError."""
    if "/" not in text:
        return ip(text)
    address, length = cidr(text)
    return f"{address}/{length}"


def family(text: str) -> int:
    """Return 4 or 6 for an IP address, with or without a prefix length. Raises ValueError."""
    return 4 if len(pack(text.partition("/")[0])) == 4 else 6


def is_default(destination: str) -> bool:
    """Tell whether a route's destination is 0.0.0.0/0 or ::/0, however it is spelled. Raises ValueError."""
    address, length = cidr(destination)
    return length == 0 and not any(pack(address))


def mac(text: str) -> str:
    """Return a hardware address of 6, 8 or 20 bytes as "0a:58:0a:01:02:03".

    Raises:
        ValueError: When it is none in one of the notations `0a:58:..`, `0a-58-..`, `0a58.0a01.0203`.
    """
    for separator, width in ((":", 2), ("-", 2), (".", 4)):
        groups = text.split(separator)
        if len(groups) > 1 and all(len(group) == width and _HEX.issuperset(group) for group in groups):
            packed = bytes.fromhex("".join(groups))
            if len(packed) in _MAC_SIZES:
                return packed.hex(":")
    raise ValueError(f"address {text}: invalid MAC address")
