from __future__ import annotations

import errno
import io
from pathlib import Path

from multus_py.daemon.journal import FORGET, Journal
from tests.fakes.clock import FakeClock


def lines(stream: io.StringIO) -> list[str]:
    """Return what was written, without the time stamps."""
    return [line.partition(" ")[2] for line in stream.getvalue().splitlines()]


def test_a_line_has_a_time_and_keys_and_values() -> None:
    stream = io.StringIO()

    Journal(stream, FakeClock(now=1_700_000_000.25)).note("repaired", what="config-missing", path=Path("/a/b.conf"))

    assert stream.getvalue() == (
        "2023-11-14T22:13:20.250000Z level=info event=repaired what=config-missing path=/a/b.conf\n"
    )


def test_a_value_that_is_not_plain_is_quoted_so_that_a_line_stays_a_line() -> None:
    stream = io.StringIO()

    Journal(stream, FakeClock()).note("failed", level="error", text='it says "no"\nlevel=info', none="")

    assert lines(stream) == [r'level=error event=failed text="it says \"no\"\nlevel=info" none=""']


def test_a_stream_that_cannot_be_written_is_no_reason_to_fail() -> None:
    class Full(io.StringIO):
        def write(self, _text: str) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    closed = io.StringIO()
    closed.close()

    for stream in (Full(), closed):
        Journal(stream, FakeClock()).note("started")


def test_a_complaint_is_written_once_while_it_lasts() -> None:
    clock, stream = FakeClock(), io.StringIO()
    journal = Journal(stream, clock)
    for _ in range(100):
        journal.complain(["a file is broken"])
        clock.advance(5)

    assert lines(stream) == ['level=warning event=warning text="a file is broken"']


def test_it_is_written_when_a_complaint_is_over_and_again_when_it_comes_back() -> None:
    clock, stream = FakeClock(), io.StringIO()
    journal = Journal(stream, clock)
    journal.complain(["broken"])
    clock.advance(FORGET)
    journal.complain([])
    journal.complain(["broken"])

    assert lines(stream) == [
        "level=warning event=warning text=broken",
        "level=info event=over text=broken",
        "level=warning event=warning text=broken",
    ]


def test_a_complaint_that_comes_and_goes_is_one_complaint() -> None:
    clock, stream = FakeClock(), io.StringIO()
    journal = Journal(stream, clock)
    for number in range(100):
        journal.complain(["renamed"] if number % 2 else [])
        clock.advance(FORGET / 3)

    assert len(lines(stream)) == 1
