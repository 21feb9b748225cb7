"""Frames: how messages go between a CNI call and `multus daemon`; what they say is in `wire`. No sockets here.

A frame is the length of what follows in 4 bytes, the most significant one first, and a JSON object in UTF-8. Every
message has "v", the version of the protocol. Keys that a reader does not know mean nothing to it, so they may be added;
"v" is raised when an old reader would misunderstand.
"""

from __future__ import annotations

from multus_py.base import fields, jsontext

TYPE_CHECKING = False
if TYPE_CHECKING:
    from multus_py.base.fields import Fields
    from multus_py.base.jsontext import JSONObject

VERSION = 1
MAX_REQUEST, MAX_ANSWER = 1 << 20, 16 << 20
HEADER_SIZE = 4


class WireError(Exception):
    """What came is no message of this protocol, or what is to go cannot be one."""


class UnsupportedError(WireError):
    """A message of another version, or a question that this one does not know."""


def pack(document: JSONObject, limit: int) -> bytes:
    """Return a message as a frame. Raises WireError when it is larger than the limit, or cannot be written."""
    try:
        body = jsontext.dumps(document).encode()
    except UnicodeEncodeError as error:
        raise WireError("a message has characters in it that cannot be written") from error
    if len(body) > limit:
        raise WireError(f"a message of {len(body)} bytes is more than the {limit} that may be sent")
    return len(body).to_bytes(HEADER_SIZE, "big") + body


def size(header: bytes, limit: int) -> int:
    """Return how long the body after a frame's header is. Raises WireError when it is longer than the limit."""
    announced = int.from_bytes(header, "big")
    if announced > limit:
        raise WireError(f"a message of {announced} bytes is announced, more than the {limit} that may be sent")
    return announced


def unpack(body: bytes) -> Fields:
    """Read the body of a frame.

    Raises:
        UnsupportedError: It is of another version.
        WireError: It is no message.
    """
    try:
        message = fields.Fields.of(jsontext.loads(body), "", folded=False)
    except (jsontext.JSONError, fields.FieldError) as error:
        raise WireError(f"no message: {error}") from error
    if message.raw("v") != VERSION:
        raise UnsupportedError(f"version {jsontext.dumps(message.raw('v'))[:20]} is not {VERSION}")
    return message
