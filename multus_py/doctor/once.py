"""A property that is worked out once, with what it raises: a server that does not answer is waited for once.

While one thread works it out, no other one begins: it would hang as the first one does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar, overload

from multus_py.doctor.check import BlockedError, SkippedError

Owner = TypeVar("Owner")
T = TypeVar("T")


class once(Generic[Owner, T]):  # noqa: N801 - used like property
    """Decorates a method without arguments."""

    def __init__(self, work: Callable[[Owner], T]) -> None:
        """Take the method."""
        self._work = work
        self.__doc__ = work.__doc__
        self._name = ""

    def __set_name__(self, owner: type[Owner], name: str) -> None:
        self._name = name

    @overload
    def __get__(self, owner: None, type: type[Owner]) -> once[Owner, T]: ...
    @overload
    def __get__(self, owner: Owner, type: type[Owner]) -> T: ...
    def __get__(self, owner: Owner | None, type: type[Owner]) -> once[Owner, T] | T:
        if owner is None:
            return self
        outcomes: dict[str, tuple[T | None, Exception | None]] = owner.__dict__.setdefault("_once", {})
        if self._name not in outcomes:
            outcomes[self._name] = (None, SkippedError("a check that was left behind still waits for it"))
            try:
                outcomes[self._name] = self._outcome(owner)
            except BaseException:
                del outcomes[self._name]
                raise
        value, failure = outcomes[self._name]
        if failure is not None:
            raise failure.with_traceback(None)
        return value  # type: ignore[return-value]  # None only where T has it

    def _outcome(self, owner: Owner) -> tuple[T | None, Exception | None]:
        try:
            return self._work(owner), None
        except (BlockedError, SkippedError) as failure:
            return None, failure
