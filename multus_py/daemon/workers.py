"""Threads for what has to wait for the API server. There are few, made when they are needed, and no more than that."""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Workers:
    """Does what it is given, in order, several things at a time. What is given must not raise."""

    def __init__(self, *, name: str, threads: int) -> None:
        """Have no thread yet.

        Args:
            name: What the threads are called.
            threads: How many there may be.
        """
        self._name = name
        self._most = threads
        self._lock = threading.Lock()
        self._idle = 0
        self._threads = 0
        self._work: queue.SimpleQueue[Callable[[], object] | None] = queue.SimpleQueue()

    def do(self, work: Callable[[], object]) -> None:
        """Have something done as soon as a thread is free."""
        with self._lock:
            if self._idle > self._work.qsize() or self._threads >= self._most:
                self._work.put(work)
                return
            self._threads += 1
            number = self._threads
        self._work.put(work)
        # They do not keep the process from ending: each is at something that nobody waits for then.
        threading.Thread(target=self._run, name=f"{self._name}-{number}", daemon=True).start()

    def waiting(self) -> int:
        """Return how much has not been begun."""
        return self._work.qsize()

    def close(self) -> None:
        """End the threads, once they have done what was given before."""
        for _ in range(self._threads):
            self._work.put(None)

    def _run(self) -> None:
        while True:
            with self._lock:
                self._idle += 1
            work = self._work.get()
            with self._lock:
                self._idle -= 1
            if work is None:
                return
            work()
