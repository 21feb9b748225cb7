"""When a certificate is valid: two times in its DER encoding (RFC 5280, 4.1.2.5). Nothing else of it is read.

The standard library reads no more than certificates that it has verified as a peer's.
"""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime

_PEM = re.compile(r"-----BEGIN CERTIFICATE-----([^-]*)-----END CERTIFICATE-----")
_EXPLICIT_VERSION = 0xA0
_UTC_TIME, _GENERALIZED_TIME = 0x17, 0x18
_VALIDITY = 3
"""Its place after serial number, algorithm and issuer."""


def validity(pem: str) -> tuple[float, float]:
    """Return from when to when the first certificate of a text is valid, in seconds since 1970.

    Raises:
        ValueError: There is none in it.
    """
    found = _PEM.search(pem)
    if found is None:
        raise ValueError("it has no certificate in it")
    try:
        ((_, certificate),) = _elements(base64.b64decode(found[1]))
        fields = _elements(_elements(certificate)[0][1])
        begins, ends = _elements(fields[_VALIDITY + (fields[0][0] == _EXPLICIT_VERSION)][1])
        return _time(*begins), _time(*ends)
    except (IndexError, ValueError) as error:
        raise ValueError("its certificate is damaged") from error


def _elements(data: bytes) -> list[tuple[int, bytes]]:
    """Return the elements that stand one after the other, as tag and content. Raises IndexError, ValueError."""
    found, at = [], 0
    while at < len(data):
        tag, length = data[at], data[at + 1]
        at += 2
        if length & 0x80:
            size = length & 0x7F
            length, at = int.from_bytes(data[at : at + size], "big"), at + size
        if at + length > len(data):
            raise ValueError("an element ends after the data")
        found.append((tag, data[at : at + length]))
        at += length
    return found


def _time(tag: int, content: bytes) -> float:
    text = content.decode("ascii")
    if tag == _UTC_TIME:
        text = f"{'19' if text >= '50' else '20'}{text}"
    elif tag != _GENERALIZED_TIME:
        raise ValueError("this is no time")
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC).timestamp()
