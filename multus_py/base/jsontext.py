"""JSON text in and out: the one place that knows a JSON library.

`import json` costs 8 ms of a CNI call, because it imports `re` and `enum`; the C scanner and the C string encoder
below it cost 0.3 ms. They are private, so this module falls back to the public ones when they are not as expected,
and the unit tests hold both against `json` over the same cases.

Semantics follow Go's encoding/json where users could notice (cni-behaviour 0.3): duplicate keys: the last one wins;
NaN, Infinity, a BOM and trailing text are refused; a lone surrogate becomes U+FFFD; `<`, `>` and `&` are written
escaped when asked. Integers stay exact, unlike Go's.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn, Protocol, TypeAlias

    JSONValue: TypeAlias = bool | int | float | str | list["JSONValue"] | dict[str, "JSONValue"] | None
    JSONObject: TypeAlias = dict[str, JSONValue]

    class _Scan(Protocol):
        def __call__(self, text: str, index: int, /) -> tuple[JSONValue, int]: ...


_SPACE = " \t\n\r"
_MAX_FLOAT = 1.7976931348623157e308
_MAX_DEPTH = 200
_MAX_VALUES = 1 << 20
"""Commas and brackets of a document: 16 MiB of `{},{},` would be half a gigabyte of values. This many have room in a
call, and nobody writes so many."""


class JSONError(ValueError):
    """The text is not JSON; the message says what and where."""

    def __init__(self, message: str, line: int = 0) -> None:
        """Say it; `line` is counted from 1, 0 when the whole text is meant."""
        super().__init__(message)
        self.line = line


def _refuse_constant(name: str) -> NoReturn:
    raise JSONError(f"{name} is not a JSON value")


def _finite(text: str) -> float:
    number = float(text)
    if not -_MAX_FLOAT <= number <= _MAX_FLOAT:
        raise JSONError(f"number {text[:40]} is out of range")
    return number


class _Options:
    """What the C scanner asks its context for."""

    strict = True
    object_hook = None
    object_pairs_hook = None
    parse_float = staticmethod(_finite)
    parse_int = int
    parse_constant = staticmethod(_refuse_constant)
    memo: dict[str, str] = {}  # noqa: RUF012 - typing.ClassVar is not to be had here


def _codec() -> tuple[_Scan, Callable[[str], str]]:
    try:
        import _json

        scan: _Scan = _json.make_scanner(_Options)  # type: ignore[arg-type]  # it reads these attributes, nothing else
        quote: Callable[[str], str] = _json.encode_basestring
        if scan('{"a":[1]}', 0) == ({"a": [1]}, 9) and quote('a"\n') == '"a\\"\\n"':
            return scan, quote
    except (ImportError, AttributeError, TypeError):
        pass
    return public_codec()


def public_codec() -> tuple[_Scan, Callable[[str], str]]:
    """Return scanner and string encoder of the public `json` package (8 ms): the fall-back, and the yardstick."""
    import json
    import json.encoder

    decoder = json.JSONDecoder(parse_float=_finite, parse_constant=_refuse_constant)
    return decoder.raw_decode, json.encoder.py_encode_basestring


_scan, _quote = _codec()


def loads(data: bytes | str) -> JSONValue:
    """Parse one JSON document.

    Args:
        data: UTF-8 bytes or text; white space around the document is allowed, anything else is not.

    Raises:
        JSONError: For anything that is not exactly one JSON document.
    """
    text = _decode(data) if isinstance(data, bytes) else data
    start = len(text) - len(text.lstrip(_SPACE))
    if start == len(text):
        raise JSONError("unexpected end of JSON input")
    if len(text) > _MAX_VALUES and sum(map(text.count, ",[{")) > _MAX_VALUES:
        raise JSONError(f"more than {_MAX_VALUES} values")
    try:
        value, end = _scan(text, start)
    except JSONError:
        raise
    except RecursionError:
        raise JSONError("nested too deeply") from None
    except Exception:  # noqa: BLE001 - bad input makes the C scanner raise four kinds of exception, SystemError among them
        raise _located(text, start) from None
    rest = text[end:].lstrip(_SPACE)
    if rest:
        raise _error_at(text, len(text) - len(rest), "unexpected text after the JSON value")
    if text.count("[") + text.count("{") > _MAX_DEPTH and _is_too_deep(value):
        raise JSONError("nested too deeply")
    return _without_surrogates(value) if "\\ud" in text or "\\uD" in text else value


def loads_object(data: bytes | str) -> JSONObject:
    """Parse one JSON object; `null` counts as an empty one, as it does in Go.

    Raises:
        JSONError: When it is not JSON, or another kind of value.
    """
    value = loads(data)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise JSONError(f"expected a JSON object, found {kind(value)}")
    return value


def dumps(value: JSONValue, *, indent: int = 0, sort: bool = False, html_safe: bool = False) -> str:
    """Write one JSON document.

    Args:
        value: What to write. Floats must be finite.
        indent: Blanks a level, one item a line; 0 writes everything on one line without blanks.
        sort: Whether keys are sorted, as Go sorts the keys of a map.
        html_safe: Whether `<`, `>` and `&` are escaped, as Go does.
    """
    text = _write(value, "\n" if indent else "", " " * indent, sort)
    if html_safe:  # these characters can stand in strings only, so the whole text may be treated at once
        text = text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
    return text


def kind(value: JSONValue) -> str:
    """Name the kind of a value the way messages to users do: "an object", "a string", "null"."""
    for types, name in _KINDS:
        if isinstance(value, types):
            return name
    return "null"


def sound(text: str) -> str:
    """Return a text without surrogates: the halves of a pair become the character that they mean, a lone one U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


_KINDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "a boolean"),  # before int: a bool is one
    ((int, float), "a number"),
    (str, "a string"),
    (list, "an array"),
    (dict, "an object"),
)


def _decode(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise JSONError(f"not UTF-8 text (byte {error.start})") from None


def _error_at(text: str, at: int, problem: str) -> JSONError:
    line = text.count("\n", 0, at) + 1
    if at >= len(text):
        return JSONError(f"{problem} at the end of the text", line)
    return JSONError(f"{problem} at line {line}, column {at - text.rfind(chr(10), 0, at)}", line)


def _located(text: str, start: int) -> JSONError:
    """Parse bad input once more, with the public library, which says what is wrong and where (8 ms, errors only)."""
    try:
        public_codec()[0](text, start)
    except ValueError as error:
        if (at := getattr(error, "pos", None)) is None:  # it is not the scanner's: int() refuses, against endless work
            return JSONError(f"a number has more than {sys.get_int_max_str_digits()} digits")
        return _error_at(text, at, f"{getattr(error, 'msg', error)}")
    return JSONError("invalid JSON")


def _is_too_deep(value: JSONValue) -> bool:
    """Tell whether a value is nested so deeply that writing it, by recursion, could use up the stack."""
    level = [value]
    for _ in range(_MAX_DEPTH):
        level = [
            item
            for outer in level
            if isinstance(outer, (list, dict))
            for item in (outer if isinstance(outer, list) else outer.values())
        ]
        if not level:
            return False
    return True


def _without_surrogates(value: JSONValue) -> JSONValue:
    if isinstance(value, str):
        return sound(value)
    if isinstance(value, list):
        return [_without_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {sound(key): _without_surrogates(item) for key, item in value.items()}
    return value


def _write(value: JSONValue, newline: str, step: str, sort: bool) -> str:  # noqa: FBT001 - private recursion
    if isinstance(value, str):
        return _quote(value)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, (int, float)):
        return repr(value)
    inner = newline + step
    if isinstance(value, list):
        items = [_write(item, inner, step, sort) for item in value]
        opening, closing = "[", "]"
    else:
        colon = ": " if newline else ":"
        pairs = sorted(value.items()) if sort else value.items()
        items = [_quote(key) + colon + _write(item, inner, step, sort) for key, item in pairs]
        opening, closing = "{", "}"
    if not items:
        return opening + closing
    return opening + inner + ("," + inner).join(items) + newline + closing
