"""Attachments at the same time, in real threads."""

from __future__ import annotations

import _thread
import os
import signal
import threading
from collections.abc import Callable, Iterator

import pytest

from multus_py.attach import together
from multus_py.attach.attachment import Attached, Attachment
from multus_py.attach.work import Work
from multus_py.base.clock import Deadline, SystemClock
from multus_py.base.process import Program, run
from multus_py.cni.errors import CNIError
from multus_py.cni.result import Result
from tests.unit.attach.world import World, network

ATTACHMENTS = tuple(
    Attachment(name=f"demo/{index}", network=network({"name": "n", "type": "x"}), ifname=f"net{index}")
    for index in range(3)
)


def attached(attachment: Attachment) -> Attached:
    return Attached(attachment=attachment, result=Result())


def test_all_are_made_at_the_same_time_and_returned_in_order(world: World) -> None:
    everybody = threading.Barrier(3)

    def attach(_work: Work, attachment: Attachment) -> Attached:
        everybody.wait(timeout=10)
        return attached(attachment)

    made = together.attach_together(world.work(), ATTACHMENTS, attach)
    assert [each.attachment for each in made] == list(ATTACHMENTS)


def test_the_first_failure_in_order_is_told_when_all_have_ended(world: World) -> None:
    ended: list[str] = []

    def attach(_work: Work, attachment: Attachment) -> Attached:
        ended.append(attachment.ifname)
        if attachment.ifname != "net0":
            raise CNIError(7, attachment.ifname)
        return attached(attachment)

    with pytest.raises(CNIError, match="net1"):
        together.attach_together(world.work(), ATTACHMENTS, attach)
    assert sorted(ended) == ["net0", "net1", "net2"]


def test_none_at_all_are_made_at_once(world: World) -> None:
    assert together.attach_together(world.work(), (), _never) == []


def _never(_work: Work, attachment: Attachment) -> Attached:
    raise AssertionError(attachment)


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Take interrupts as Python does by itself, but not where the tests were started in the background of a shell."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_ends_the_delegates_that_still_run(world: World) -> None:
    started = threading.Event()

    def attach(work: Work, attachment: Attachment) -> Attached:
        if attachment is ATTACHMENTS[0]:
            started.wait(timeout=10)
            os.kill(os.getpid(), signal.SIGINT)
            return attached(attachment)
        started.set()
        deadline = Deadline(SystemClock(), 30)
        outcome = work.executor.run(Program(argv=["/bin/sleep", "30"], environ={}), deadline)
        assert outcome.timed_out
        return attached(attachment)

    call = world.work()
    with pytest.raises(KeyboardInterrupt):
        together.attach_together(call.replace(executor=call.executor.replace(run=run)), ATTACHMENTS, attach)


@pytest.fixture
def no_room() -> Iterator[Callable[[int], int]]:
    """Return what decides how much room further threads take."""
    before = _thread.stack_size()
    yield _thread.stack_size
    _thread.stack_size(before)


def test_no_room_for_a_thread_is_an_error_and_no_endless_wait(world: World, no_room: Callable[[int], int]) -> None:
    no_room(1 << 46)
    with pytest.raises(RuntimeError, match="can't start new thread"):
        together.attach_together(world.work(), ATTACHMENTS, _never)


# Coverage does not see what runs in threads of `_thread`, so here the same is done without one.


@pytest.mark.parametrize("works", [True, False], ids=["made", "failed"])
def test_a_job_hands_over_what_was_made_or_what_went_wrong(world: World, *, works: bool) -> None:
    job = together._Job(
        lambda _work, each: attached(each) if works else _never(_work, each), world.work(), ATTACHMENTS[0]
    )
    job._running.acquire()
    job._run()
    job.settle()
    if works:
        assert job.result() == attached(ATTACHMENTS[0])
    else:
        with pytest.raises(AssertionError, match="demo/0"):
            job.result()


def test_delegates_are_run_so_that_they_can_be_cancelled(world: World) -> None:
    environ = {b"CNI_COMMAND": b"CHECK", b"CNI_IFNAME": b"eth0"}
    bridge = Program(argv=[f"{world.bin}/bridge"], stdin=b"{}", environ=environ)
    together._Cancellable(world.run, 7)(bridge, Deadline(world.clock, 5))
    assert world.run.one("CHECK bridge eth0").cancel == 7
