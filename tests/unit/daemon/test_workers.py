from __future__ import annotations

import threading
from collections.abc import Callable

from multus_py.daemon.workers import Workers


def test_everything_is_done_by_no_more_threads_than_there_may_be() -> None:
    workers = Workers(name="test", threads=3)
    done, lock, finished = [], threading.Lock(), threading.Event()

    def note() -> None:
        with lock:
            done.append(threading.current_thread().name)
            if len(done) == 200:
                finished.set()

    for _ in range(200):
        workers.do(note)
    assert finished.wait(30)
    assert set(done) <= {"test-1", "test-2", "test-3"}
    workers.close()


def test_what_is_given_one_after_the_other_needs_one_thread() -> None:
    workers = Workers(name="test", threads=3)
    names = set()

    def note(done: threading.Event) -> Callable[[], None]:
        def work() -> None:
            names.add(threading.current_thread().name)
            done.set()

        return work

    for _ in range(5):
        done = threading.Event()
        workers.do(note(done))
        assert done.wait(30)
        idle(workers)
    assert names == {"test-1"}
    workers.close()


def test_several_things_are_done_at_a_time_and_the_rest_waits() -> None:
    workers = Workers(name="test", threads=2)
    meeting = threading.Barrier(3)
    for _ in range(2):
        workers.do(lambda: meeting.wait(30))
    workers.do(lambda: None)
    assert workers.waiting() == 1
    meeting.wait(30)  # both threads are in there at the same time, or this fails
    workers.close()


def test_threads_end_when_it_is_closed() -> None:
    workers = Workers(name="closed", threads=2)
    done = threading.Event()
    workers.do(done.set)
    assert done.wait(30)
    workers.close()
    for thread in [thread for thread in threading.enumerate() if thread.name.startswith("closed-")]:
        thread.join(30)
        assert not thread.is_alive()


def idle(workers: Workers) -> None:
    """Wait until a thread has nothing to do."""
    while not workers._idle:
        pass
