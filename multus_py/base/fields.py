"""Typed reading of a JSON object's fields: parse once, at the edge, with errors that name the place.

Go decodes a struct's keys without regard to case, an exact match first, and takes `null` as "not set"
(cni-behaviour 0.3). Objects read with `folded=True` do the same; code that Go runs on plain maps is exact.
"""

from __future__ import annotations

from multus_py.base import jsontext

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from multus_py.base.jsontext import JSONObject, JSONValue

    T = TypeVar("T")


class FieldError(ValueError):
    """A field has a value of the wrong kind; the message names the field, what was expected and what was found."""


class Fields:
    """One JSON object, read field by field. An absent field and a `null` one both give the default."""

    def __init__(self, value: JSONObject, where: str, *, folded: bool = True) -> None:
        """Look at `value`; `where` is how messages call it, for example "networks[1]"."""
        self.where = where
        self._exact = value
        self._folded = {key.lower(): key for key in value} if folded else {}

    @classmethod
    def of(cls, value: JSONValue, where: str, *, folded: bool = True) -> Fields:
        """Look at a value that must be an object (`null` counts as an empty one).

        Raises:
            FieldError: When it is another kind of value.
        """
        if value is None:
            return cls({}, where, folded=folded)
        if not isinstance(value, dict):
            raise FieldError(f"{where}: expected an object, found {jsontext.kind(value)}")
        return cls(value, where, folded=folded)

    def path(self, key: str) -> str:
        """Return how messages call this field."""
        return f"{self.where}.{key}" if self.where else key

    def raw(self, key: str) -> JSONValue:
        """Return the field as it stands, None when it is absent."""
        if key not in self._exact:
            key = self._folded.get(key.lower(), key)
        return self._exact.get(key)

    def contains(self, key: str) -> bool:
        """Tell whether the field is there, be it null."""
        return key in self._exact or key.lower() in self._folded

    def document(self) -> bytes:
        """Return the whole object as JSON text."""
        return jsontext.dumps(self._exact).encode()

    def has(self, key: str) -> bool:
        """Tell whether the field is there with a value other than null."""
        return self.raw(key) is not None

    def text(self, key: str, default: str = "") -> str:
        """Return a string. Raises FieldError for other kinds."""
        value = self.raw(key)
        if value is None:
            return default
        if not isinstance(value, str):
            raise self.wrong(key, "a string", value)
        return value

    def flag(self, key: str, *, default: bool = False) -> bool:
        """Return a boolean. Raises FieldError for other kinds, strings included."""
        value = self.raw(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise self.wrong(key, "true or false", value)
        return value

    def integer(self, key: str, default: int = 0) -> int:
        """Return an integer. Raises FieldError for other kinds, 80.0 and "80" included."""
        value = self.raw(key)
        if value is None:
            return default
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.wrong(key, "an integer", value)
        return value

    def number(self, key: str, default: float = 0.0) -> float:
        """Return a number. Raises FieldError for other kinds."""
        value = self.raw(key)
        if value is None:
            return default
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            raise self.wrong(key, "a number", value)
        return value

    def array(self, key: str) -> list[JSONValue]:
        """Return a list, empty when absent. Raises FieldError for other kinds."""
        value = self.raw(key)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self.wrong(key, "an array", value)
        return value

    def strings(self, key: str) -> tuple[str, ...]:
        """Return a list of strings. Raises FieldError when it, or an item, is of another kind."""
        items = self.array(key)
        for index, item in enumerate(items):
            if not isinstance(item, str):
                raise self.wrong(f"{key}[{index}]", "a string", item)
        return tuple(str(item) for item in items)

    def objects(self, key: str) -> tuple[Fields, ...]:
        """Return a list of objects. Raises FieldError when it, or an item, is of another kind, null included."""
        items = self.array(key)
        for index, item in enumerate(items):
            if not isinstance(item, dict):
                raise self.wrong(f"{key}[{index}]", "an object", item)
        return tuple(self.of(item, self.path(f"{key}[{index}]")) for index, item in enumerate(items))

    def object(self, key: str) -> JSONObject | None:
        """Return an object as it stands, None when absent. Raises FieldError for other kinds."""
        value = self.raw(key)
        if value is not None and not isinstance(value, dict):
            raise self.wrong(key, "an object", value)
        return value

    def fields(self, key: str) -> Fields:
        """Return an object to read further, an empty one when absent. Raises FieldError for other kinds."""
        return Fields.of(self.object(key), self.path(key))

    def parsed(self, key: str, parse: Callable[[str], T], expected: str) -> tuple[T, ...]:
        """Return a list of strings, each parsed. Raises FieldError where `parse` raises ValueError."""
        results = []
        for index, item in enumerate(self.strings(key)):
            try:
                results.append(parse(item))
            except ValueError:
                raise self.wrong(f"{key}[{index}]", expected, item) from None
        return tuple(results)

    def wrong(self, key: str, expected: str, found: JSONValue) -> FieldError:
        """Build the error for a field that holds something else than it should."""
        shown = jsontext.dumps(found) if isinstance(found, (str, int, float, bool)) else jsontext.kind(found)
        return FieldError(f"{self.path(key)}: expected {expected}, found {shown[:200]}")
