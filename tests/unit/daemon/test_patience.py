from __future__ import annotations

import pytest

from multus_py.base.clock import Deadline
from multus_py.daemon.following import StoppedError
from multus_py.daemon.patience import TICK, Patient
from tests.fakes.clock import FakeClock


class Quiet:
    """A connection on which nothing comes for a while."""

    def __init__(self, clock: FakeClock, *, silence: float) -> None:
        self._clock = clock
        self._silence = silence
        self.sent: list[bytes] = []
        self.closed = False

    def send(self, data: bytes, deadline: Deadline) -> None:
        self.sent.append(data)

    def receive(self, size: int, deadline: Deadline) -> bytes:
        left = deadline.remaining()
        assert left is not None
        assert left <= TICK
        if self._silence > left:
            self._silence -= left
            self._clock.advance(left)
            raise TimeoutError
        self._clock.advance(self._silence)
        return b"word"

    def close(self) -> None:
        self.closed = True


def test_it_waits_for_a_word_however_long_that_takes_within_the_limit() -> None:
    clock = FakeClock()
    patient = Patient(Quiet(clock, silence=90), clock=clock, stopped=lambda: False)
    patient.limit = 100
    assert patient.receive(10, Deadline(clock, 1)) == b"word"


def test_silence_of_some_length_is_the_end() -> None:
    clock = FakeClock()
    patient = Patient(Quiet(clock, silence=200), clock=clock, stopped=lambda: False)
    patient.limit = 100
    with pytest.raises(TimeoutError):
        patient.receive(10, Deadline(clock, 1000))
    assert clock.monotonic() == 1100


def test_without_a_limit_the_deadline_counts() -> None:
    clock = FakeClock()
    patient = Patient(Quiet(clock, silence=200), clock=clock, stopped=lambda: False)
    with pytest.raises(TimeoutError):
        patient.receive(10, Deadline(clock, 30))
    assert clock.monotonic() == 1030


def test_who_stops_it_waits_for_a_tick_at_most() -> None:
    clock = FakeClock()
    patient = Patient(Quiet(clock, silence=200), clock=clock, stopped=lambda: clock.monotonic() > 1010)
    patient.limit = 100
    with pytest.raises(StoppedError):
        patient.receive(10, Deadline(clock, 30))
    assert clock.monotonic() <= 1010 + TICK


def test_everything_else_is_the_connections_own() -> None:
    clock = FakeClock()
    stream = Quiet(clock, silence=0)
    patient = Patient(stream, clock=clock, stopped=lambda: False)
    patient.send(b"x", Deadline(clock, 1))
    patient.close()
    assert (stream.sent, stream.closed) == ([b"x"], True)
