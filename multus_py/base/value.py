"""Immutable records: the cold-start stand-in for frozen dataclasses.

`import dataclasses` costs 18 ms of a CNI call that has 10 in all (docs/decisions/002-cold-start-dialect.md). What is
kept of it: keyword-only construction, defaults, equality, repr, immutability, and full checking by mypy. The unit
tests hold it against a frozen dataclass with the same fields.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import ClassVar, Self, dataclass_transform
else:

    def dataclass_transform(**_options: object) -> object:
        """Do at run time what typing's own decorator does: nothing."""
        return lambda cls: cls


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Value:
    """A record whose fields are the annotations of its class, with the class attributes as defaults.

    A subclass of a subclass inherits the fields. Field values should be immutable themselves (tuples, not lists);
    where raw JSON is carried along, nobody may change it.
    """

    if not TYPE_CHECKING:

        def __init__(self, **fields: object) -> None:
            unknown = fields.keys() - self._fields
            missing = self._required - fields.keys()
            if unknown or missing:
                problem = f"{type(self).__name__}: unknown fields {sorted(unknown)}, missing fields {sorted(missing)}"
                raise TypeError(problem)
            self.__dict__.update(fields)

    _fields: ClassVar[frozenset[str]] = frozenset()
    _required: ClassVar[frozenset[str]] = frozenset()

    def __init_subclass__(cls) -> None:
        """Collect the fields once, when the class is made."""
        names = [name for name in cls.__dict__.get("__annotations__", ()) if not name.startswith("_")]
        cls._fields = cls._fields.union(names)
        cls._required = frozenset(name for name in cls._fields if not hasattr(cls, name))

    def replace(self, **changes: object) -> Self:
        """Return a copy of this record with some fields changed.

        Raises:
            TypeError: When a name is not a field.
        """
        return type(self)(**{**self.__dict__, **changes})

    def _key(self) -> dict[str, object]:
        return {name: getattr(self, name) for name in sorted(self._fields)}

    def __eq__(self, other: object) -> bool:
        """Tell whether the other one is of the same class with equal fields."""
        return self._key() == other._key() if type(other) is type(self) else NotImplemented

    def __hash__(self) -> int:
        """Hash by the fields, so that a record of hashable fields can stand in a set."""
        return hash(tuple(self._key().items()))

    def __repr__(self) -> str:
        """Show the record as the call that makes it."""
        fields = ", ".join(f"{name}={value!r}" for name, value in self._key().items())
        return f"{type(self).__name__}({fields})"

    def __setattr__(self, name: str, value: object) -> None:
        """Refuse: records never change after they are made."""
        problem = f"{type(self).__name__} is immutable: cannot set {name!r}"
        raise AttributeError(problem)

    def __delattr__(self, name: str) -> None:
        """Refuse: records never change after they are made."""
        problem = f"{type(self).__name__} is immutable: cannot delete {name!r}"
        raise AttributeError(problem)
