"""Documents checked against the schemas in multus_py/schemas: the one door to `jsonschema`.

The library knows neither Go's way of reading structs nor our formats, so it is told here: objects marked
`"x-decoding": "go"` have keys in any case, and null counts as absent; 80.0 is no integer. A test holds the schema of
the Multus configuration against the plugin's own parser. The library takes 0.2 s to load, so it is loaded when the
first document is checked: who only wants to know the command's options does not wait for it.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from multus_py.base import jsontext, log
from multus_py.base.fields import Fields
from multus_py.cni import args, errors, versions

if TYPE_CHECKING:
    import jsonschema
    from jsonschema.exceptions import ValidationError
    from jsonschema.protocols import Validator

    from multus_py.base.jsontext import JSONObject, JSONValue

Name: TypeAlias = Literal["primary", "multus-conf", "daemon-config"]

NAMES: tuple[Name, ...] = ("primary", "multus-conf", "daemon-config")
_DIRECTORY = Path(__file__).parent.parent / "schemas"
_MISSING = "is missing"
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
    "switch": "true or false",
    "missing-device": "one of error, ignore",
    "log-level": f"one of {', '.join(log.LEVELS)}",
}


def problems(document: JSONValue, name: Name) -> tuple[str, ...]:
    """Return what is wrong with a document: the path to the key, what was expected, what was found. Empty is good."""
    found = sorted(_validator(name).iter_errors(document), key=lambda error: [str(part) for part in error.path])
    return tuple(dict.fromkeys(map(_worded, found)))


def settings_keys() -> frozenset[str]:
    """Return the keys of the Multus configuration that may be set in daemon-config.json, too."""
    definitions = _object(_schema("multus-conf"), "$defs")
    return frozenset(_object(_object(definitions, "settings"), "properties")) | {"clusterNetwork"}


def known_keys() -> frozenset[str]:
    """Return the keys of daemon-config.json."""
    return settings_keys() | set(_object(_schema("daemon-config"), "properties"))


def _object(schema: JSONObject, key: str) -> JSONObject:
    found = schema[key]
    return found if isinstance(found, dict) else {}


def _schema(name: Name) -> JSONObject:
    loaded: JSONObject = json.loads((_DIRECTORY / f"{name}.schema.json").read_text())
    return loaded


@functools.cache
def _validator(name: Name) -> Validator:
    import jsonschema
    import referencing
    from jsonschema import validators
    from referencing.jsonschema import DRAFT202012

    resources = [(f"{each}.schema.json", DRAFT202012.create_resource(_schema(each))) for each in NAMES]
    registry = referencing.Registry().with_resources(resources)
    kinds = jsonschema.Draft202012Validator.TYPE_CHECKER.redefine("integer", _is_integer)
    extended: type[Validator] = validators.extend(  # type: ignore[no-untyped-call]  # its stub has no types
        jsonschema.Draft202012Validator, {"properties": _properties, "required": _required}, type_checker=kinds
    )
    return extended(_schema(name), registry=registry, format_checker=_formats())


def _is_integer(_checker: object, value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _formats() -> jsonschema.FormatChecker:
    import jsonschema

    checker = jsonschema.FormatChecker(formats=())
    checker.checks("cni-version", raises=ValueError)(_text(versions.parse))
    checker.checks("cni-network-name", raises=errors.CNIError)(_text(args.validate_network_name))
    checker.checks("switch", raises=ValueError)(_text(lambda text: ("true", "false").index(text.lower())))
    checker.checks("missing-device", raises=ValueError)(_text(("", "error", "ignore").index))
    checker.checks("log-level", raises=KeyError)(_text(lambda text: not text or log.LEVELS[text.lower()]))
    return checker


def _text(check: Callable[[str], object]) -> Callable[[object], bool]:
    """Make a format of a function that raises for what is wrong; formats say nothing of other kinds than text."""

    def conforms(value: object) -> bool:
        if isinstance(value, str):
            check(value)
        return True

    return conforms


def _properties(
    validator: Validator, properties: dict[str, JSONObject], instance: JSONValue, schema: JSONObject
) -> Iterator[ValidationError]:
    if not isinstance(instance, dict):
        return
    fields = Fields(instance, "")
    for key, subschema in properties.items():
        folded = schema.get("x-decoding") == "go"
        if (fields.has(key)) if folded else (key in instance):
            value = fields.raw(key) if folded else instance[key]
            for error in validator.evolve(schema=subschema).iter_errors(value):
                error.relative_path.appendleft(key)
                yield error


def _required(
    _validator: Validator, required: list[str], instance: JSONValue, schema: JSONObject
) -> Iterator[ValidationError]:
    from jsonschema.exceptions import ValidationError

    if not isinstance(instance, dict):
        return
    fields = Fields(instance, "")
    for key in required:
        if not (fields.has(key) if schema.get("x-decoding") == "go" else key in instance):
            yield ValidationError(_MISSING, path=[key])


def _worded(error: ValidationError) -> str:
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.absolute_path).lstrip(".")
    if error.message == _MISSING:
        return f"{path}: {_MISSING}"
    return f"{path}: expected {_expected(error)}, found {_shown(error.instance)}".removeprefix(": ")


def _expected(error: ValidationError) -> str:
    keyword, wanted = str(error.validator), error.validator_value
    if keyword == "type":
        return " or ".join(_KINDS[str(kind)] for kind in (wanted if isinstance(wanted, list) else [wanted]))
    return _FORMATS[str(wanted)] if keyword == "format" else _LIMITS[keyword].format(wanted)


_LIMITS = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "minLength": "a text that is not empty",
    "minItems": "at least one element",
}


def _shown(value: object) -> str:
    if isinstance(value, str | int | float):
        return jsontext.dumps(value)[:200]
    return "an object" if isinstance(value, dict) else "an array" if isinstance(value, list) else "null"
