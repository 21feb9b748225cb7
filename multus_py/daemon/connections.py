"""Connections to the API server that are kept: for what is not in memory, and for what is to be written.

They are `cluster.direct`'s, so a question through the daemon means, and fails with, what it would without it.
"""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from multus_py.cluster import errors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from multus_py.base.clock import Clock
    from multus_py.cluster.port import Cluster

SPARE = 60.0
"""Seconds that a connection is kept that nobody needs, but for one that always is."""
AGE = 600.0
"""Seconds after which a connection is made anew, with the credentials and the CA as they are by then."""


@dataclass(frozen=True)
class _Kept:
    cluster: Cluster
    made: float
    returned: float = 0.0


class Connections:
    """Connections that are lent out, the last one used first, so that few are kept when little is to be done."""

    def __init__(self, make: Callable[[], Cluster], *, clock: Clock) -> None:
        """Have none yet.

        Args:
            make: Makes one; raises ClusterError.
            clock: Tells how long one was not used.
        """
        self._make = make
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: list[_Kept] = []

    @contextlib.contextmanager
    def borrowed(self) -> Iterator[Cluster]:
        """Lend one out; one through which something failed is not kept, as who we are may have changed.

        Raises:
            ClusterError: None can be made.
        """
        kept = self._take() or _Kept(self._make(), self._clock.monotonic())
        try:
            yield kept.cluster
        except (errors.NotFoundError, errors.ConflictError):
            self._give_back(kept)
            raise
        except BaseException:
            kept.cluster.close()
            raise
        self._give_back(kept)

    def tidy(self) -> None:
        """Close what nobody has needed for a while."""
        now = self._clock.monotonic()
        with self._lock:
            old = [kept for kept in self._kept[:-1] if now - kept.returned >= SPARE]
            self._kept = [kept for kept in self._kept if kept not in old]
        for kept in old:
            kept.cluster.close()

    def close(self) -> None:
        """Close all that are not lent out."""
        with self._lock:
            closing, self._kept = self._kept, []
        for kept in closing:
            kept.cluster.close()

    def _take(self) -> _Kept | None:
        with self._lock:
            kept = self._kept.pop() if self._kept else None
        if kept is not None and self._clock.monotonic() - kept.made >= AGE:
            kept.cluster.close()
            return None
        return kept

    def _give_back(self, kept: _Kept) -> None:
        with self._lock:
            self._kept.append(replace(kept, returned=self._clock.monotonic()))
