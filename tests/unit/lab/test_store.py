"""Objects, versions and history, without HTTP."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from multus_py.lab.apierrors import ApiError
from multus_py.lab.kinds import NAMESPACES, PODS
from multus_py.lab.objects import Object, at, text
from multus_py.lab.store import Key, Selection, Store

POD1 = Key(PODS, "default", "pod1")


@pytest.fixture
def store() -> Store:
    store = Store(now=lambda: datetime(2026, 1, 2, 3, 4, 5, 678, UTC), history=3)
    store.create(PODS, "default", {"metadata": {"name": "pod1"}})
    return store


def seen(store: Store, selection: Selection, since: int) -> list[str]:
    """Return what a watch has to tell by now."""
    return [event.type for event in store.watch(selection, since=since, seconds=0)]


def test_a_new_object_gets_what_the_server_gives(store: Store) -> None:
    pod = store.get(POD1)
    assert text(pod, "metadata", "creationTimestamp") == "2026-01-02T03:04:05Z"
    assert text(pod, "metadata", "resourceVersion") == str(store.version)
    assert (pod["apiVersion"], pod["kind"]) == ("v1", "Pod")


def test_objects_are_told_apart_by_uid_even_under_one_name(store: Store) -> None:
    first = store.delete(POD1)
    second = store.create(PODS, "default", {"metadata": {"name": "pod1"}})
    assert text(first, "metadata", "uid") != text(second, "metadata", "uid")


def test_a_list_is_ordered_by_namespace_and_name(store: Store) -> None:
    store.create(PODS, "kube-system", {"metadata": {"name": "a"}})
    store.create(PODS, "default", {"metadata": {"name": "b"}})
    items, version = store.select(Selection(PODS, ""))
    assert [text(item, "metadata", "name") for item in items] == ["b", "pod1", "a"]
    assert version == store.version


def test_a_watch_sees_only_its_kind_and_namespace(store: Store) -> None:
    since = store.version
    store.create(PODS, "kube-system", {"metadata": {"name": "a"}})
    store.ensure_namespace("new")
    assert seen(store, Selection(PODS, "default"), since) == []
    assert seen(store, Selection(PODS, ""), since) == ["ADDED"]
    assert seen(store, Selection(NAMESPACES, ""), since) == ["ADDED"]


def test_a_deletion_is_told_with_the_version_of_the_deletion(store: Store) -> None:
    since = store.version
    store.delete(POD1)
    (event,) = store.watch(Selection(PODS, ""), since=since, seconds=0)
    assert event.type == "DELETED"
    assert at(event.obj, "metadata", "resourceVersion") == str(store.version)


def test_the_history_is_bounded(store: Store) -> None:
    since = store.version
    for name in ("a", "b", "c"):
        store.create(PODS, "default", {"metadata": {"name": name}})
    assert seen(store, Selection(PODS, ""), since) == ["ADDED"] * 3
    store.create(PODS, "default", {"metadata": {"name": "d"}})
    with pytest.raises(ApiError, match="too old resource version"):
        seen(store, Selection(PODS, ""), since)


def test_an_edit_that_fails_leaves_everything_as_it_was(store: Store) -> None:
    before, version = store.get(POD1), store.version

    def fail(_: Object) -> Object:
        raise LookupError("changed my mind")

    with pytest.raises(LookupError, match="changed my mind"):
        store.change(POD1, fail)
    assert store.get(POD1) == before
    assert store.version == version
