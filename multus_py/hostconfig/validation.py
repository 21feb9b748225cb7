"""Documents checked against the schemas in multus_py/schemas: what is wrong with them, and where.

How the schemas are read is in `dialect`. A test holds that of the Multus configuration against the plugin's own parser.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from multus_py.base import jsontext, log
from multus_py.hostconfig import dialect

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

    from multus_py.base.jsontext import JSONObject, JSONValue

Step: TypeAlias = str | int

_KINDS = {
    "string": "a string",
    "boolean": "true or false",
    "integer": "an integer",
    "number": "a number",
    "array": "an array",
    "object": "an object",
    "null": "null",
}
_FORMATS = {
    "cni-version": "a CNI version such as 1.0.0",
    "cni-network-name": "a name of letters, digits, and _ . - within it",
    "object-name": "a name of lower-case letters, digits, - and . (its namespace has a key of its own)",
    "interface-name": "a name of 1 to 15 bytes without blanks, / and :",
    "switch": "true or false",
    "missing-device": "one of error, ignore",
    "log-level": f"one of {', '.join(log.LEVELS)}",
    "ip": "an IP address",
    "cidr": "an address with a prefix length such as 192.0.2.0/24",
    "ip-or-cidr": "an IP address, or one with a prefix length",
    "mac": "a MAC address such as 02:00:5e:00:53:01",
    "net-sysctl": "the name of a sysctl below net.",
}
_LIMITS = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "minLength": "a text that is not empty",
    "maxLength": "at most {} characters",
    "minItems": "at least one element",
    "maxItems": "at most {} elements",
}


class Kind(enum.Enum):
    """What may be wrong with a key."""

    MISSING = "missing-key"
    TYPE = "wrong-type"
    VALUE = "wrong-value"
    UNKNOWN = "unknown-key"
    """Nobody reads it."""


_BY_KEYWORD = {
    "required": Kind.MISSING,
    "anyOf": Kind.MISSING,
    "type": Kind.TYPE,
    "additionalProperties": Kind.UNKNOWN,
    "unevaluatedProperties": Kind.UNKNOWN,
}


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One thing that is wrong with a document."""

    path: tuple[Step, ...]
    """Where: keys as the schema writes them, and positions in lists."""
    kind: Kind
    text: str
    """What was expected, and what was found."""
    expected: str = ""
    """What would be right."""
    meant: str = ""
    """For an unknown key the one that it resembles."""

    def __str__(self) -> str:
        """Return all of it on one line."""
        return f"{path_text(self.path)}: {self.text}".removeprefix(": ")


def problems(document: JSONValue, name: str) -> tuple[str, ...]:
    """Return what is wrong with a document: the path to the key, what was expected, what was found. Empty is good."""
    return tuple(dict.fromkeys(str(found) for found in check(document, name) if found.kind is not Kind.UNKNOWN))


def check(document: JSONValue, name: str) -> tuple[Problem, ...]:
    """Return what is wrong with a document, unknown keys included where the schema lists all that there are."""
    found = sorted(dialect.validator(name).iter_errors(document), key=lambda error: [str(part) for part in error.path])
    unique = dict.fromkeys(map(_problem, found))
    mistyped = {problem.path for problem in unique if problem.kind is Kind.TYPE}
    return tuple(problem for problem in unique if problem.kind is not Kind.VALUE or problem.path not in mistyped)


def path_text(path: Iterable[Step]) -> str:
    """Return a path as people write it: `plugins[1].ipam`."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")


def settings_keys() -> frozenset[str]:
    """Return the keys of the Multus configuration that may be set in daemon-config.json, too."""
    definitions = _object(dialect.schema("multus-conf"), "$defs")
    return frozenset(_object(_object(definitions, "settings"), "properties")) | {"clusterNetwork"}


def known_keys() -> frozenset[str]:
    """Return the keys of daemon-config.json."""
    return settings_keys() | set(_object(dialect.schema("daemon-config"), "properties"))


def _object(document: JSONObject, key: str) -> JSONObject:
    found = document.get(key)
    return found if isinstance(found, dict) else {}


def _problem(error: ValidationError) -> Problem:
    path, kind = tuple(error.absolute_path), _BY_KEYWORD.get(str(error.validator), Kind.VALUE)
    if kind in {Kind.MISSING, Kind.UNKNOWN}:
        meant = str(error.validator_value) if kind is Kind.UNKNOWN else ""
        return Problem(path=path, kind=kind, text=error.message, meant=meant)
    expected = _expected(error)
    text = f"expected {expected}, found {_shown(error.instance)}"
    return Problem(path=path, kind=kind, text=text, expected=expected)


def _expected(error: ValidationError) -> str:
    keyword, wanted = str(error.validator), error.validator_value
    each = [str(item) for item in wanted] if isinstance(wanted, list) else [str(wanted)]
    if keyword == "type":
        return " or ".join(_KINDS[kind] for kind in each)
    if keyword == "enum":
        return f"one of {', '.join(item for item in each if item)}"
    return _FORMATS[each[0]] if keyword == "format" else _LIMITS[keyword].format(*each)


def _shown(value: object) -> str:
    if isinstance(value, str | int | float):
        return jsontext.dumps(value)[:200]
    return "an object" if isinstance(value, dict) else "an array" if isinstance(value, list) else "null"
