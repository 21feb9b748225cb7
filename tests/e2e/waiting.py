"""Waiting for what others do, with a limit, and a word now and then on what is being waited for."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
_PATIENCE = 10
"""Seconds without a word."""
given_up = False
"""Whether the run is being ended: then there is no waiting for what has not happened yet."""


class TooLateError(AssertionError):
    """What was waited for did not happen."""


def wait_for(ask: Callable[[], T], what: str, *, timeout: float = 60, found: Callable[[], object] | None = None) -> T:
    """Ask until the answer is true, and return it.

    Args:
        ask: The question.
        what: What is being waited for, for the person who watches.
        timeout: The limit in seconds.
        found: Asked when time is up: what there is instead.

    Raises:
        TooLateError: Time is up.
    """
    start = word = time.monotonic()
    while not (answer := ask()):
        now = time.monotonic()
        if now - start > timeout or given_up:
            raise TooLateError(f"not within {timeout:.0f}s: {what}" + (f"\nfound: {found()}" if found else ""))
        if now - word > _PATIENCE:
            say(f"waiting since {now - start:.0f}s: {what}")
            word = now
        time.sleep(0.1)
    return answer


def give_up() -> None:
    """End the waiting, now and from now on."""
    global given_up  # noqa: PLW0603 - there is one run, and one way to interrupt it
    given_up = True


def say(text: str) -> None:
    """Tell the person who watches."""
    print(f"    {text}", flush=True)
