"""The first signal; the second one ends the process, so that is tested with a daemon (tests/integration/daemon)."""

from __future__ import annotations

import os
import select
import signal

import pytest

from multus_py.daemon.signals import SIGNALS, Stop


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_a_signal_is_a_wish_and_wakes_whoever_waits(number: signal.Signals) -> None:
    with Stop() as stop:
        before = stop.requested
        os.kill(os.getpid(), number)

        assert select.select([stop.fd], [], [], 30)[0] == [stop.fd]
        assert (before, stop.requested) == (False, True)
        assert stop.signal == number.name


def test_afterwards_signals_are_handled_as_before() -> None:
    before = [signal.getsignal(number) for number in SIGNALS]
    with Stop():
        assert [signal.getsignal(number) for number in SIGNALS] != before

    assert [signal.getsignal(number) for number in SIGNALS] == before
