"""Several attachments at the same time, for `parallelAttachments`: threads that wait for delegates' processes.

`threading` costs 4 ms to import; `_thread`, below it, nothing. Everything that an attachment touches on disk is its own
(its cached result, its plugins' state, which plugins lock themselves).
"""

from __future__ import annotations

import _thread
import posix

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from multus_py.attach.attachment import Attached, Attachment
    from multus_py.attach.work import Work
    from multus_py.base.clock import Deadline
    from multus_py.base.process import Outcome, Program, Run, Started


def attach_together(
    work: Work, attachments: Sequence[Attachment], attach: Callable[[Work, Attachment], Attached]
) -> list[Attached]:
    """Make attachments at the same time; return them in the given order.

    All are waited for, also when one fails: what was made is only then known. When the call itself is interrupted, the
    delegates are killed first.

    Args:
        work: The call.
        attachments: What to make.
        attach: Makes one.

    Raises:
        CNIError: The error of the first one, in the given order, that failed.
    """
    reading, writing = posix.pipe()
    cancellable = work.replace(executor=work.executor.replace(run=_Cancellable(work.executor.run, reading)))
    jobs = [_Job(attach, cancellable, attachment) for attachment in attachments]
    try:
        for job in jobs:
            job.start()
        for job in jobs:
            job.settle()
        return [job.result() for job in jobs]
    finally:
        posix.close(writing)  # the other end is readable now, and whatever still runs is killed
        for job in jobs:
            job.settle()
        posix.close(reading)


class _Job:
    """One attachment in a thread of its own."""

    def __init__(self, attach: Callable[[Work, Attachment], Attached], work: Work, attachment: Attachment) -> None:
        self._attach = attach
        self._work = work
        self._attachment = attachment
        self._running = _thread.allocate_lock()
        self._made: Attached | None = None
        self._error: BaseException | None = None

    def start(self) -> None:
        """Begin. Raises RuntimeError when there is no room for one more thread."""
        self._running.acquire()
        try:
            _thread.start_new_thread(self._run, ())
        except RuntimeError:
            self._running.release()  # nobody else will, and `settle` waits for it
            raise

    def settle(self) -> None:
        """Wait until the thread has ended, if it was started."""
        with self._running:
            pass

    def result(self) -> Attached:
        """Return what was made. Raises what went wrong."""
        if self._made is None:
            raise self._error or AssertionError("neither made nor failed")
        return self._made

    def _run(self) -> None:
        try:
            self._made = self._attach(self._work, self._attachment)
        except BaseException as error:  # noqa: BLE001 - handed to whoever waits
            self._error = error
        finally:
            self._running.release()


class _Cancellable:
    """Runs programs that end when a descriptor becomes readable."""

    def __init__(self, run: Run, cancel: int) -> None:
        self._run = run
        self._cancel = cancel

    def __call__(self, program: Program, deadline: Deadline, *, started: Started | None = None) -> Outcome:
        """Run one."""
        return self._run(program, deadline.cancelled_by(self._cancel), started=started)
