"""Label and field selectors."""

from __future__ import annotations

import pytest

from multus_py.lab import selectors
from multus_py.lab.apierrors import ApiError
from multus_py.lab.kinds import NADS, PODS
from multus_py.lab.objects import Object

POD: Object = {
    "metadata": {"name": "pod1", "namespace": "default", "labels": {"app": "web", "k8s.io/tier": "front"}},
    "spec": {"nodeName": "node1"},
}


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("", True),
        ("app=web", True),
        ("app==web", True),
        ("app = web , k8s.io/tier=front", True),
        ("app=db", False),
        ("app!=db", True),
        ("app!=web", False),
        ("zone!=a", True),
        ("app=web,zone=a", False),
        ("app", True),
        ("zone", False),
        ("!zone", True),
        ("!app", False),
    ],
)
def test_labels_are_selected_by_equality_and_existence(selector: str, *, expected: bool) -> None:
    assert selectors.by_labels(selector)(POD) is expected


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("", True),
        ("metadata.name=pod1", True),
        ("metadata.name=pod2", False),
        ("metadata.namespace!=default", False),
        ("spec.nodeName=node1,metadata.name=pod1", True),
        ("spec.nodeName=", False),
        ("status.phase=", True),
        ("status.phase!=Running", True),
    ],
)
def test_fields_are_selected_by_equality(selector: str, *, expected: bool) -> None:
    assert selectors.by_fields(PODS, selector)(POD) is expected


def test_a_field_that_the_kind_does_not_offer_is_refused() -> None:
    with pytest.raises(ApiError, match=r"field label not supported: spec\.nodeName"):
        selectors.by_fields(NADS, "spec.nodeName=node1")


@pytest.mark.parametrize("selector", ["app in (web)", "a=b=c", "=web", "!app=web"])
def test_a_selector_that_is_not_understood_is_refused(selector: str) -> None:
    with pytest.raises(ApiError) as caught:
        selectors.by_labels(selector)
    assert caught.value.code == 400


def test_a_field_selector_needs_a_value() -> None:
    with pytest.raises(ApiError, match="invalid field selector"):
        selectors.by_fields(PODS, "metadata.name")
