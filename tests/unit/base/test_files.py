from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from multus_py.base import clock, files
from tests.fakes.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterator


def _names(directory: Path) -> list[str]:
    return sorted(each.name for each in directory.iterdir())


def _mode(path: Path) -> int:
    return path.stat().st_mode & 0o7777


@pytest.fixture(name="umask", autouse=True)
def _umask() -> Iterator[None]:
    """Give the tests a umask that would be noticed."""
    before = os.umask(0o027)
    yield
    os.umask(before)


# ------------------------------------------------------------------------------------------------- reading, writing


@pytest.mark.parametrize("size", [0, 1, 65536, 65537, 300_000])
def test_a_file_is_read_whole(tmp_path: Path, size: int) -> None:
    data = os.urandom(size)
    (tmp_path / "f").write_bytes(data)

    assert files.read(str(tmp_path / "f")) == data


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as missing:
        files.read(str(tmp_path / "f"))
    with pytest.raises(IsADirectoryError) as directory:
        files.read(str(tmp_path))

    assert missing.value.filename == str(tmp_path / "f")
    assert directory.value.filename == str(tmp_path)


def test_a_file_that_is_too_large_is_neither_read_nor_written(tmp_path: Path) -> None:
    largest, larger = tmp_path / "largest", tmp_path / "larger"
    files.write_atomic(str(largest), bytes(files.MAX_SIZE))
    larger.write_bytes(bytes(files.MAX_SIZE + 1))

    assert len(files.read(str(largest))) == files.MAX_SIZE
    with pytest.raises(OSError, match="larger than 16 MiB") as caught:
        files.read(str(larger))
    assert caught.value.filename == str(larger)
    with pytest.raises(OSError, match="larger than 16 MiB"):
        files.write_atomic(str(largest), bytes(files.MAX_SIZE + 1))
    assert largest.stat().st_size == files.MAX_SIZE


def test_a_plain_file_is_read_up_to_the_limit(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"12345")

    assert files.read_plain(str(tmp_path / "f"), limit=5) == b"12345"
    with pytest.raises(OSError, match="larger than 4 bytes") as caught:
        files.read_plain(str(tmp_path / "f"), limit=4)
    assert caught.value.filename == str(tmp_path / "f")
    with pytest.raises(FileNotFoundError):
        files.read_plain(str(tmp_path / "none"), limit=5)


def test_what_is_no_plain_file_is_neither_followed_nor_waited_for(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"{}")
    (tmp_path / "link").symlink_to("secret")
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(OSError, match="symbolic link"):
        files.read_plain(str(tmp_path / "link"), limit=5)
    for name in ("pipe", ""):
        with pytest.raises(OSError, match="not a regular file"):
            files.read_plain(str(tmp_path / name), limit=5)


def test_everything_is_written_to_a_pipe_that_takes_little_at_a_time() -> None:
    reading, writing = os.pipe()
    data = os.urandom(300_000)
    with subprocess.Popen(["cat"], stdin=reading, stdout=subprocess.PIPE) as cat:
        os.close(reading)
        child = os.fork()
        if child == 0:
            files.write_fd(writing, data)
            os._exit(0)
        os.close(writing)
        assert cat.communicate()[0] == data
    os.waitpid(child, 0)


@pytest.mark.parametrize("durable", [False, True])
@pytest.mark.parametrize("mode", [0o600, 0o644])
def test_a_file_is_replaced_with_its_mode_and_nothing_is_left(tmp_path: Path, *, durable: bool, mode: int) -> None:
    target = tmp_path / "f"
    target.write_bytes(b"old")

    files.write_atomic(str(target), b"new", mode=mode, durable=durable)

    assert target.read_bytes() == b"new"
    assert _mode(target) == mode
    assert _names(tmp_path) == ["f"]


def test_a_failed_write_leaves_the_old_file_and_no_temporary_one(tmp_path: Path) -> None:
    target = tmp_path / "f"
    target.mkdir()
    (target / "inside").touch()

    with pytest.raises(OSError, match="directory"):
        files.write_atomic(str(target), b"new")

    assert _names(tmp_path) == ["f"]


def test_writing_into_a_missing_directory_fails(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        files.write_atomic(str(tmp_path / "d" / "f"), b"new")


def test_an_interrupted_write_leaves_no_temporary_file(tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        files.write_atomic(str(tmp_path / "f"), "text is no data")  # type: ignore[arg-type]

    assert _names(tmp_path) == []


@pytest.mark.parametrize("only_writer", [False, True])
def test_what_has_the_temporary_name_is_replaced_and_a_link_is_not_followed(
    tmp_path: Path, *, only_writer: bool
) -> None:
    target, victim = tmp_path / "f", tmp_path / "victim"
    victim.write_bytes(b"of somebody else")
    (tmp_path / (".f.tmp" if only_writer else f".f.{os.getpid()}.tmp")).symlink_to(victim)

    files.write_atomic(str(target), b"new", only_writer=only_writer)

    assert (target.read_bytes(), victim.read_bytes()) == (b"new", b"of somebody else")
    assert not target.is_symlink()
    assert _names(tmp_path) == ["f", "victim"]


def test_a_file_is_discarded_together_with_what_a_killed_writer_has_left(tmp_path: Path) -> None:
    target = tmp_path / "f"
    files.write_atomic(str(target), b"new", only_writer=True)
    (tmp_path / ".f.tmp").write_bytes(b"ne")

    assert files.discard(str(target))
    assert not files.discard(str(target))
    assert _names(tmp_path) == []


def test_remove_tells_whether_the_file_was_there(tmp_path: Path) -> None:
    (tmp_path / "f").touch()

    assert files.remove(str(tmp_path / "f"))
    assert not files.remove(str(tmp_path / "f"))


def test_remove_refuses_directories(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="directory"):
        files.remove(str(tmp_path))


# ------------------------------------------------------------------------------------------------------ directories


def test_missing_directories_are_made_with_their_mode(tmp_path: Path) -> None:
    files.make_directories(str(tmp_path / "a" / "b"))
    files.make_directories(str(tmp_path / "a" / "b"))

    assert _mode(tmp_path / "a") == 0o700
    assert _mode(tmp_path / "a" / "b") == 0o700


@pytest.mark.parametrize("umask", [0o000, 0o077, 0o777], ids=oct)
def test_the_umask_has_no_say_in_the_mode_of_directories(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        files.make_directories(str(tmp_path / "a" / "b"), 0o755)
    finally:
        os.umask(before)

    assert (_mode(tmp_path / "a"), _mode(tmp_path / "a" / "b")) == (0o755, 0o755)


def test_a_file_in_the_place_of_a_directory_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "f").touch()

    with pytest.raises(FileExistsError):
        files.make_directories(str(tmp_path / "f"))
    with pytest.raises(NotADirectoryError):
        files.make_directories(str(tmp_path / "f" / "below"))


@pytest.mark.parametrize("path", ["/proc/nothing/here", ""])
def test_where_no_directory_can_be_the_error_is_the_system_s(path: str) -> None:
    with pytest.raises(FileNotFoundError):
        files.make_directories(path)


def test_names_are_listed_sorted_and_by_extension(tmp_path: Path) -> None:
    for name in ("b.conf", "a.conf", "c.json", "conf", "d.conflist"):
        (tmp_path / name).touch()

    assert files.list_directory(str(tmp_path)) == ["a.conf", "b.conf", "c.json", "conf", "d.conflist"]
    assert files.list_directory(str(tmp_path), ".conf") == ["a.conf", "b.conf"]
    assert files.list_directory(str(tmp_path), ".json", ".conflist") == ["c.json", "d.conflist"]


def test_a_missing_directory_cannot_be_listed(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        files.list_directory(str(tmp_path / "d"))


# ------------------------------------------------------------------------------------------------------ what a path is


def test_links_are_followed(tmp_path: Path) -> None:
    (tmp_path / "f").touch()
    (tmp_path / "link").symlink_to("f")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "dangling").symlink_to("gone")
    (tmp_path / "d").symlink_to(tmp_path)

    assert files.is_regular(str(tmp_path / "link"))
    assert files.is_directory(str(tmp_path / "d"))
    assert not files.is_regular(str(tmp_path / "dangling"))
    assert not files.exists(str(tmp_path / "dangling"))


def test_what_a_path_is_not(tmp_path: Path) -> None:
    (tmp_path / "f").touch()

    assert not files.is_directory(str(tmp_path / "f"))
    assert not files.is_regular(str(tmp_path))
    assert not files.is_regular(str(tmp_path / "f" / "below"))
    assert not files.is_regular("a\0b")
    assert not files.exists("\ud800")
    assert files.exists("/dev/null")
    assert not files.is_regular("/dev/null")


def test_what_cannot_be_told_is_an_error_for_exists_only(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")

    assert not files.is_regular(str(tmp_path / "loop"))
    with pytest.raises(OSError, match="symbolic links"):
        files.exists(str(tmp_path / "loop"))


PARTS = {
    "/a/b": ("/a", "b"),
    "/a": ("/", "a"),
    "a": (".", "a"),
    "a/b": ("a", "b"),
    "/a/": ("/a", ""),
    "/a//b": ("/a", "b"),
    "": (".", ""),
}


@pytest.mark.parametrize(("path", "parts"), PARTS.items(), ids=PARTS)
def test_a_path_has_a_directory_and_a_name(path: str, parts: tuple[str, str]) -> None:
    assert (files.directory_of(path), files.name_of(path)) == parts


# ------------------------------------------------------------------------------------------------------------- locks

HOLDER = """
import sys, time
from multus_py.base import clock, files
lock = files.Lock(sys.argv[1])
lock.acquire(clock.Deadline(clock.SystemClock(), 20))
print("held", flush=True)
time.sleep(60)
"""
COUNTER = """
import sys
from multus_py.base import clock, files
for _ in range(int(sys.argv[3])):
    lock = files.Lock(sys.argv[1])
    lock.acquire(clock.Deadline(clock.SystemClock(), 60))
    with lock:
        count = int(open(sys.argv[2]).read())
        open(sys.argv[2], "w").write(str(count + 1))
"""


@pytest.fixture(name="holder")
def _holder(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Let another process hold the lock."""
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path / "lock")], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        yield process
        process.kill()


def _deadline(seconds: float) -> clock.Deadline:
    return clock.Deadline(clock.SystemClock(), seconds)


def test_a_free_lock_is_taken_and_leaves_no_file_behind(tmp_path: Path) -> None:
    lock = files.Lock(str(tmp_path / "lock"))

    lock.acquire(_deadline(1))
    with lock:
        assert _mode(tmp_path / "lock") == 0o600

    assert _names(tmp_path) == []


def test_notes_of_a_holder_that_died_are_there_for_the_next(tmp_path: Path) -> None:
    (tmp_path / "lock").write_bytes(b"17\n")
    lock = files.Lock(str(tmp_path / "lock"))
    lock.acquire(_deadline(1))
    with lock:
        lock.note(b"18\n")
        assert (lock.left, (tmp_path / "lock").read_bytes()) == (b"17\n", b"17\n18\n")
    lock.acquire(_deadline(1))
    with lock:
        assert lock.left == b""


def test_releasing_what_is_not_held_does_nothing(tmp_path: Path) -> None:
    files.Lock(str(tmp_path / "lock")).release()


def test_a_lock_that_another_process_holds_is_waited_for_until_the_deadline(
    tmp_path: Path, holder: subprocess.Popen[bytes]
) -> None:
    system = FakeClock()

    with pytest.raises(files.LockedError, match="lock"):
        files.Lock(str(tmp_path / "lock")).acquire(clock.Deadline(system, 0.25))

    assert sum(system.sleeps) == pytest.approx(0.25)
    assert (tmp_path / "lock").exists()


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path, holder: subprocess.Popen[bytes]) -> None:
    holder.send_signal(signal.SIGKILL)
    lock = files.Lock(str(tmp_path / "lock"))

    lock.acquire(_deadline(20))
    with lock:
        assert holder.wait() == -signal.SIGKILL


def test_a_child_does_not_inherit_the_lock(tmp_path: Path) -> None:
    lock = files.Lock(str(tmp_path / "lock"))
    assert lock.try_acquire()
    with subprocess.Popen(["sleep", "60"], close_fds=False) as child:
        lock.release()
        assert files.Lock(str(tmp_path / "lock")).try_acquire()
        child.kill()


def test_processes_that_want_one_lock_never_hold_it_together(tmp_path: Path) -> None:
    count = tmp_path / "count"
    count.write_text("0")
    command = [sys.executable, "-c", COUNTER, str(tmp_path / "lock"), str(count), "40"]
    processes = [subprocess.Popen(command) for _ in range(3)]

    assert [process.wait() for process in processes] == [0, 0, 0]
    assert count.read_text() == "120"
    assert _names(tmp_path) == ["count"]


def test_a_lock_on_a_file_that_was_removed_meanwhile_is_none(tmp_path: Path) -> None:
    path = str(tmp_path / "lock")
    first, second = files.Lock(path), files.Lock(path)
    fd = os.open(path, os.O_RDWR | os.O_CREAT)
    Path(path).unlink()

    assert not first._is_current(fd)  # gone
    assert second.try_acquire()
    assert not first._is_current(fd)  # another file of that name
    assert not first.try_acquire()  # held
    os.close(fd)
    second.release()


def test_the_file_may_go_between_opening_and_locking_it(tmp_path: Path) -> None:
    class Overtaken(files.Lock):
        def _is_current(self, fd: int) -> bool:
            return False

    assert not Overtaken(str(tmp_path / "lock")).try_acquire()


def test_a_lock_follows_no_link(tmp_path: Path) -> None:
    """What its holder notes must not be written into another file."""
    (tmp_path / "lock").symlink_to(tmp_path / "victim")

    with pytest.raises(OSError, match="symbolic links"):
        files.Lock(str(tmp_path / "lock")).try_acquire()

    assert _names(tmp_path) == ["lock"]


def test_a_lock_in_a_missing_directory_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        files.Lock(str(tmp_path / "d" / "lock")).try_acquire()


def test_a_lock_that_the_system_cannot_give_is_an_error(tmp_path: Path) -> None:
    class Broken(files.Lock):
        def _is_current(self, fd: int) -> bool:
            raise OSError(28, "No space left on device")

    before = len(_names(Path("/proc/self/fd")))
    with pytest.raises(OSError, match="No space left"):
        Broken(str(tmp_path / "lock")).try_acquire()

    assert len(_names(Path("/proc/self/fd"))) == before
