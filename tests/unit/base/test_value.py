from __future__ import annotations

import dataclasses

import pytest

from multus_py.base import value


class Point(value.Value):
    x: int
    y: int = 2
    label: str = ""


class Point3(Point):
    z: int


class Other(value.Value):
    x: int
    y: int = 2
    label: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Yardstick:
    x: int
    y: int = 2
    label: str = ""


CASES = {
    "only what is required": {"x": 1},
    "a default given anew": {"x": 1, "y": 3},
    "everything": {"x": 1, "y": 3, "label": "a"},
    "a required field is missing": {"y": 3},
    "nothing": {},
    "an unknown field": {"x": 1, "w": 3},
}


def _made(make: type[object], fields: dict[str, object]) -> object:
    try:
        return make(**fields)
    except TypeError:
        return TypeError


@pytest.mark.parametrize("fields", CASES.values(), ids=CASES)
def test_a_value_takes_the_fields_that_a_frozen_dataclass_takes(fields: dict[str, object]) -> None:
    ours, theirs = _made(Point, fields), _made(Yardstick, fields)

    assert (ours is TypeError) == (theirs is TypeError)
    if isinstance(ours, Point):
        assert isinstance(theirs, Yardstick)
        assert (ours.x, ours.y, ours.label) == (theirs.x, theirs.y, theirs.label)


def test_positional_arguments_are_refused() -> None:
    with pytest.raises(TypeError):
        _made_positionally = Point(1)  # type: ignore[call-arg]


def test_the_error_names_unknown_and_missing_fields() -> None:
    with pytest.raises(TypeError, match=r"Point: unknown fields \['w'\], missing fields \['x'\]"):
        Point(w=1)  # type: ignore[call-arg]


def test_values_are_equal_when_class_and_fields_are() -> None:
    assert Point(x=1) == Point(x=1, y=2)
    assert Point(x=1) != Point(x=2)
    assert Point(x=1) != Other(x=1)
    assert Point(x=1) != "Point"


def test_equal_values_have_the_same_hash_whether_defaults_were_given_or_not() -> None:
    assert len({Point(x=1), Point(x=1, y=2, label="")}) == 1


def test_a_value_with_an_unhashable_field_has_no_hash() -> None:
    with pytest.raises(TypeError, match="unhashable"):
        hash(Point(x=[]))  # type: ignore[arg-type]


def test_the_representation_is_the_call_that_makes_it() -> None:
    assert repr(Point(x=1)) == "Point(label='', x=1, y=2)"


@pytest.mark.parametrize("name", ["x", "w"])
def test_fields_cannot_be_set_nor_deleted(name: str) -> None:
    point = Point(x=1)

    with pytest.raises(AttributeError, match="Point is immutable: cannot set"):
        setattr(point, name, 5)
    with pytest.raises(AttributeError, match="Point is immutable: cannot delete"):
        delattr(point, name)


def test_replace_returns_a_changed_copy() -> None:
    point = Point(x=1, label="a")

    assert point.replace(y=5) == Point(x=1, y=5, label="a")
    assert point == Point(x=1, label="a")


def test_replace_refuses_unknown_fields() -> None:
    with pytest.raises(TypeError, match="unknown fields"):
        Point(x=1).replace(w=1)


def test_a_subclass_has_its_own_fields_and_the_inherited_ones() -> None:
    assert Point3(x=1, z=3).y == 2
    with pytest.raises(TypeError, match=r"missing fields \['x', 'z'\]"):
        Point3()  # type: ignore[call-arg]


def test_private_annotations_are_no_fields() -> None:
    class WithPrivate(value.Value):
        x: int
        _count: int = 0

    with pytest.raises(TypeError):
        WithPrivate(x=1, _count=1)
