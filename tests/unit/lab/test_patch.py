"""The patch formats, by the examples of their specifications and of Kubernetes."""

from __future__ import annotations

import pytest

from multus_py.lab import patch
from multus_py.lab.objects import JSON


@pytest.mark.parametrize(
    ("target", "change", "expected"),
    [
        # RFC 7396, appendix A
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_a_merge_patch_does_what_rfc_7396_says(target: JSON, change: JSON, expected: JSON) -> None:
    assert patch.merge(target, change) == expected


@pytest.mark.parametrize(
    ("target", "operations", "expected"),
    [
        ({"foo": "bar"}, [{"op": "add", "path": "/baz", "value": "qux"}], {"baz": "qux", "foo": "bar"}),
        ({"foo": ["bar", "baz"]}, [{"op": "add", "path": "/foo/1", "value": "qux"}], {"foo": ["bar", "qux", "baz"]}),
        ({"foo": ["bar"]}, [{"op": "add", "path": "/foo/-", "value": ["abc"]}], {"foo": ["bar", ["abc"]]}),
        ({"baz": "qux", "foo": "bar"}, [{"op": "remove", "path": "/baz"}], {"foo": "bar"}),
        ({"foo": ["bar", "qux", "baz"]}, [{"op": "remove", "path": "/foo/1"}], {"foo": ["bar", "baz"]}),
        ({"foo": ["bar"]}, [{"op": "replace", "path": "/foo/0", "value": 1}], {"foo": [1]}),
        ({"a": {"b": 1}, "c": {}}, [{"op": "move", "from": "/a/b", "path": "/c/d"}], {"a": {}, "c": {"d": 1}}),
        ({"a": [1]}, [{"op": "copy", "from": "/a", "path": "/b"}], {"a": [1], "b": [1]}),
        ({"a": 1}, [{"op": "test", "path": "/a", "value": 1}], {"a": 1}),
        ({"a/b": 1, "m~n": 2}, [{"op": "remove", "path": "/a~1b"}, {"op": "remove", "path": "/m~0n"}], {}),
        ({"a": 1}, [{"op": "replace", "path": "", "value": {"b": 2}}], {"b": 2}),
    ],
)
def test_a_json_patch_does_what_rfc_6902_says(target: JSON, operations: JSON, expected: JSON) -> None:
    assert patch.json_patch(target, operations) == expected


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "remove", "path": "/missing"},
        {"op": "replace", "path": "/missing", "value": 1},
        {"op": "add", "path": "/missing/inner", "value": 1},
        {"op": "add", "path": "/list/2", "value": 1},
        {"op": "add", "path": "/list/one", "value": 1},
        {"op": "add", "path": "/text/0", "value": 1},
        {"op": "remove", "path": "/list/1"},
        {"op": "test", "path": "/text", "value": "other"},
    ],
)
def test_a_json_patch_that_does_not_fit_the_object_is_an_error(operation: JSON) -> None:
    with pytest.raises(patch.PatchError):
        patch.json_patch({"list": [1], "text": "x"}, [operation])


@pytest.mark.parametrize(
    "operations",
    [
        {"op": "remove", "path": "/a"},
        ["remove"],
        [{"op": "increase", "path": "/a"}],
        [{"op": "remove"}],
        [{"op": "remove", "path": "a"}],
        [{"op": "add", "path": "/b"}],
    ],
)
def test_what_is_no_json_patch_is_malformed(operations: JSON) -> None:
    with pytest.raises(patch.MalformedPatchError):
        patch.json_patch({"a": 1}, operations)


@pytest.mark.parametrize(
    ("target", "change", "expected"),
    [
        pytest.param(
            {"conditions": [{"type": "Ready", "status": "False"}, {"type": "Initialized", "status": "True"}]},
            {"conditions": [{"type": "Ready", "status": "True"}]},
            {"conditions": [{"type": "Ready", "status": "True"}, {"type": "Initialized", "status": "True"}]},
            id="elements with the same key are merged",
        ),
        pytest.param(
            {"containers": [{"name": "a"}]},
            {"containers": [{"name": "b"}]},
            {"containers": [{"name": "a"}, {"name": "b"}]},
            id="a new key is appended",
        ),
        pytest.param(
            {"containers": [{"name": "a"}, {"name": "b"}]},
            {"containers": [{"name": "a", "$patch": "delete"}]},
            {"containers": [{"name": "b"}]},
            id="an element can be deleted",
        ),
        pytest.param(
            {"containers": [{"name": "a"}, {"name": "b"}]},
            {"containers": [{"$patch": "replace"}, {"name": "c"}]},
            {"containers": [{"name": "c"}]},
            id="a list can be replaced",
        ),
        pytest.param({"args": ["a"]}, {"args": ["b"]}, {"args": ["b"]}, id="a list without key is replaced"),
        pytest.param({"a": {"b": 1, "c": 2}}, {"a": {"b": None}}, {"a": {"c": 2}}, id="null deletes"),
        pytest.param(
            {"a": {"b": 1}}, {"a": {"$patch": "replace", "c": 2}}, {"a": {"c": 2}}, id="a map can be replaced"
        ),
        pytest.param({}, {"$setElementOrder/containers": [{"name": "a"}]}, {}, id="other directives are dropped"),
    ],
)
def test_a_strategic_merge_patch_knows_the_lists_of_a_pod(target: JSON, change: JSON, expected: JSON) -> None:
    assert patch.strategic(target, change) == expected


def test_an_element_without_its_merge_key_is_malformed() -> None:
    with pytest.raises(patch.MalformedPatchError, match="type"):
        patch.strategic({}, {"conditions": [{"status": "True"}]})


@pytest.mark.parametrize("apply", [patch.merge, patch.strategic])
def test_a_patch_does_not_change_the_object_that_it_is_applied_to(apply: patch.Patch) -> None:
    target: JSON = {"metadata": {"annotations": {"a": "1"}}, "conditions": [{"type": "Ready", "status": "False"}]}
    change: JSON = {"metadata": {"annotations": {"a": "2"}}, "conditions": [{"type": "Ready", "status": "True"}]}
    apply(target, change)
    assert target == {"metadata": {"annotations": {"a": "1"}}, "conditions": [{"type": "Ready", "status": "False"}]}
