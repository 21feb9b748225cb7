"""One call at a time for one container, and what a call that was killed has left running."""

from __future__ import annotations

import contextlib
import os
import resource
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from multus_py.attach import locking
from multus_py.cni import errors
from multus_py.cni.errors import CNIError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.unit.attach.world import World


@pytest.fixture(name="orphan")
def _orphan(request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[bytes]]:
    """A process that looks like a delegate of container c1, or of the one that the test names."""
    container_id = getattr(request, "param", "c1")
    environ = {"CNI_CONTAINERID": container_id}
    with subprocess.Popen(["/bin/sleep", "60"], env=environ, process_group=0) as process:
        yield process
        process.kill()


@contextlib.contextmanager
def no_room() -> Iterator[None]:
    """Let all writing to files fail, for the length of a context: pytest's own report may go to a file."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def note(world: World, text: str) -> None:
    """Leave a lock file as a call that was killed does."""
    world.state.mkdir()
    (world.state / ".c1.lock").write_text(text)


def test_a_lock_is_waited_for_and_then_given_up(world: World) -> None:
    call = world.work()
    with locking.locked(call, "c1"):
        assert locking.locked_at_once(call, "c1") is None
        with pytest.raises(CNIError) as caught:
            locking.locked(call, "c1")
    assert caught.value.msg == "another call for container c1 is still at work after 60 seconds"
    assert caught.value.code == errors.TRY_AGAIN_LATER
    assert sum(world.clock.sleeps) == pytest.approx(60)
    assert world.left_behind() == []


def test_another_containers_lock_is_no_obstacle(world: World) -> None:
    call = world.work()
    with locking.locked(call, "c1"), locking.locked(call, "c2"):
        assert world.clock.sleeps == []


def test_a_lock_left_by_a_dead_process_is_no_obstacle(world: World) -> None:
    world.state.mkdir()
    holder = (
        "import fcntl, os, sys; fcntl.flock(os.open(sys.argv[1], os.O_RDWR | os.O_CREAT), 2); os.kill(os.getpid(), 9)"
    )
    killed = subprocess.run([sys.executable, "-c", holder, world.state / ".c1.lock"], check=False)
    assert killed.returncode == -9
    assert world.left_behind() == [".c1.lock"]
    with locking.locked(world.work(), "c1"):
        assert world.clock.sleeps == []
    assert world.left_behind() == []


BAD_STATE = {
    "a file in place of the directory": ("state", "cannot make the state directory .*: "),
    "a directory in place of the lock": ("state/.c1.lock/x", r"cannot make the lock .*/\.c1\.lock: Is a directory"),
}


@pytest.mark.parametrize("at_once", [False, True], ids=["waiting", "at once"])
@pytest.mark.parametrize(("path", "message"), BAD_STATE.values(), ids=list(BAD_STATE))
def test_a_lock_that_cannot_be_made_is_an_error(world: World, path: str, message: str, *, at_once: bool) -> None:
    target = world.root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text("")
    with pytest.raises(CNIError, match=message) as caught:
        (locking.locked_at_once if at_once else locking.locked)(world.work(), "c1")
    assert caught.value.code == errors.IO_FAILURE


def test_a_lock_that_cannot_be_removed_is_an_error_unless_there_is_another_one(world: World) -> None:
    world.state.mkdir()
    path = world.state / ".c1.lock"

    def hold(error: Exception | None) -> None:
        with locking.locked(world.work(), "c1"):
            path.unlink()
            path.mkdir()
            if error:
                raise error

    with pytest.raises(CNIError, match=r"cannot remove the lock .*/\.c1\.lock: Is a directory"):
        hold(None)
    path.rmdir()
    with pytest.raises(KeyError):
        hold(KeyError("c1"))


def test_what_a_call_starts_is_noted_until_it_lets_go(world: World) -> None:
    with locking.locked(world.work(), "c1") as call:
        assert call.executor.started is not None
        call.executor.started(17)
        call.executor.started(4711)
        assert (world.state / ".c1.lock").read_text() == "17\n4711\n"
    assert world.left_behind() == []


@pytest.mark.parametrize("command", ["ADD", "DEL"])
def test_a_full_disk_ends_a_plugin_that_attaches_and_none_that_detaches(world: World, command: str) -> None:
    with locking.locked(world.work(command), "c1") as call:
        assert call.executor.started is not None
        expected = pytest.raises(OSError, match="File too large") if command == "ADD" else contextlib.nullcontext()
        with expected, no_room():
            call.executor.started(17)


@pytest.mark.parametrize("at_once", [False, True], ids=["waiting", "at once"])
def test_what_a_killed_call_left_running_is_ended(
    world: World, orphan: subprocess.Popen[bytes], *, at_once: bool
) -> None:
    note(world, f"{orphan.pid}\n")
    held = (locking.locked_at_once if at_once else locking.locked)(world.work(), "c1")
    assert held is not None
    with held:
        assert orphan.wait(5) == -9
    assert f"process {orphan.pid} of a call that was killed was still at work" in world.log()


@pytest.mark.parametrize("orphan", ["c2", "c11"], indirect=True)
def test_a_process_of_something_else_is_left_alone(world: World, orphan: subprocess.Popen[bytes]) -> None:
    note(world, f"{orphan.pid}\n")
    with locking.locked(world.work(), "c1"):
        assert orphan.poll() is None
    assert world.log() == ""


@pytest.mark.parametrize("noted", ["0", "4194305", "9" * 9, "9" * 20, "9" * 5000], ids=len)
def test_notes_that_cannot_be_process_ids_are_no_obstacle(world: World, noted: str) -> None:
    note(world, f"{noted}\n")
    with locking.locked(world.work(), "c1"):
        assert world.log() == ""


def test_notes_that_name_nobody_are_no_obstacle(world: World) -> None:
    with subprocess.Popen(["/bin/true"]) as gone:
        gone.wait()
    note(world, f"{gone.pid}\nnonsense\n\n{'9' * 12}\n{'9' * 5000}\n{os.getpid()}")
    with locking.locked(world.work(), "c1"):
        assert world.log() == ""
