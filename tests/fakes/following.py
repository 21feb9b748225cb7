"""A collection of objects whose answers are a script, and a wish to stop: for tests of what follows a cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from multus_py.daemon.following import Change, Page, StoppedError
from tests.fakes.clock import FakeClock

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONObject

Step: TypeAlias = Change | Exception | float
"""What a watch does next: tell of a change, fail, or be silent for some seconds."""


T = TypeVar("T")


def item(name: str, *, uid: str = "", version: str = "", **annotations: str) -> JSONObject:
    """Return a pod's document."""
    found: JSONObject = {"namespace": "default", "name": name, "uid": uid or f"uid-{name}"}
    if version:
        found["resourceVersion"] = version
    return {"metadata": {**found, "annotations": {**annotations}}}


class FakeSource:
    """Lists and watches, one after the other as the test has them; then somebody stops the follower."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.lists: list[Page | Exception] = []
        self.watches: list[list[Step] | Exception] = []
        self.asked: list[tuple[str, ...]] = []
        self.stopped = False
        self.at_step: Callable[[], object] = lambda: None
        """Called after each step of a watch."""

    def page(self, *, version: str, token: str) -> Page:
        self.asked.append(("list", version, token) if token else ("list", version))
        if not self.lists:
            self.stopped = True
            return Page(items=(), version="0")
        return _come_to(self.lists.pop(0))

    def watch(self, version: str, *, stopped: Callable[[], bool]) -> Iterator[Change]:
        self.asked.append(("watch", version))
        return self._steps(_come_to(self.watches.pop(0)) if self.watches else None)

    def _steps(self, steps: list[Step] | None) -> Iterator[Change]:
        if steps is None:
            self.stopped = True
            raise StoppedError
        for step in steps:
            if isinstance(step, float):
                self._clock.advance(step)
            elif isinstance(step, Exception):
                raise step
            else:
                yield step
            self.at_step()

    def is_set(self) -> bool:
        return self.stopped

    def wait(self, timeout: float) -> bool:
        """Wait on the fake clock: the source is its follower's wish to stop, too."""
        if timeout and not self.stopped:
            self._clock.sleep(timeout)
        return self.stopped


def _come_to(found: T | Exception) -> T:
    if isinstance(found, Exception):
        raise found
    return found
