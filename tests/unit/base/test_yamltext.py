"""YAML as Kubernetes takes it: the library's values where JSON has them, its places, and nothing that is too much."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from multus_py.base import jsontext, yamltext

ROOT = Path(__file__).parents[3]
OURS = sorted(path.relative_to(ROOT) for path in (ROOT / "conf").rglob("*.yaml"))
BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
MERGED = "a: &a {x: 1}\n" + "".join(
    f"{name}: &{name} {{<<: [{','.join([f'*{before}'] * 9)}]}}\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=10,
)


def read(text: str) -> jsontext.JSONValue:
    (document,) = yamltext.documents(text)
    return document.value


@pytest.mark.parametrize("path", OURS, ids=str)
def test_values_are_those_that_the_library_gives(path: Path) -> None:
    text = (ROOT / path).read_text()
    assert yamltext.loads_all(text) == list(yaml.safe_load_all(text))


SCALARS = [
    "1",
    "1.5",
    "0x10",
    "true",
    "yes",
    "null",
    "~",
    "'1'",
    "!!str 1",
    '"a\\nb"',
    "text",
    "1e3",
    "'-'",
    '"\\U0001f600"',
]


@pytest.mark.parametrize("scalar", SCALARS)
def test_scalars_mean_what_the_library_says(scalar: str) -> None:
    assert read(f"a: {scalar}\n") == yaml.safe_load(f"a: {scalar}\n")


MEANINGS: dict[str, tuple[str, object]] = {
    "a date": ("a: 2001-12-14", {"a": "2001-12-14"}),
    "a time": ("a: 12:30:45", {"a": "12:30:45"}),
    "a number that JSON has not": ("a: .inf", {"a": ".inf"}),
    "a number without digits": ("a: 0b", {"a": "0b"}),
    "a number of many digits": ("a: " + "9" * 5000, {"a": "9" * 5000}),
    "a number of many hexadecimal digits": ("a: 0x" + "f" * 5000, {"a": "0x" + "f" * 5000}),
    "a number that is not written as one": ("a: !!int secret", {"a": "secret"}),
    "bytes": ("a: !!binary aGk=", {"a": "aGk="}),
    "a set": ("!!set {a, b}", {"a": None, "b": None}),
    "an equals sign": ("a: =", {"a": "="}),
    "keys that are no texts": ("{1: a, true: b, 2001-12-14: c}", {"1": "a", "true": "b", "2001-12-14": "c"}),
    "half a character": ('a: "\\ud800"', {"a": "\ufffd"}),
    "a character in halves": ('"\\ud83d\\ude00": a', {"\U0001f600": "a"}),
    "an alias": ("a: &x [1]\nb: *x", {"a": [1], "b": [1]}),
    "a merged mapping": ("a: &x {b: 1, c: 2}\nd: {<<: *x, c: 3}", {"a": {"b": 1, "c": 2}, "d": {"b": 1, "c": 3}}),
    "several merged": (
        "- &x {a: 1}\n- &y {a: 2, b: 2}\n- <<: [*x, *y]",
        [{"a": 1}, {"a": 2, "b": 2}, {"a": 1, "b": 2}],
    ),
    "a merged text": ("{<<: a, b: 1}", {"b": 1}),
    "a list that shall become an object": ("!!python/object/apply:os.system [a]", ["a"]),
}


@pytest.mark.parametrize(("text", "meaning"), MEANINGS.values(), ids=list(MEANINGS))
def test_what_yaml_says_is_what_json_can_say(text: str, meaning: object) -> None:
    found = read(text)
    assert found == meaning
    assert json.loads(jsontext.dumps(found)) == meaning


TEXTS: dict[str, tuple[bytes | str, list[object]]] = {
    "nothing": ("", []),
    "a comment": ("# nothing\n", []),
    "JSON, indented by tabs": ('{\n\t"a": [1]\n}', [{"a": [1]}]),
    "bytes": ("a: ü\n".encode(), [{"a": "ü"}]),
    "a byte order mark": ("\ufeffa: 1\n".encode(), [{"a": 1}]),
    "UTF-16 with its mark": ("a: ü\n".encode("utf-16"), [{"a": "ü"}]),
    "two documents, and none between": ("a: 1\n---\n---\n- b\n", [{"a": 1}, None, ["b"]]),
}


@pytest.mark.parametrize(("text", "values"), TEXTS.values(), ids=list(TEXTS))
def test_a_file_has_any_number_of_documents(text: bytes | str, values: list[object]) -> None:
    assert yamltext.loads_all(text) == values


def test_a_file_that_should_have_one_document_has_no_more() -> None:
    assert yamltext.loads("") is None
    assert yamltext.loads("a: 1\n") == {"a": 1}
    with pytest.raises(yamltext.YAMLError, match="expected one document, found 2"):
        yamltext.loads("a: 1\n---\nb: 2\n")


WRONG: dict[str, tuple[str, int, str, str]] = {
    "no YAML": ("a: 1\nb: c: d\n", 2, "not-yaml", "mapping values are not allowed here"),
    "an end too early": ("a: [1,\n", 2, "not-yaml", "expected the node content"),
    "a tab": ("a:\n\tb: 1\n", 2, "not-yaml", "cannot start any token"),
    "a NUL": ("a:\n  \0", 2, "not-yaml", "may not stand in YAML"),
    "a list for a key": ("? [a]\n: 1\n", 1, "not-yaml", "a key has to be a text"),
    "an alias for a key": ("a: &x 1\n*x : 2\n", 2, "not-yaml", "a key has to be a text"),
    "an unknown alias": ("a: 1\nb: *a\n", 2, "not-yaml", "stands for nothing"),
    "an alias within itself": ("a: &a [*a]\n", 1, "not-yaml", "stands for nothing that is complete"),
    "a tag that makes an object": (
        "a: !!python/object/apply:os.system [ls]\nb: !!python/name:os.system x\n",
        2,
        "not-yaml",
        "tag",
    ),
    "an escape beyond all characters": ('a: "\\Uffffffff"', 0, "not-yaml", "not YAML"),
    "too deep": ("- " * 101 + "x", 1, "too-deep", "nested more than 100 levels"),
    "much too deep": ("a: " + "{b: " * 5000, 0, "too-deep", "nested"),
    "a merge of itself": ("a: &a {<<: *a}\n", 1, "not-yaml", "stands for nothing that is complete"),
    "merges of merges": (MERGED, 0, "too-many-values", "once its aliases are written out"),
    "a billion laughs": (BOMB, 6, "too-many-values", "once its aliases are written out"),
}


@pytest.mark.parametrize(("text", "line", "rule", "said"), WRONG.values(), ids=list(WRONG))
def test_what_is_wrong_is_said_with_its_line(text: str, line: int, rule: str, said: str) -> None:
    with pytest.raises(yamltext.YAMLError, match=said) as caught:
        list(yamltext.documents(text))
    assert caught.value.rule == rule
    assert line in {0, caught.value.line}


@pytest.mark.parametrize("data", [b"a: \xff", b"\xff\xfea"], ids=["UTF-8", "UTF-16"])
def test_what_is_no_text_is_refused(data: bytes) -> None:
    with pytest.raises(yamltext.YAMLError, match=r"neither JSON .* nor YAML .not UTF-8"):
        yamltext.loads(data)


def test_what_is_neither_json_nor_yaml_is_told_for_both() -> None:
    with pytest.raises(yamltext.YAMLError, match=r"neither JSON \(.*line 2.*\) nor YAML \(.* at line 2\)") as caught:
        yamltext.loads('{"a": 1,\n "b: 2}')
    assert caught.value.line == 2


def test_what_comes_before_a_mistake_is_given() -> None:
    found = yamltext.documents("a: 1\n---\n- a\nb: c\n")
    assert next(found).value == {"a": 1}
    with pytest.raises(yamltext.YAMLError):
        next(found)


def test_places_are_the_line_of_the_key_and_the_span_of_the_value() -> None:
    text = "# first\na:\n  - x\n  - b: &n 1\nc: *n\n"
    (document,) = yamltext.documents(text)
    spans = {path: (line, text[start:end]) for path, (line, start, end) in document.places.items()}
    assert spans == {
        (): (2, ""),
        ("a",): (2, ""),
        ("a", 0): (3, "x"),
        ("a", 1): (4, ""),
        ("a", 1, "b"): (4, "&n 1"),
        ("c",): (5, "*n"),
    }


def test_a_key_that_comes_twice_is_told_and_the_last_one_counts() -> None:
    (document,) = yamltext.documents("o:\n  a: 1\n  b: 2\n  a: 3\n")
    assert document.value == {"o": {"a": 3, "b": 2}}
    assert document.twice == ((("o", "a"), 4),)


@given(json_values)
def test_what_is_written_is_read_again(value: jsontext.JSONValue) -> None:
    assert yamltext.loads(yamltext.dumps(value)) == value


def test_keys_are_written_in_their_order_and_characters_as_they_are() -> None:
    assert yamltext.dumps({"b": "ü", "a": [1, None]}) == "b: ü\na:\n- 1\n- null\n"


@given(st.binary(max_size=60) | st.text(alphabet="{}[]:,-&*!|>'\"%@#?<\n\t \\uU0afb1.", max_size=60).map(str.encode))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        values = yamltext.loads_all(data)
    except yamltext.YAMLError:
        return
    for value in values:
        jsontext.dumps(value).encode()
