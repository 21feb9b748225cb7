"""The file that says that the default network is up (`readinessindicatorfile`, multus-behaviour 1.3)."""

from __future__ import annotations

from multus_py.base import clock, files
from multus_py.cni import errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from multus_py.attach.work import Work

_TIMEOUT = 45.0
_INTERVAL = 1.0


def wait(work: Work) -> None:
    """Wait until the default network is ready.

    Raises:
        CNIError: It is not after 45 seconds.
    """
    deadline = clock.Deadline(work.ports.clock, _TIMEOUT)
    while not is_ready(work):
        if deadline.expired():
            raise errors.CNIError(errors.TRY_AGAIN_LATER, f"{problem(work)} (waited {_TIMEOUT:.0f} seconds)")
        deadline.sleep(_INTERVAL)


def is_ready(work: Work) -> bool:
    """Tell whether the default network is ready now; it always is when no file was configured."""
    try:
        return not work.settings.readiness_file or files.exists(work.settings.readiness_file)
    except OSError:
        return False


def problem(work: Work) -> str:
    """Say what is missing, and where to look."""
    return f"readiness indicator file {work.settings.readiness_file} is not there: check that the default network is up"
