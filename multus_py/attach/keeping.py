"""What GC keeps: the networks that are known on this node, and for each the attachments that are valid."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from multus_py.cni.conf import Network

    Pair = tuple[str, str]


class Kept:
    """Fills as GC looks at what is recorded; attachments are (container ID, interface name)."""

    def __init__(self, valid: tuple[Pair, ...]) -> None:
        """Start with the runtime's list, which holds for every network: it knows of pods that we do not."""
        self.containers = frozenset(container_id for container_id, _ in valid)
        """The containers that the runtime still has."""
        self.networks: dict[str, Network] = {}
        self.complete = True
        """Whether all valid attachments are known. If not, no plugin may be told to keep the known ones only."""
        self._valid = valid
        self._recorded: dict[str, list[Pair]] = {}

    def know(self, found: Network, *attachments: Pair) -> None:
        """Note a network, and valid attachments to it."""
        self.networks.setdefault(found.name, found)
        self._recorded.setdefault(found.name, []).extend(attachments)

    def valid(self, name: str) -> tuple[Pair, ...]:
        """Return what a network's plugins must keep."""
        return tuple(dict.fromkeys([*self._valid, *self._recorded[name]]))
