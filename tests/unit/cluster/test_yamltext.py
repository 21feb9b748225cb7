"""YAML as JSON values: what is taken, what is not, and that no text costs more than its size."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from multus_py.base import jsontext
from multus_py.cluster import yamltext
from multus_py.validate import yamlplaces

MANIFEST = Path(__file__).parents[3] / "conf" / "multus.yaml"
MEANINGS = {
    "a date": ("a: 2001-12-14", {"a": "2001-12-14"}),
    "a time": ("a: 12:30:45", {"a": "12:30:45"}),
    "a number that JSON has not": ("a: .inf", {"a": ".inf"}),
    "a number without digits": ("a: 0b", {"a": "0b"}),
    "a number of many digits": ("a: 0x" + "f" * 5000, {"a": "0x" + "f" * 5000}),
    "bytes": ("a: !!binary aGk=", {"a": "aGk="}),
    "a set": ("!!set {a, b}", {"a": None, "b": None}),
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
    "nothing": ("# a comment", None),
}


@pytest.mark.parametrize(("text", "meaning"), MEANINGS.values(), ids=list(MEANINGS))
def test_what_yaml_says_is_what_json_can_say(text: str, meaning: object) -> None:
    found = yamltext.loads(text.encode())
    assert found == meaning
    assert json.loads(jsontext.dumps(found)) == meaning


@pytest.mark.parametrize(("text", "meaning"), MEANINGS.values(), ids=list(MEANINGS))
def test_with_its_places_it_means_the_same(text: str, meaning: object) -> None:
    assert [parsed.value for parsed in yamlplaces.documents(text)] in ([meaning], [])


SCALARS = ["1", "1.5", "0x10", "true", "yes", "null", "~", "'1'", "!!str 1", '"a\\nb"', "text", "1e3", "'-'"]


@pytest.mark.parametrize("scalar", SCALARS)
def test_scalars_mean_what_the_library_says(scalar: str) -> None:
    assert yamltext.documents(f"a: {scalar}\n") == [{"a": yaml.safe_load(scalar)}]


def test_our_own_manifest_is_what_the_library_makes_of_it() -> None:
    assert yamltext.documents(MANIFEST.read_text()) == list(yaml.safe_load_all(MANIFEST.read_text()))


TENFOLD = "\n".join(["a0: &a0 [x]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10))])
MERGED = "\n".join(
    ["a0: &a0 {x: 1}", *(f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 10)}]}}" for n in range(1, 10))]
)
REFUSED = {
    "aliases of aliases": (TENFOLD, "it has more than 200000 values, once its aliases are written out"),
    "merges of merges": (MERGED, "it has more than 200000 values, once its aliases are written out"),
    "a list that holds itself": ("a: &a [*a]", "it is nested more than 100 levels deep"),
    "a mapping that is merged into itself": ("a: &a {<<: *a}", "it is nested more than 100 levels deep"),
    "a mapping for a key": ("a: 1\n? {b: c}\n: 1", "a key at line 2 is no text"),
    "a tag of somebody's": ("a:\n- !secret b", "a tag at line 2 is not known"),
    "a tag that makes objects": ("!!python/name:os.system secret", "a tag at line 1 is not known"),
    "two documents": ("a: 1\n---\nb: 2", "2 YAML documents instead of one"),
    "no YAML": ("a: b: secret", "not YAML at line 1"),
    "a character that may not be": ("a\0secret", "not YAML"),
    "levels without end": ("- " * 5000, "not YAML: it is nested too deeply"),
}


@pytest.mark.parametrize(("text", "reason"), REFUSED.values(), ids=list(REFUSED))
def test_what_is_not_taken_is_refused_without_being_quoted(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=r"^not JSON \(") as caught:
        yamltext.loads(text.encode())
    assert str(caught.value).endswith(f"), and {reason}")
    assert "secret" not in str(caught.value)


def test_a_number_that_is_not_written_as_one_is_a_text() -> None:
    assert yamltext.scalar("tag:yaml.org,2002:int", "secret") == "secret"
