"""Files as they come: huge, hostile, half of one. Findings come of it, never an exception."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from multus_py.validate import checking, reading
from tests.unit.hostconfig.test_validation import anything

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONValue

BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)

HOSTILE: dict[str, tuple[bytes, str]] = {
    "not UTF-8": (b"kind: Pod\nname: \xff\n", "not-utf8"),
    "UTF-16": ("kind: Pod".encode("utf-16"), "not-utf8"),
    "too large": (b"# " + b"x" * reading.LARGEST, "file-too-large"),
    "too many values": (b"[" + b"0," * 300_000 + b"0]", "too-many-values"),
    "a billion laughs": (BOMB.encode(), "too-many-values"),
    "an alias within itself": (b"a: &a [*a]\n", "not-yaml"),
    "deep JSON": (b"[" * 100_000, "too-deep"),
    "deep YAML": (b"- " * 5000 + b"x", "too-deep"),
    "deep flow": (b"a: " + b"{b: " * 500, "too-deep"),
    "a NUL": (b"kind: \x00", "not-yaml"),
    "an escape beyond all characters": (b'a: "\\Uffffffff"', "not-yaml"),
    "a number of many digits": (b"- " + b"9" * 10_000, "unrecognised"),
    "a number of many hexadecimal digits": (b"kind: Pod\nmetadata: {name: 0x" + b"f" * 5_000 + b"}", "invalid-name"),
    "half a character": (b'kind: Pod\nmetadata: {name: "\\ud800"}', "invalid-name"),
    "a merge of no mapping": (b"<<: 5\nkind: A\n", ""),
}


@pytest.mark.parametrize(("data", "id"), HOSTILE.values(), ids=list(HOSTILE))
def test_hostile_files_are_findings(data: bytes, id: str) -> None:
    assert {finding.id for finding in checking.validate([("a.yaml", data)])} <= {id}


def test_what_comes_before_the_mistake_is_checked_all_the_same() -> None:
    found = checking.validate([("a.yaml", b"kind: NetworkAttachmentDefinitions\n---\n- a\nb: c\n")])
    assert [finding.id for finding in found] == ["unknown-kind", "not-yaml"]


@settings(max_examples=100)
@given(st.binary(max_size=60) | st.text(alphabet="{}[]:,-&*!|>'\"%@#?<\n\t ab1.", max_size=60).map(str.encode))
def test_any_bytes_are_judged(data: bytes) -> None:
    for name in ("a.yaml", "a.conf"):
        assert isinstance(checking.validate([(name, data)]), list)


@settings(max_examples=100)
@given(st.dictionaries(st.text(max_size=5), anything, max_size=3))
def test_any_object_is_judged_whatever_it_says_it_is(content: dict[str, object]) -> None:
    for kind in ({"kind": "NetworkAttachmentDefinition"}, {"kind": "Pod"}, {"kind": "ConfigMap"}, {"type": "multus"}):
        assert isinstance(checking.validate([("a.json", json.dumps({**content, **kind}).encode())]), list)


KEYS = ["name", "type", "plugins", "ipam", "subnet", "ranges", "capabilities", "disableGC", "cniVersion", "metadata"]
KEYS += ["annotations", "namespace", "spec", "config", "data", "addresses", "routes", "exclude", "range", "delegates"]


@settings(max_examples=100)
@given(
    st.recursive(
        anything | st.sampled_from(["host-local", "whereabouts", "static", "bridge", "multus", "192.0.2.0/24"]),
        lambda inner: st.dictionaries(st.sampled_from(KEYS), inner, max_size=4) | st.lists(inner, max_size=2),
        max_leaves=12,
    )
)
def test_known_keys_with_any_values_are_judged(content: JSONValue) -> None:
    definition = {"kind": "NetworkAttachmentDefinition", "metadata": content, "spec": {"config": json.dumps(content)}}
    pod = {"kind": "Pod", "metadata": {"annotations": {"k8s.v1.cni.cncf.io/networks": json.dumps(content)}}}
    configuration = {"type": "multus", "delegates": content, "clusterNetwork": "net"}
    files = [
        ("a.json", json.dumps({"kind": "List", "items": [content, definition, pod]})),
        ("b.conf", json.dumps(content)),
    ]
    files += [("c.conf", json.dumps(configuration))]
    assert isinstance(checking.validate([(name, text.encode()) for name, text in files]), list)


STYLES = {
    "below a bar": ("config: |\n  {\n    'a': 1,\n    'b': 2\n  }\n", [2, 3, 4, 5, 5]),
    "below a bar, after blank lines": ("config: |\n\n  {\n  'b': 2}\n", [1, 3, 4, 4]),
    "folded": ("config: >\n  {'a': 1,\n    'b':\n    2}\n", [2, 3, 4, 4]),
    "in quotes, over two lines": ('config: "{\\"a\\": 1,\n  \\"b\\": 2}"\n', [1]),
    "escaped": ('config: "{\\n\\"a\\": 1}"\n', [1, 1]),
}


@pytest.mark.parametrize(("text", "lines"), STYLES.values(), ids=list(STYLES))
def test_lines_of_a_text_are_found_however_it_is_written(text: str, lines: list[int]) -> None:
    text = text.replace("'", '"') if "|" in text or ">" in text else text
    (document,), _ = reading.read("a.yaml", text.encode())
    config = document.get(("config",))
    assert isinstance(config, str)
    assert list(document.lines_of(("config",), config)) == lines


@given(anything)
def test_every_value_of_a_json_text_has_its_place(value: object) -> None:
    text = json.dumps({"top": value}, indent=1)
    documents, _ = reading.read("a.json", text.encode())
    lines = text.split("\n")

    def walk(part: object, path: tuple[str | int, ...]) -> None:
        line = lines[documents[0].line(path) - 1]
        assert not path or isinstance(path[-1], int) or json.dumps(path[-1]).lower() in line.lower()
        for key, inner in part.items() if isinstance(part, dict) else enumerate(part if isinstance(part, list) else ()):
            walk(inner, (*path, key))

    walk({"top": value}, ())
