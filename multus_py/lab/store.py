"""The objects of the cluster, their versions, and the history that watches read."""

from __future__ import annotations

import itertools
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from multus_py.lab import apierrors, rules
from multus_py.lab.kinds import NAMESPACES, Kind
from multus_py.lab.objects import Object, text
from multus_py.lab.selectors import Matches

HISTORY = 1000
"""How many changes a watch can look back."""


class Key(NamedTuple):
    """Where an object is; the namespace is empty for objects that are in none."""

    kind: Kind
    namespace: str
    name: str


@dataclass(frozen=True)
class Change:
    """One step of the history; `old` is None for a creation and `new` is None for a deletion."""

    version: int
    key: Key
    old: Object | None
    new: Object | None


@dataclass(frozen=True)
class WatchEvent:
    """One line of a watch: ADDED, MODIFIED or DELETED, and the object; or BOOKMARK, with nothing but a version."""

    type: str
    obj: Object


@dataclass(frozen=True)
class Selection:
    """The objects that a list or a watch is about."""

    kind: Kind
    namespace: str
    """Empty for all namespaces."""
    matches: Matches = lambda _: True

    def __contains__(self, change: tuple[Key, Object | None]) -> bool:
        """Tell whether this object, at this place, is selected."""
        key, obj = change
        return obj is not None and key.kind == self.kind and self.namespace in {"", key.namespace} and self.matches(obj)


class _Marks(NamedTuple):
    """What a watch has seen of the things that happen to watches."""

    interruptions: int
    bookmarks: int | None
    """None for a watch that wants none."""


def utc_now() -> datetime:
    """Return the time that creation timestamps are made of."""
    return datetime.now(UTC)


class Store:
    """All objects behind one lock. What it returns is shared and must not be changed."""

    def __init__(self, *, now: Callable[[], datetime] = utc_now, history: int = HISTORY) -> None:
        """Start with the namespaces `default` and `kube-system`."""
        self._now = now
        self._changed = threading.Condition()
        self._objects: dict[Key, Object] = {}
        self._version = 0
        self._history: deque[Change] = deque()
        self._history_limit = history
        self._forgotten = 0
        self._interruptions = 0
        self._bookmarks = 0
        for name in ("default", "kube-system"):
            self.ensure_namespace(name)

    @property
    def version(self) -> int:
        """Return the version of the newest change."""
        with self._changed:
            return self._version

    def ensure_namespace(self, name: str) -> None:
        """Create the namespace unless it exists."""
        with self._changed:
            if Key(NAMESPACES, "", name) not in self._objects:
                self.create(NAMESPACES, "", {"metadata": {"name": name}, "status": {"phase": "Active"}})

    def create(self, kind: Kind, namespace: str, obj: Object) -> Object:
        """Store a new object and return it as stored.

        Raises:
            ApiError: When it is not acceptable, exists already, or its namespace does not exist.
        """
        uid = str(uuid.uuid4())
        stamp = self._now().strftime("%Y-%m-%dT%H:%M:%SZ")
        made = rules.new(kind, obj, namespace=namespace, birth=rules.Birth(uid, stamp, uid[:5]))
        key = Key(kind, namespace, text(made, "metadata", "name"))
        with self._changed:
            if namespace and Key(NAMESPACES, "", namespace) not in self._objects:
                raise apierrors.not_found(NAMESPACES, namespace)
            if key in self._objects:
                raise apierrors.already_exists(kind, key.name)
            return self._record(key, None, made)

    def get(self, key: Key) -> Object:
        """Return one object.

        Raises:
            ApiError: When there is none.
        """
        with self._changed:
            if key not in self._objects:
                raise apierrors.not_found(key.kind, key.name)
            return self._objects[key]

    def select(self, selection: Selection) -> tuple[list[Object], int]:
        """Return the selected objects, ordered by place, and the version at which that was so."""
        with self._changed:
            found = [(key[1:], obj) for key, obj in self._objects.items() if (key, obj) in selection]
            return [obj for _, obj in sorted(found, key=lambda item: item[0])], self._version

    def change(self, key: Key, edit: Callable[[Object], Object], *, subresource: str = "") -> Object:
        """Put what `edit` makes of an object in its place, in one step, and return it as stored.

        An edit that changes nothing makes no new version, as on a real server.

        Raises:
            ApiError: When there is no such object or the new one is not acceptable.
        """
        with self._changed:
            old = self.get(key)
            made = rules.changed(key.kind, old, edit(old), subresource=subresource)
            return old if made == old else self._record(key, old, made)

    def delete(self, key: Key, check: Callable[[Object], None] = lambda _: None) -> Object:
        """Remove an object at once, after `check` had a look at it, and return its last state.

        A namespace takes everything in it along.

        Raises:
            ApiError: When there is no such object; and what `check` raises.
        """
        with self._changed:
            check(self.get(key))
            if key.kind is NAMESPACES:
                for inner in [inner for inner in self._objects if inner.namespace == key.name]:
                    self._record(inner, self._objects.pop(inner), None)
            return self._record(key, self._objects.pop(key), None)

    def watch(
        self, selection: Selection, *, since: int, seconds: float | None = None, bookmarks: bool = False
    ) -> Iterator[WatchEvent]:
        """Return what happens to the selected objects after version `since` (0: from now on, existing ones first).

        The watch begins with this call, not with the first step of the iterator. It ends after `seconds`, or with the
        next `interrupt_watches`. A step raises ApiError when the history does not reach back to `since`. Bookmarks,
        when they are wanted, come with the next `send_bookmarks`.
        """
        deadline = None if seconds is None else time.monotonic() + seconds
        with self._changed:
            existing: list[Object] = []
            if since == 0:
                existing, since = self.select(selection)
            beginning = (WatchEvent("ADDED", obj) for obj in existing)
            marks = _Marks(self._interruptions, self._bookmarks if bookmarks else None)
            return itertools.chain(beginning, self._follow(selection, since, deadline, marks))

    def forget_history(self) -> None:
        """Compact: watches from any older version are answered 410 from now on."""
        with self._changed:
            self._history.clear()
            self._forgotten = self._version

    def interrupt_watches(self) -> None:
        """End every watch that is running now."""
        with self._changed:
            self._interruptions += 1
            self._changed.notify_all()

    def send_bookmarks(self) -> None:
        """Send a bookmark to every watch that is running now and wants them."""
        with self._changed:
            self._bookmarks += 1
            self._changed.notify_all()

    def _follow(self, selection: Selection, since: int, deadline: float | None, marks: _Marks) -> Iterator[WatchEvent]:
        while True:
            with self._changed:
                while self._version == since and not self._is_marked(marks):
                    patience = None if deadline is None else deadline - time.monotonic()
                    if not self._changed.wait(patience):
                        return
                if self._interruptions != marks.interruptions:
                    return
                if since < self._forgotten:
                    raise apierrors.expired(since, self._forgotten)
                news = [change for change in self._history if change.version > since]
                since = self._version
                asked = marks.bookmarks is not None and self._bookmarks != marks.bookmarks
                if asked:
                    marks = marks._replace(bookmarks=self._bookmarks)
            yield from (event for change in news if (event := _event(selection, change)))
            if asked:
                yield _bookmark(selection.kind, since)

    def _is_marked(self, marks: _Marks) -> bool:
        """Tell whether a watch that knows these marks has something to do although no object has changed."""
        return self._interruptions != marks.interruptions or marks.bookmarks not in {None, self._bookmarks}

    def _record(self, key: Key, old: Object | None, new: Object | None) -> Object:
        self._version += 1
        final = new if new is not None else dict(old or {})
        metadata = final.get("metadata")
        final["metadata"] = {**(metadata if isinstance(metadata, dict) else {}), "resourceVersion": str(self._version)}
        if new is None:
            old = final  # a DELETED event carries the last state, with the version of the deletion
        else:
            self._objects[key] = new
        self._history.append(Change(self._version, key, old, new))
        while len(self._history) > self._history_limit:
            self._forgotten = self._history.popleft().version
        self._changed.notify_all()
        return final


def _event(selection: Selection, change: Change) -> WatchEvent | None:
    """Translate a change to what somebody who sees only the selection would say of it."""
    was, is_now = (change.key, change.old) in selection, (change.key, change.new) in selection
    if change.new is not None and is_now:
        return WatchEvent("MODIFIED" if was else "ADDED", change.new)
    last = change.new or change.old
    return WatchEvent("DELETED", last) if was and last is not None else None


def _bookmark(kind: Kind, version: int) -> WatchEvent:
    metadata: Object = {"resourceVersion": str(version), "creationTimestamp": None}
    return WatchEvent("BOOKMARK", {"kind": kind.name, "apiVersion": kind.api_version, "metadata": metadata})
