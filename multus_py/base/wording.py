"""How messages quote text and name the system's reasons: the way Go does, because people search for these texts."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_ESCAPES = {
    '"': '\\"',
    "\\": "\\\\",
    "\a": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
}
_CUT = 8192


def quoted(text: str | bytes) -> str:
    """Quote text on one line, as Go's %q does; what is longer than 8 KiB is cut, and ends in dots."""
    if isinstance(text, bytes):
        text = text[: _CUT * 4].decode(errors="surrogateescape")
    dots = "..." if len(text) > _CUT else ""
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text[:_CUT]}{dots}"'
    return f'"{"".join(map(_escaped, text[:_CUT]))}{dots}"'


def visible(text: str) -> str:
    """Escape what would not be seen, or would steer the terminal of whoever looks: others have chosen parts of it."""
    return text if text.isprintable() else "".join(each if each.isprintable() else _escaped(each) for each in text)


def quoted_list(texts: Iterable[str]) -> str:
    """Quote several texts, as Go's %q does with a slice: ["a" "b"]."""
    return f"[{' '.join(map(quoted, texts))}]"


def reason(error: OSError) -> str:
    """Return the system's reason without the capital that Python gives it: "no such file or directory"."""
    text = error.strerror or str(error)
    return text[:1].lower() + text[1:]


def _escaped(character: str) -> str:
    escape = _ESCAPES.get(character)
    if escape or character.isprintable():
        return escape or character
    point = ord(character)
    if 0xDC80 <= point <= 0xDCFF:  # a byte that was not UTF-8
        return f"\\x{point - 0xDC00:02x}"
    if point < 0x20 or point == 0x7F:
        return f"\\x{point:02x}"
    return f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"
