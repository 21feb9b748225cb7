"""The table of all checks, in the order of the chain: from the file that the runtime loads to what pods have left."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from multus_py.doctor.checks import access, configuration, daemon, kernel, masters, networks, programs, state, storage

if TYPE_CHECKING:
    from multus_py.doctor.check import Check

CHECKS: tuple[Check, ...] = (
    *configuration.CHECKS,
    *access.CHECKS,
    *networks.CHECKS,
    *programs.CHECKS,
    *masters.CHECKS,
    *kernel.CHECKS,
    *daemon.CHECKS,
    *state.CHECKS,
    *storage.CHECKS,
)


def chosen(ids: Iterable[str]) -> tuple[Check, ...]:
    """Return the checks with these ids, in the table's order; all of them when none is named.

    Raises:
        KeyError: No check has such an id.
    """
    wanted = set(ids)
    for unknown in sorted(wanted - {check.id for check in CHECKS}):
        raise KeyError(unknown)
    return tuple(check for check in CHECKS if check.id in wanted or not wanted)
