"""A node configured once, by `multus install`: steps until the configuration is complete."""

from __future__ import annotations

from typing import TYPE_CHECKING

from multus_py.base.clock import Deadline
from multus_py.hostconfig.errors import HostConfigError
from multus_py.hostconfig.reconcile import reconcile

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from multus_py.base.clock import Clock
    from multus_py.hostconfig.options import Options

_POLL = 1.0


def configure(
    options: Options, *, patience: float, environment: Mapping[str, str], clock: Clock, say: Callable[[str], None]
) -> bool:
    """Configure a node, and wait for its primary network if that is not there yet.

    Args:
        options: What the configuration is made from.
        patience: How many seconds to wait; 0 for not at all.
        environment: For `reconcile`.
        clock: For `reconcile`, and to wait on.
        say: Is told what was done, what is odd, and what is waited for; each text once.

    Returns:
        Whether the configuration is complete; False only without patience.

    Raises:
        HostConfigError: Only a person can mend what is wrong, or the patience is at its end.
    """
    deadline, said = Deadline(clock, patience), set[str]()
    while True:
        outcome = reconcile(options, environment=environment, clock=clock)
        texts = [f"{change.what}: {change.path}: {change.why}" for change in outcome.changes]
        texts += [f"warning: {warning}" for warning in outcome.warnings]
        if outcome.waiting and patience:
            texts.append(f"{outcome.waiting}; waiting up to {patience:g} seconds")
        for text in texts:
            if text not in said:
                say(text)
        said.update(texts)
        if not (outcome.waiting and patience):
            return not outcome.waiting
        if deadline.expired():
            raise HostConfigError(f"{outcome.waiting}, after {patience:g} seconds")
        deadline.sleep(_POLL)
