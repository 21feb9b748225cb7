"""What is worked out is worked out once, be it a value or the reason that there is none."""

from __future__ import annotations

import threading

import pytest

from multus_py.doctor.check import BlockedError, SkippedError
from multus_py.doctor.once import once


class Desk:
    """Counts how often it is asked."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.asked = 0
        self.failure = failure

    @once
    def answer(self) -> int:
        """The answer."""
        self.asked += 1
        if self.failure:
            raise self.failure
        return 42


def test_a_value_is_remembered_for_each_object() -> None:
    desk, other = Desk(), Desk()
    assert (desk.answer, desk.answer, other.answer) == (42, 42, 42)
    assert (desk.asked, other.asked) == (1, 1)


@pytest.mark.parametrize("failure", [BlockedError("check", "no"), SkippedError("no")], ids=["blocked", "skipped"])
def test_a_reason_is_remembered_too(failure: Exception) -> None:
    desk = Desk(failure)
    for _ in range(2):
        with pytest.raises(type(failure), match="no"):
            desk.answer  # noqa: B018 - it raises
    assert desk.asked == 1


def test_what_another_thread_waits_for_is_not_waited_for_again() -> None:
    begun, release = threading.Event(), threading.Event()

    class Hanging:
        @once
        def answer(self) -> int:
            """The answer, some time."""
            begun.set()
            release.wait()
            return 42

    hanging = Hanging()
    thread = threading.Thread(target=lambda: hanging.answer)
    thread.start()
    begun.wait()
    with pytest.raises(SkippedError, match="left behind"):
        hanging.answer  # noqa: B018 - it raises
    release.set()
    thread.join()
    assert hanging.answer == 42


def test_a_fault_of_ours_is_not() -> None:
    desk = Desk(ValueError("oops"))
    for _ in range(2):
        with pytest.raises(ValueError, match="oops"):
            desk.answer  # noqa: B018 - it raises
    assert desk.asked == 2
