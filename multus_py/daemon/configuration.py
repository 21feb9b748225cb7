"""The node's configuration, as the service looks after it: options that may change, and one step at a time.

What a step does is `hostconfig.reconcile`'s business, when it is taken is `service`'s.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from multus_py.hostconfig import reconcile, removal
from multus_py.hostconfig.errors import HostConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from multus_py.base.clock import Clock
    from multus_py.hostconfig.options import Options
    from multus_py.hostconfig.reconcile import Outcome


class Configuration:
    """The configuration of one node."""

    def __init__(
        self,
        load: Callable[[], Options],
        *,
        file: Path | None = None,
        once: bool = False,
        environment: Mapping[str, str],
        clock: Clock,
    ) -> None:
        """Load the options.

        Args:
            load: Returns the options; raises HostConfigError when they are wrong.
            file: Where they come from, if they may change there.
            once: Whether to leave the node alone when it is configured, but for its token and CA.
            environment: For `reconcile`.
            clock: For `reconcile`.

        Raises:
            HostConfigError: They are wrong.
        """
        self._load = load
        self._options = load()
        self._file = file
        self._once = once
        self._environment = environment
        self._clock = clock
        self.settled = False
        """Whether to look again only when something that is watched has changed."""

    def watched(self) -> tuple[Path, ...]:
        """Return the directories whose changes call for a look."""
        if self.settled:
            return (self._options.service_account_dir,)
        directories = reconcile.watched(self._options)
        return (*directories, self._file.parent) if self._file else directories

    def look(self) -> Outcome:
        """Look at the node, and put right what is wrong.

        Options that have become wrong keep nobody from looking after the node: those from before still hold.

        Raises:
            HostConfigError: Only a person can mend this.
        """
        wrong = self._reload()
        outcome = reconcile.reconcile(self._options, environment=self._environment, clock=self._clock)
        self.settled = self._once and not outcome.waiting
        return replace(outcome, warnings=(*wrong, *outcome.warnings))

    def _reload(self) -> tuple[str, ...]:
        """Take the options anew; return what is wrong with them."""
        if self._file is None:
            return ()
        try:
            self._options = self._load()
        except HostConfigError as error:
            return (f"{error}; what it said before still holds",)
        return ()

    def leave(self, *, restoring: bool) -> tuple[Path, ...]:
        """Take away what was made, when Multus goes for good or the options say so; return the paths.

        Otherwise it stays, so that no pod is started without its networks before the next daemon comes (B32).

        Raises:
            HostConfigError: Something could not be removed.
        """
        return removal.remove(self._options) if restoring or self._options.cleanup_config_on_exit else ()
