"""Connections to the API server that are kept: for what is not in memory, and for what is to be written.

They are `cluster.direct`'s, so a question through the daemon means, and fails with, what it would without it.
"""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from multus_py.cluster import errors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from multus_py.base.clock import Clock
    from multus_py.cluster.port import Cluster

SPARE = 60.0
"""Seconds that a connection is kept that nobody needs, but for one that always is."""


@dataclass(frozen=True)
class _Kept:
    cluster: Cluster
    since: float


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
        with self._lock:
            cluster = self._kept.pop().cluster if self._kept else None
        cluster = cluster or self._make()
        try:
            yield cluster
        except (errors.NotFoundError, errors.ConflictError):
            self._give_back(cluster)
            raise
        except BaseException:
            cluster.close()
            raise
        self._give_back(cluster)

    def tidy(self) -> None:
        """Close what nobody has needed for a while."""
        now = self._clock.monotonic()
        with self._lock:
            old = [kept for kept in self._kept[:-1] if now - kept.since >= SPARE]
            self._kept = [kept for kept in self._kept if kept not in old]
        for kept in old:
            kept.cluster.close()

    def close(self) -> None:
        """Close all that are not lent out."""
        with self._lock:
            kept, self._kept = self._kept, []
        for each in kept:
            each.cluster.close()

    def _give_back(self, cluster: Cluster) -> None:
        with self._lock:
            self._kept.append(_Kept(cluster, self._clock.monotonic()))
