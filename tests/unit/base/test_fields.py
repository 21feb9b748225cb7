from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from multus_py.base.fields import FieldError, Fields

if TYPE_CHECKING:
    from collections.abc import Callable

    from multus_py.base.jsontext import JSONObject, JSONValue

DOCUMENT: JSONObject = {
    "text": "x",
    "flag": True,
    "integer": 5,
    "number": 1.5,
    "array": [1, "a"],
    "strings": ["a", "b"],
    "objects": [{"a": 1}, {}],
    "object": {"inner": "y"},
    "nothing": None,
}
READERS: dict[str, Callable[[Fields, str], object]] = {
    "text": lambda fields, key: fields.text(key, "default"),
    "flag": lambda fields, key: fields.flag(key, default=True),
    "integer": lambda fields, key: fields.integer(key, 7),
    "number": lambda fields, key: fields.number(key, 7.5),
    "array": lambda fields, key: fields.array(key),
    "strings": lambda fields, key: fields.strings(key),
    "objects": lambda fields, key: fields.objects(key),
    "object": lambda fields, key: fields.object(key),
}
DEFAULTS = {
    "text": "default",
    "flag": True,
    "integer": 7,
    "number": 7.5,
    "array": [],
    "strings": (),
    "objects": (),
    "object": None,
}
EXPECTED = {
    "text": "a string",
    "flag": "true or false",
    "integer": "an integer",
    "number": "a number",
    "array": "an array",
    "strings": "an array",
    "objects": "an array",
    "object": "an object",
}


def _fields(*, folded: bool = True) -> Fields:
    return Fields(DOCUMENT, "doc", folded=folded)


@pytest.mark.parametrize("kind", ["text", "flag", "integer", "number", "array", "object"])
def test_a_field_of_the_right_kind_is_returned(kind: str) -> None:
    assert READERS[kind](_fields(), kind) == DOCUMENT[kind]


@pytest.mark.parametrize("kind", READERS)
@pytest.mark.parametrize("key", ["absent", "nothing"])
def test_an_absent_field_and_null_give_the_default(kind: str, key: str) -> None:
    assert READERS[kind](_fields(), key) == DEFAULTS[kind]


WRONG_KINDS = [
    (kind, key)
    for kind in READERS
    for key in DOCUMENT
    if key not in {"nothing", kind}
    and (kind, key) != ("number", "integer")
    and not {kind, key} <= {"array", "strings", "objects"}
]


@pytest.mark.parametrize(("kind", "key"), WRONG_KINDS)
def test_a_field_of_another_kind_is_refused_with_its_name(kind: str, key: str) -> None:
    with pytest.raises(FieldError, match=f"^doc.{key}: expected {EXPECTED[kind]}, found "):
        READERS[kind](_fields(), key)


def test_strings_are_returned_as_a_tuple() -> None:
    assert _fields().strings("strings") == ("a", "b")


def test_objects_know_their_place() -> None:
    first, second = _fields().objects("objects")

    assert first.integer("a") == 1
    assert (first.where, second.where) == ("doc.objects[0]", "doc.objects[1]")


WRONG_ITEMS: dict[str, tuple[JSONValue, str]] = {
    "a number among strings": (["a", 1], r"doc.key\[1\]: expected a string, found 1"),
    "null among strings": ([None], r"doc.key\[0\]: expected a string, found null"),
}


@pytest.mark.parametrize(("items", "message"), WRONG_ITEMS.values(), ids=WRONG_ITEMS)
def test_a_wrong_item_of_strings_is_named(items: JSONValue, message: str) -> None:
    with pytest.raises(FieldError, match=message):
        Fields({"key": items}, "doc").strings("key")


@pytest.mark.parametrize("item", [None, "a", []], ids=["null", "a string", "an array"])
def test_a_wrong_item_of_objects_is_named(item: JSONValue) -> None:
    with pytest.raises(FieldError, match=r"^doc.key\[1\]: expected an object"):
        Fields({"key": [{}, item]}, "doc").objects("key")


@pytest.mark.parametrize("value", [80.0, "80", True], ids=["a float", "a string", "a boolean"])
def test_what_only_looks_like_an_integer_is_refused(value: JSONValue) -> None:
    with pytest.raises(FieldError, match="expected an integer"):
        Fields({"port": value}, "").integer("port")


def test_true_is_no_number() -> None:
    with pytest.raises(FieldError, match=r"^n: expected a number, found true$"):
        Fields({"n": True}, "").number("n")


def test_nested_fields_know_their_place() -> None:
    inner = _fields().fields("object")

    assert inner.text("inner") == "y"
    assert inner.where == "doc.object"


def test_a_missing_object_reads_as_an_empty_one() -> None:
    assert _fields().fields("absent").text("x", "default") == "default"


def test_keys_are_found_without_regard_to_case_an_exact_match_first() -> None:
    fields = Fields({"NAME": "upper", "Name": "mixed", "name": "lower"}, "")

    assert fields.text("name") == "lower"
    assert fields.text("NAME") == "upper"
    assert Fields({"NAME": "upper"}, "").text("name") == "upper"


def test_exact_fields_regard_case() -> None:
    assert not Fields({"NAME": "upper"}, "", folded=False).text("name")
    assert Fields({"name": "lower"}, "", folded=False).text("name") == "lower"


def test_presence_of_null_is_a_matter_of_the_question() -> None:
    fields = Fields({"A": None, "b": 1}, "")

    assert not fields.has("a")
    assert fields.contains("a")
    assert fields.has("B")
    assert not fields.contains("c")
    assert not Fields({"A": None}, "", folded=False).contains("a")


def test_the_whole_object_can_be_had_as_text() -> None:
    assert Fields({"a": [1]}, "").document() == b'{"a":[1]}'


def test_of_takes_null_as_an_empty_object() -> None:
    assert not Fields.of(None, "doc").has("x")


def test_of_refuses_other_kinds() -> None:
    with pytest.raises(FieldError, match=r"^networks\[1\]: expected an object, found an array$"):
        Fields.of([], "networks[1]")


def test_parsed_applies_a_function_to_each_string() -> None:
    assert Fields({"n": ["1", "2"]}, "").parsed("n", int, "a number in a string") == (1, 2)


def test_parsed_names_the_item_that_the_function_refuses() -> None:
    with pytest.raises(FieldError, match=r'^n\[1\]: expected a number in a string, found "x"$'):
        Fields({"n": ["1", "x"]}, "").parsed("n", int, "a number in a string")


def test_long_values_are_cut_in_messages() -> None:
    with pytest.raises(FieldError) as caught:
        Fields({"n": "x" * 1000}, "").integer("n")

    assert len(str(caught.value)) < 300
