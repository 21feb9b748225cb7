"""`base.jsontext` against the `json` package: the private codec, and the public one that is its fall-back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import hypothesis
import pytest
from hypothesis import strategies

from multus_py.base import jsontext

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONValue

JSON = strategies.recursive(
    strategies.none()
    | strategies.booleans()
    | strategies.integers()
    | strategies.floats(allow_nan=False, allow_infinity=False)
    | strategies.text(),
    lambda inner: strategies.lists(inner) | strategies.dictionaries(strategies.text(), inner),
    max_leaves=30,
)

GOOD = {
    "an object": '{"a": [1, 2.5, "x", null, true, false]}',
    "white space around": ' \t\r\n{"a":1}\n ',
    "a string": '"x"',
    "escapes": r'"\u00e4\n\\\"\/\ud83d\ude00"',
    "a duplicate key": '{"a":1,"b":2,"a":3}',
    "a large integer": "12345678901234567890123",
    "a negative zero": "-0.0",
    "an exponent": "1e3",
    "null": "null",
    "empty containers": '{"a":{},"b":[]}',
}
BAD = {
    "nothing": "",
    "white space": " \n",
    "not a value": "nope",
    "cut off in an object": '{"a":',
    "cut off in a string": '"abc',
    "text behind": '{"a":1} x',
    "a second document": "{}{}",
    "NaN": "NaN",
    "NaN inside": '{"a":NaN}',
    "Infinity": "-Infinity",
    "a number beyond floats": "1e999",
    "an integer that Python refuses": "1" * 5000,
    "a trailing comma": "[1,]",
    "a comma at the end of an object": '{"a":1,}',
    "single quotes": "{'a':1}",
    "a control character": '"a\nb"',
    "a bad escape": r'"\x"',
    "half an escape": r'"\u12',
    "a byte order mark": "\ufeff{}",
    "a key that is no string": "{1:2}",
    "a missing colon": '{"a" 1}',
    "a lone minus": "-",
    "a no-break space around": "\u00a0{}",
    "a leading zero": "01",
    "a comment": "{} // hello",
}


@pytest.fixture(name="scan", params=["private", "public"])
def _scan(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run a test with both codecs. The module chooses one when it is imported: there is no seam to hand one in."""
    if request.param == "public":
        scan, quote = jsontext.public_codec()
        monkeypatch.setitem(jsontext.__dict__, "_scan", scan)
        monkeypatch.setitem(jsontext.__dict__, "_quote", quote)
    return str(request.param)


@pytest.mark.parametrize("text", GOOD.values(), ids=GOOD)
def test_good_text_means_the_same_as_to_json(scan: str, text: str) -> None:
    assert jsontext.loads(text) == json.loads(text)
    assert jsontext.loads(text.encode()) == json.loads(text)


@pytest.mark.parametrize("text", BAD.values(), ids=BAD)
def test_bad_text_is_refused_with_a_reason(scan: str, text: str) -> None:
    with pytest.raises(jsontext.JSONError) as caught:
        jsontext.loads(text)

    assert str(caught.value)


PLACES = {
    "the end": ('{"a":', "at the end of the text"),
    "a line and a column": ('{\n "a": nope}', "Expecting value at line 2, column 7"),
    "the text behind": ("{}\nx", "unexpected text after the JSON value at line 2, column 1"),
    "a missing comma": ('{"a":1 "b":2}', "at line 1, column 8"),
    "nothing at all": ("", "unexpected end of JSON input"),
}


@pytest.mark.parametrize(("text", "expected"), PLACES.values(), ids=PLACES)
def test_the_reason_says_where(scan: str, text: str, expected: str) -> None:
    with pytest.raises(jsontext.JSONError, match=expected):
        jsontext.loads(text)


def test_bytes_that_are_not_utf8_are_refused_with_their_place() -> None:
    with pytest.raises(jsontext.JSONError, match=r"not UTF-8 text \(byte 2\)"):
        jsontext.loads(b'"a\xff"')


@pytest.mark.parametrize("opening", ["[", '{"a":'], ids=["arrays", "objects"])
@pytest.mark.parametrize("depth", [201, 990, 100_000])
def test_too_deep_nesting_is_refused(scan: str, opening: str, depth: int) -> None:
    closing = {"[": "]", "{": "}"}[opening[0]]

    with pytest.raises(jsontext.JSONError, match="nested too deeply"):
        jsontext.loads(opening * depth + "1" + closing * depth)


def test_nesting_up_to_the_limit_can_be_read_and_written(scan: str) -> None:
    text = "[" * 199 + "]" * 199

    assert jsontext.dumps(jsontext.loads(text)) == text


def test_many_containers_side_by_side_are_not_deep(scan: str) -> None:
    text = "[" + ",".join(["{}"] * 1000) + "]"

    assert jsontext.dumps(jsontext.loads(text)) == text


def test_so_many_values_are_read_and_no_more() -> None:
    most = (1 << 20) - 1
    assert jsontext.loads("[" + "0," * most + "0]") == [0] * (most + 1)
    with pytest.raises(jsontext.JSONError, match="more than 1048576 values"):
        jsontext.loads("[" + "0," * (most + 1) + "0]")


def test_integers_stay_exact(scan: str) -> None:
    assert jsontext.dumps(jsontext.loads('{"n":12345678901234567890}')) == '{"n":12345678901234567890}'


SURROGATES = {
    "a lone one": (r'"\ud800"', "\ufffd"),
    "one in a key": (r'{"\udc00":1}', {"\ufffd": 1}),
    "one in an array": (r'["a\uD800b", 1]', ["a\ufffdb", 1]),
    "a pair": (r'"\ud83d\ude00"', "\U0001f600"),
}


@pytest.mark.parametrize(("text", "expected"), SURROGATES.values(), ids=SURROGATES)
def test_lone_surrogates_become_replacement_characters(scan: str, text: str, expected: JSONValue) -> None:
    assert jsontext.loads(text) == expected


def test_null_counts_as_an_empty_object() -> None:
    assert jsontext.loads_object("null") == {}
    assert jsontext.loads_object('{"a":1}') == {"a": 1}


def test_other_kinds_are_no_object() -> None:
    with pytest.raises(jsontext.JSONError, match="expected a JSON object, found an array"):
        jsontext.loads_object("[]")


KINDS: dict[str, JSONValue] = {
    "null": None,
    "a boolean": True,
    "a number": 1,
    "a string": "",
    "an array": [],
    "an object": {},
}


@pytest.mark.parametrize(("name", "value"), KINDS.items(), ids=KINDS)
def test_kinds_have_names(name: str, value: JSONValue) -> None:
    assert jsontext.kind(value) == name


@hypothesis.given(JSON)
def test_what_is_written_reads_the_same(value: JSONValue) -> None:
    assert jsontext.loads(jsontext.dumps(value)) == value


@hypothesis.given(JSON)
def test_compact_text_is_what_json_writes(value: JSONValue) -> None:
    assert jsontext.dumps(value) == json.dumps(value, separators=(",", ":"), ensure_ascii=False)


@hypothesis.given(value=JSON, sort=strategies.booleans())
def test_indented_text_is_what_json_writes(*, value: JSONValue, sort: bool) -> None:
    assert jsontext.dumps(value, indent=4, sort=sort) == json.dumps(value, indent=4, sort_keys=sort, ensure_ascii=False)


@hypothesis.given(JSON)
def test_the_public_codec_reads_and_quotes_like_the_private_one(value: JSONValue) -> None:
    scan, quote = jsontext.public_codec()
    text = jsontext.dumps(value)

    assert scan(text, 0) == (value, len(text))
    if isinstance(value, str):
        assert quote(value) == text


@hypothesis.given(strategies.text() | strategies.binary())
def test_any_text_is_a_document_or_a_json_error(text: str | bytes) -> None:
    _read(text)


@hypothesis.given(strategies.text(alphabet='{}[]",:\\u0019dDeE.-+ntfNI \n'))
def test_any_text_that_looks_like_json_is_read_as_json_reads_it(text: str) -> None:
    try:
        expected = json.loads(text, parse_constant=_no_constant)
    except ValueError:
        expected = ValueError
    found = _read(text)
    if found is not ValueError and "\\u" not in text:
        assert found == expected
    assert (found is ValueError) == (expected is ValueError) or "E" in text.upper()  # 1e999


def _no_constant(name: str) -> JSONValue:
    raise ValueError(name)


def _read(text: str | bytes) -> JSONValue | type[ValueError]:
    try:
        return jsontext.loads(text)
    except jsontext.JSONError:
        return ValueError


def test_html_characters_are_escaped_when_asked() -> None:
    assert jsontext.dumps({"<": "a&b>"}, html_safe=True) == r'{"\u003c":"a\u0026b\u003e"}'
    assert jsontext.dumps("<") == '"<"'


@pytest.mark.parametrize("attribute", ["make_scanner", "encode_basestring"])
def test_the_public_codec_steps_in_when_the_private_one_is_not_as_expected(
    monkeypatch: pytest.MonkeyPatch, attribute: str
) -> None:
    import _json

    monkeypatch.delattr(_json, attribute)

    scan, _ = jsontext._codec()

    assert isinstance(getattr(scan, "__self__", None), json.JSONDecoder)


def test_the_public_codec_steps_in_when_the_private_one_answers_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    import _json

    monkeypatch.setitem(_json.__dict__, "encode_basestring", lambda text: f"<{text}>")

    scan, _ = jsontext._codec()

    assert isinstance(getattr(scan, "__self__", None), json.JSONDecoder)


def test_a_reason_is_given_even_when_the_public_codec_finds_none() -> None:
    assert str(jsontext._located("1", 0)) == "invalid JSON"


def test_input_that_exhausts_the_scanner_in_another_way_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def scan(_text: str, _index: int) -> tuple[JSONValue, int]:
        raise RecursionError

    monkeypatch.setitem(jsontext.__dict__, "_scan", scan)

    with pytest.raises(jsontext.JSONError, match="nested too deeply"):
        jsontext.loads("[]")


@pytest.mark.parametrize(("text", "line"), [("{\n\n x}", 3), ("[1]\n\n2", 3), ('{"a":\n', 2), ("[" * 100_000, 0)])
def test_an_error_knows_its_line(text: str, line: int) -> None:
    with pytest.raises(jsontext.JSONError) as caught:
        jsontext.loads(text)

    assert caught.value.line == line
