"""One call at a time for one container, and nothing of a call that was killed goes on behind the next one's back.

A runtime that gives up on an ADD kills Multus, but not the plugin that Multus has started. The lock file therefore
holds the process ids of the plugins; whoever finds some there, left by a holder that died, ends them first. Otherwise
such a plugin could attach, or reserve an address, after the DEL that was to clean up.
"""

from __future__ import annotations

from multus_py.base import clock, files, process
from multus_py.cni import errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from multus_py.attach.work import Work
    from multus_py.base.files import Lock

_TIMEOUT = 60.0
_MAX_DIGITS = 7  # PID_MAX_LIMIT is 4194304


class Held:
    """A container's lock, held: a context that gives the call to go on with, which notes what it starts."""

    def __init__(self, work: Work, container_id: str, lock: Lock) -> None:
        """Take over a lock that was acquired, and end what its last holder has left running."""
        self._lock = lock
        self._work = work.replace(executor=work.executor.replace(started=self._note))
        for pid in _pids(lock.left):
            if process.end_orphan(pid, f"CNI_CONTAINERID={container_id}".encode()):
                work.log.warning(f"container {container_id}: process {pid} of a call that was killed was still at work")

    def __enter__(self) -> Work:
        """Return the call."""
        return self._work

    def __exit__(self, kind: object, *_exception: object) -> None:
        """Let go. Raises CNIError when the lock cannot be removed, unless there is something else to tell."""
        try:
            self._lock.release()
        except OSError as error:
            if kind is None:
                problem = f"cannot remove the lock {self._lock.path}: {error.strerror}"
                raise errors.CNIError(errors.IO_FAILURE, problem) from error

    def _note(self, pid: int) -> None:
        try:
            self._lock.note(f"{pid}\n".encode())
        except OSError:
            # One that attaches must not go on unknown. One that detaches may: a full disk keeps no pod from going.
            if self._work.request.call.command == "ADD":
                raise


def locked(work: Work, container_id: str) -> Held:
    """Wait for a container's lock.

    Raises:
        CNIError: Another call for the container is still at work, or the lock cannot be made.
    """
    lock = _lock(work, container_id)
    try:
        lock.acquire(clock.Deadline(work.ports.clock, _TIMEOUT))
    except files.LockedError as error:
        problem = f"another call for container {container_id} is still at work after {_TIMEOUT:.0f} seconds"
        raise errors.CNIError(errors.TRY_AGAIN_LATER, problem) from error
    except OSError as error:
        raise _no_lock(lock, error) from error
    return Held(work, container_id, lock)


def locked_at_once(work: Work, container_id: str) -> Held | None:
    """Return a container's lock, held; None when another call has it. Raises CNIError."""
    lock = _lock(work, container_id)
    try:
        return Held(work, container_id, lock) if lock.try_acquire() else None
    except OSError as error:
        raise _no_lock(lock, error) from error


def _lock(work: Work, container_id: str) -> Lock:
    """Make the directory, and name the lock."""
    cni_dir = work.settings.cni_dir
    try:
        files.make_directories(cni_dir)
    except OSError as error:
        problem = f"cannot make the state directory {cni_dir}: {error.strerror}"
        raise errors.CNIError(errors.IO_FAILURE, problem) from error
    return files.Lock(f"{cni_dir}/.{container_id}.lock")


def _no_lock(lock: Lock, error: OSError) -> errors.CNIError:
    return errors.CNIError(errors.IO_FAILURE, f"cannot make the lock {lock.path}: {error.strerror}")


def _pids(noted: bytes) -> list[int]:
    """Return the process ids of a lock's notes; none for a torn one at the end, or a longer number than Linux has."""
    lines = noted.split(b"\n")[:-1]
    return [int(line) for line in lines if line.isdigit() and len(line) <= _MAX_DIGITS]
