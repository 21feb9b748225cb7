"""Label and field selectors: equality, inequality and existence; sets (`in`, `notin`) are refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

from multus_py.lab import apierrors
from multus_py.lab.kinds import Kind
from multus_py.lab.objects import Object, section, text

Matches: TypeAlias = Callable[[Object], bool]

_REQUIREMENT = re.compile(r"\s*(?P<key>[\w./-]+)\s*(?P<operator>==|=|!=)\s*(?P<value>[^=!,]*?)\s*")
_EXISTENCE = re.compile(r"\s*(?P<negated>!?)\s*(?P<key>[\w./-]+)\s*")


def by_labels(selector: str) -> Matches:
    """Return the test for a label selector.

    Raises:
        ApiError: When the selector cannot be parsed.
    """
    tests = [_label_test(requirement) for requirement in selector.split(",") if requirement.strip()]
    return lambda obj: all(test(obj) for test in tests)


def by_fields(kind: Kind, selector: str) -> Matches:
    """Return the test for a field selector on objects of `kind`.

    Raises:
        ApiError: When the selector cannot be parsed, or names a field that cannot be selected by.
    """
    tests = [_field_test(kind, requirement) for requirement in selector.split(",") if requirement.strip()]
    return lambda obj: all(test(obj) for test in tests)


def _label_test(requirement: str) -> Matches:
    if found := _REQUIREMENT.fullmatch(requirement):
        key, value, equal = found["key"], found["value"], found["operator"] != "!="
        return lambda obj: (section(obj, "metadata", "labels").get(key) == value) is equal
    if found := _EXISTENCE.fullmatch(requirement):
        key, present = found["key"], not found["negated"]
        return lambda obj: (key in section(obj, "metadata", "labels")) is present
    raise apierrors.bad_request(f"unable to parse requirement: {requirement}")


def _field_test(kind: Kind, requirement: str) -> Matches:
    found = _REQUIREMENT.fullmatch(requirement)
    if not found:
        raise apierrors.bad_request(f"invalid field selector: {requirement}; can't understand '{requirement}'")
    field, value, equal = found["key"], found["value"], found["operator"] != "!="
    if field not in {"metadata.name", "metadata.namespace", *kind.fields}:
        raise apierrors.bad_request(f"field label not supported: {field}")
    path = field.split(".")
    return lambda obj: (text(obj, *path) == value) is equal
