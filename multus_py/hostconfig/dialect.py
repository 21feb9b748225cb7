"""How our schemas are read: the one door to `jsonschema`. What its findings are called is in `validation`.

The library knows neither Go's way of reading structs nor our formats, so it is told here: objects marked
`"x-decoding": "go"` have keys in any case, and null counts as absent; 80.0 is no integer. Where
`additionalProperties` or `unevaluatedProperties` is false, other keys are found, whatever their case. The library takes
0.2 s to load, so it is loaded when the first document is checked: who only wants to know a command's options does not
wait for it.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from multus_py.base import address, log, spelling
from multus_py.base.fields import Fields
from multus_py.cni import args, errors, versions
from multus_py.multinet import selection

if TYPE_CHECKING:
    import jsonschema
    import referencing.jsonschema
    from jsonschema.exceptions import ValidationError
    from jsonschema.protocols import Validator

    from multus_py.base.jsontext import JSONObject, JSONValue

_DIRECTORY = Path(__file__).parent.parent / "schemas"
_SUFFIX = ".schema.json"


def names() -> tuple[str, ...]:
    """Return the schemas that there are."""
    return tuple(sorted(path.name.removesuffix(_SUFFIX) for path in _DIRECTORY.glob(f"*{_SUFFIX}")))


@functools.cache
def schema(name: str) -> JSONObject:
    """Return a schema. Nobody may change it."""
    loaded: JSONObject = json.loads((_DIRECTORY / f"{name}{_SUFFIX}").read_text())
    return loaded


@functools.cache
def _registry() -> referencing.jsonschema.SchemaRegistry:
    import referencing.jsonschema

    resources = [
        (f"{name}{_SUFFIX}", referencing.jsonschema.DRAFT202012.create_resource(schema(name))) for name in names()
    ]
    return referencing.jsonschema.EMPTY_REGISTRY.with_resources(resources)


@functools.cache
def validator(name: str) -> Validator:
    """Return what checks documents against a schema."""
    import jsonschema
    from jsonschema import validators

    kinds = jsonschema.Draft202012Validator.TYPE_CHECKER.redefine("integer", _is_integer)
    keywords = {
        "properties": _properties,
        "required": _required,
        "anyOf": _any_key,
        "additionalProperties": _additional,
        "unevaluatedProperties": functools.partial(_unevaluated, known=_known(name)),
    }
    extended: type[Validator] = validators.extend(  # type: ignore[no-untyped-call]  # its stub has no types
        jsonschema.Draft202012Validator, keywords, type_checker=kinds
    )
    return extended(schema(name), registry=_registry(), format_checker=_formats())


def _known(name: str) -> frozenset[str]:
    """Return the keys that a schema describes at its top, whatever the conditions."""
    resolver = _registry().resolver(f"{name}{_SUFFIX}")
    found: set[str] = set()
    pending = [(schema(name), resolver)]
    while pending:
        part, resolver = pending.pop()
        found |= _object(part, "properties").keys()
        branches = [*_list(part, "allOf"), part.get("then"), part.get("else")]
        pending += [(branch, resolver) for branch in branches if isinstance(branch, dict)]
        if isinstance(part.get("$ref"), str):
            resolved = resolver.lookup(str(part["$ref"]))
            if isinstance(resolved.contents, dict):
                pending.append((resolved.contents, resolved.resolver))
    return frozenset(found)


def _is_integer(_checker: object, value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _formats() -> jsonschema.FormatChecker:
    import jsonschema

    checker = jsonschema.FormatChecker(formats=())
    checker.checks("cni-version", raises=ValueError)(_text(versions.parse))
    checker.checks("cni-network-name", raises=errors.CNIError)(_text(args.validate_network_name))
    checker.checks("object-name", raises=ValueError)(_unless_empty(_object_name))
    checker.checks("interface-name", raises=errors.CNIError)(_unless_empty(args.validate_interface_name))
    checker.checks("switch", raises=ValueError)(_text(lambda text: ("true", "false").index(text.lower())))
    checker.checks("missing-device", raises=ValueError)(_text(("", "error", "ignore").index))
    checker.checks("log-level", raises=KeyError)(_text(lambda text: not text or log.LEVELS[text.lower()]))
    checker.checks("ip", raises=ValueError)(_unless_empty(address.ip))
    checker.checks("mac", raises=ValueError)(_unless_empty(address.mac))
    checker.checks("cidr", raises=ValueError)(_text(address.cidr))
    checker.checks("ip-or-cidr", raises=ValueError)(_text(address.ip_or_cidr))
    checker.checks("net-sysctl", raises=ValueError)(_text(lambda text: ("net.", "net/").index(text[:4])))
    return checker


def _object_name(text: str) -> None:
    if not selection.is_dns_name(text, size=253, dots=True):
        raise ValueError(text)


def _text(check: Callable[[str], object]) -> Callable[[object], bool]:
    """Make a format of a function that raises for what is wrong; formats say nothing of other kinds than text."""

    def conforms(value: object) -> bool:
        if isinstance(value, str):
            check(value)
        return True

    return conforms


def _unless_empty(check: Callable[[str], object]) -> Callable[[object], bool]:
    """Make a format for what Go takes as not set when it is empty."""
    return _text(lambda text: text and check(text))


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
            yield ValidationError("is missing", path=[key])


def _any_key(
    validator: Validator, alternatives: list[JSONObject], instance: JSONValue, schema: JSONObject
) -> Iterator[ValidationError]:
    """Ask for one of several keys, the only alternatives that our schemas have."""
    from jsonschema.exceptions import ValidationError

    keys = [str(key) for each in alternatives for key in _list(each, "required")]
    if all(any(_required(validator, [key], instance, schema)) for key in keys):
        yield ValidationError(f"one of the keys {', '.join(keys)} is missing")


def _additional(
    validator: Validator, wanted: JSONValue, instance: JSONValue, schema: JSONObject
) -> Iterator[ValidationError]:
    import jsonschema

    if wanted is not False:
        yield from jsonschema.Draft202012Validator.VALIDATORS["additionalProperties"](
            validator, wanted, instance, schema
        )
        return
    yield from _unknown(instance, frozenset(_object(schema, "properties")), schema)


def _unevaluated(
    _validator: Validator, wanted: JSONValue, instance: JSONValue, schema: JSONObject, *, known: frozenset[str]
) -> Iterator[ValidationError]:
    if wanted is False:
        yield from _unknown(instance, known, schema)


def _unknown(instance: JSONValue, known: frozenset[str], schema: JSONObject) -> Iterator[ValidationError]:
    from jsonschema.exceptions import ValidationError

    if not isinstance(instance, dict):
        return
    folded = schema.get("x-decoding") == "go"
    readable = {key.lower() for key in known} if folded else known
    present = {key.lower() for key in instance} if folded else instance.keys()
    for key in instance:
        if (key.lower() if folded else key) not in readable:
            unset = [each for each in known if (each.lower() if folded else each) not in present]
            yield ValidationError("is not known", path=[key], validator_value=spelling.closest(key, unset))


def _object(document: JSONObject, key: str) -> JSONObject:
    found = document.get(key)
    return found if isinstance(found, dict) else {}


def _list(document: JSONObject, key: str) -> list[JSONValue]:
    found = document.get(key)
    return found if isinstance(found, list) else []
