"""Keeps a cache as the cluster is: list once, then watch; again and again, whatever happens on the way.

How a list or a watch is asked for is nothing that this module knows, nor what is kept of an object.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from multus_py.base.fields import FieldError, Fields
from multus_py.cluster import errors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from multus_py.base.clock import Clock
    from multus_py.base.jsontext import JSONObject
    from multus_py.daemon.cache import Cache, Kept, Key

GRACE = 5.0
"""Seconds after the last word of the API server for which what is kept counts as what is."""
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
"""Seconds after a failure: doubled with each further one in a row, and never the same as on other nodes."""
STUBBORN = 3
"""Failures in a row after which etcd is asked, since the server may not come to have the version that we know of."""
SHORT = 1.0
"""Seconds: a watch that has ended sooner is as good as a failure, or we would ask without end."""
CACHED, NEWEST = "0", ""
"""Versions to list from: what the API server has in its memory, which costs it little, or what is in etcd by now. Any
other version stands for what it has in memory, if that is not older."""


class ExpiredError(errors.ClusterError):
    """The API server does not remember that version any more (410 Gone): only a new list helps."""


class StoppedError(Exception):
    """Nobody wants to know any more."""


@dataclass(frozen=True, kw_only=True)
class Page:
    """A portion of a list."""

    items: tuple[JSONObject, ...]
    version: str
    """The resourceVersion of the whole list."""
    token: str = ""
    """What the next page is asked for with; "" on the last one."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """One event of a watch."""

    type: str
    """ADDED, MODIFIED, DELETED or BOOKMARK; ERROR never gets here."""
    item: JSONObject


class Source(Protocol):
    """Where the objects are; cluster.Collection is the real one. Everything in it raises ClusterError."""

    def page(self, *, version: str, token: str) -> Page:
        """Return a portion of a list that is no older than the version, the first one without a token.

        Raises:
            ExpiredError: The version, or the rest of the list, is not to be had.
        """

    def watch(self, version: str, *, stopped: Callable[[], bool]) -> Iterator[Change]:
        """Ask for what happens after a version; when this returns, the API server has begun to tell.

        Raises:
            ExpiredError: The version is too old; a step of the iterator may raise it, too.
            StoppedError: A step: somebody has stopped us.
        """


class Stop(Protocol):
    """Whether to stop; a threading.Event is the real one."""

    def is_set(self) -> bool:
        """Tell whether to stop."""

    def wait(self, timeout: float) -> bool:
        """Wait until we shall stop, or the time is over; tell whether to stop."""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How it goes."""

    complete: bool = False
    """Whether there has ever been a whole list."""
    watching: bool = False
    heard: float | None = None
    """When the API server last said something, on the clock that never goes back."""
    lists: int = 0
    watches: int = 0
    failures: int = 0
    trouble: str = ""
    """Why there is no watch just now, for a person; "" when all is well."""


class Follower:
    """Follows one collection."""

    def __init__(
        self,
        source: Source,
        cache: Cache,
        *,
        what: str,
        keep: Callable[[JSONObject], Kept],
        clock: Clock,
        stop: Stop,
        jitter: Callable[[], float],
        spread: float = 0.0,
    ) -> None:
        """Prepare; nothing is asked yet.

        Args:
            source: The objects.
            cache: Where they are kept.
            what: What they are, in the plural, for people.
            keep: Makes of a document what is kept of it; raises ClusterError when that cannot be done.
            clock: Tells how long ago something was.
            stop: Whether to stop.
            jitter: Returns a number from 0 to 1, by chance.
            spread: Up to how many seconds to wait before the first list, so that not all nodes ask at once.
        """
        self._source = source
        self._cache = cache
        self._what = what
        self._keep = keep
        self._clock = clock
        self._stop = stop
        self._jitter = jitter
        self._spread = spread
        self._from = CACHED
        self._version = ""
        self._failed = 0
        self._standing = Standing()

    def get(self, key: Key) -> Kept | None:
        """Return what is kept of an object, None when nothing is."""
        return self._cache.get(key)

    def is_current(self) -> bool:
        """Tell whether what is kept is what is, as far as anybody can know."""
        at = self.standing()
        if not at.complete or at.heard is None:
            return False
        return at.watching or self._clock.monotonic() - at.heard < GRACE

    def standing(self) -> Standing:
        """Return how it goes. It may be asked from any thread."""
        return self._standing

    def run(self) -> None:
        """Follow until somebody stops us."""
        self._stop.wait(self._spread * self._jitter())
        while not self._stop.is_set():
            self._stop.wait(self._round())

    def _round(self) -> float:
        """List if that has to be done, and watch until the watch ends; return how long to pause then."""
        began: float | None = None
        try:
            if not self._version:
                self._list()
            changes = self._source.watch(self._version, stopped=self._stop.is_set)
            began = self._clock.monotonic()
            watches = self._standing.watches + 1
            self._standing = replace(self._standing, watching=True, heard=began, watches=watches, trouble="")
            for change in changes:
                self._apply(change)
                self._standing = replace(self._standing, heard=self._clock.monotonic())
        except StoppedError:
            return 0.0
        except ExpiredError as error:
            self._look_back(listing=not self._version)
            return self._failure(f"{self._what}: the history was too short, listing again: {error}", began)
        except errors.ClusterError as error:
            return self._failure(f"{self._what}: {error}", began)
        except Exception as error:  # noqa: BLE001 - a fault of ours must not end it: without us everybody asks live
            self._version = ""
            return self._failure(f"{self._what}: {type(error).__name__}: {error}: please report it", began)
        return self._ended(began)

    def _look_back(self, *, listing: bool) -> None:
        """Choose what to list from, since the history is too short for a watch or a list.

        All nodes come to this at the same time when an API server starts anew, so they ask for what it has in memory;
        etcd is asked when it has not got that. The server answers, so there is no reason to wait for long.
        """
        if self._from == CACHED:
            self._failed = 0
        self._from = NEWEST if listing else self._version
        self._version = ""

    def _list(self) -> None:
        objects: dict[Key, Kept] = {}
        token = version = ""
        while True:
            page = self._source.page(version="" if token else self._from, token=token)
            version = version or page.version
            for item in page.items:
                self._take(objects, item)
            token = page.token
            if not token:
                break
        self._cache.fill(objects)
        self._version = version
        lists = self._standing.lists + 1
        self._standing = replace(self._standing, complete=True, heard=self._clock.monotonic(), lists=lists)

    def _take(self, objects: dict[Key, Kept], item: JSONObject) -> None:
        try:
            objects[_key(item)] = self._keep(item)
        except errors.ClusterError:
            pass  # whoever wants it asks live, and is told what is wrong with it

    def _apply(self, change: Change) -> None:
        if change.type != "BOOKMARK":
            found: dict[Key, Kept] = {}
            if change.type in {"ADDED", "MODIFIED"}:
                self._take(found, change.item)
            key = _key(change.item)
            if key in found:
                self._cache.put(key, found[key])
            else:
                self._cache.drop(key)
        self._version = _metadata(change.item).text("resourceVersion") or self._version

    def _ended(self, began: float | None) -> float:
        """Note that a watch has ended as they all do after some minutes; return how long to pause."""
        self._standing = replace(self._standing, watching=False)
        if self._has_lasted(began):
            self._failed = 0
            return 0.0
        self._failed += 1
        return self._pause()

    def _failure(self, trouble: str, began: float | None) -> float:
        """Note a failure; return how long to pause."""
        self._failed = 1 if self._has_lasted(began) else self._failed + 1
        if self._failed >= STUBBORN and not self._version and self._from != CACHED:
            self._from = NEWEST
        failures = self._standing.failures + 1
        self._standing = replace(self._standing, watching=False, failures=failures, trouble=trouble)
        return self._pause()

    def _has_lasted(self, began: float | None) -> bool:
        """Tell whether there was a watch to speak of."""
        lasted = began is not None and self._clock.monotonic() - began >= SHORT
        if lasted and self._version:
            self._from = CACHED
        return lasted

    def _pause(self) -> float:
        return min(FIRST_PAUSE * 2.0 ** min(self._failed - 1, 10), LONGEST_PAUSE) * (0.5 + self._jitter())


def _key(item: JSONObject) -> Key:
    metadata = _metadata(item)
    return metadata.text("namespace"), metadata.text("name")


def _metadata(item: JSONObject) -> Fields:
    """Return an object's metadata. Raises ClusterError."""
    try:
        metadata = Fields(item, "", folded=False).fields("metadata")
        metadata.text("namespace"), metadata.text("name"), metadata.text("resourceVersion")
        return metadata
    except FieldError as error:
        raise errors.ClusterError(f"the cluster's answer is no object: {error}") from error
