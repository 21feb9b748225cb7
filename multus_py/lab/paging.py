"""Lists in portions: a continue token stands for the rest of a list, as it was when its first page was read."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Sequence
from dataclasses import dataclass

from multus_py.lab import apierrors
from multus_py.lab.objects import Object

_KEPT = 100  # lists that may be on their way at once; a client that never comes back for the rest costs no more


@dataclass(frozen=True)
class Page:
    """One portion of a list."""

    items: Sequence[Object]
    version: int
    """The version at which the whole list was so."""
    token: str = ""
    """What the next page is asked for with; empty on the last one."""
    remaining: int = 0


class Pages:
    """The lists that are on their way."""

    def __init__(self) -> None:
        """Start with none."""
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._rests: dict[str, Page] = {}

    def first(self, items: Sequence[Object], version: int, *, limit: int) -> Page:
        """Return the first page of a list; 0 means no limit."""
        return self._cut(Page(items, version), limit)

    def next(self, token: str, *, limit: int) -> Page:
        """Return the page that a token stands for; the same one again when it is asked for again.

        Raises:
            ApiError: The list is not remembered any more.
        """
        with self._lock:
            if token not in self._rests:
                raise apierrors.page_expired()
            rest = self._rests[token]
        return self._cut(rest, limit)

    def forget(self) -> None:
        """Forget all lists: their tokens are answered 410 from now on."""
        with self._lock:
            self._rests.clear()

    def _cut(self, whole: Page, limit: int) -> Page:
        if not 0 < limit < len(whole.items):
            return Page(whole.items, whole.version)
        rest = Page(whole.items[limit:], whole.version)
        with self._lock:
            token = f"{whole.version}-{next(self._numbers)}"
            self._rests[token] = rest
            for oldest in list(self._rests)[:-_KEPT]:
                del self._rests[oldest]
        return Page(whole.items[:limit], whole.version, token, len(rest.items))
