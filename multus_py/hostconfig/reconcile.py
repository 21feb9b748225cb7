"""One step that makes a node's CNI configuration what it has to be: look, compare, repair."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from multus_py.base.clock import Clock
    from multus_py.hostconfig.options import Options


@dataclass(frozen=True, kw_only=True)
class Change:
    """One thing that was repaired."""

    what: str
    """A short stable word, for a metric's label: one of WORDS."""
    path: Path
    why: str
    """What was found, for a person."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What one step found and did."""

    changes: tuple[Change, ...] = ()
    warnings: tuple[str, ...] = ()
    """What a person should know. A text stays the same as long as its reason lasts."""
    waiting: str = ""
    """What the node's configuration still lacks; empty when it is complete."""
    token_expires: float | None = None
    """When the token in the kubeconfig expires (seconds since 1970); None when it does not, or says nothing of it."""


WORDS = (
    "config-missing",  # there was none: the first, or somebody removed or renamed it
    "config-outdated",  # the primary network or the options have changed, or somebody has edited it
    "config-mode",  # its permissions were others
    "config-superfluous",  # the other form (.conf, .conflist) was there too
    "kubeconfig-missing",
    "kubeconfig-outdated",  # the token, the CA or the server's address has changed, or somebody has edited it
    "kubeconfig-mode",
    "primary-renamed",  # to FILE.old, as --rename-conf-file says
    "temporary-removed",  # an unfinished file of a step that was cut short
)


def reconcile(options: Options, *, environment: Mapping[str, str], clock: Clock) -> Outcome:
    """Make the node's configuration what it has to be.

    Args:
        options: What it is made from.
        environment: Where KUBERNETES_SERVICE_HOST and the like are looked for.
        clock: Tells whether the token expires, and how old an unfinished file is.

    Raises:
        HostConfigError: What only a person can mend: the path, what is wrong, what to do. Whatever was valid on the
            node before stays.
    """
    raise NotImplementedError


def watched(options: Options) -> tuple[Path, ...]:
    """Return the directories whose changes call for a step; not all of them need exist."""
    raise NotImplementedError


def remove(options: Options) -> tuple[Path, ...]:
    """Take away what `reconcile` makes, and rename a renamed primary back.

    Returns:
        The paths that are gone, and the primary's.

    Raises:
        HostConfigError: Something could not be removed.
    """
    raise NotImplementedError
