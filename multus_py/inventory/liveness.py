"""Is a container still there? Judged from this machine alone, and in doubt for the container.

A container counts as gone only if its network namespace is, as far as this process could see it at all, and neither a
process nor an interface speaks for it. No runtime is asked: its socket may be missing, slow or another's, whereas what
makes up a sandbox is in the kernel.

* The namespace's file is there: live. Its directory is not, or the file is there and is no namespace: this may be
  another mount namespace than the node's (a container without /run/netns, or one that does not see what is mounted
  since it began), so the path tells nothing.
* The namespace is gone, but the runtime has noted that the container is attached, or its notes are not to be seen: then
  at least some other namespace has to be. Who sees none may be in a container that happens to have a /run/netns.
* A process is in a control group that names the container: live. Runtimes name the group of a sandbox's process so.
* A veth of the result still leads into another namespace: that namespace lives, under whatever name.
* Nothing names the namespace (a record of the Go Multus without cached results), or only /proc/PID does, and another
  process may have that number by now, or the path tells nothing: then it counts that the runtime's own libcni has noted
  nothing of the container, provided that it takes notes of this very network. It does that once ADD has succeeded,
  and the Go Multus has no lock while it is at work, so what was recorded just now is not judged so.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from multus_py.inventory import stores
from multus_py.inventory.machine import OWN
from multus_py.inventory.model import Judgement, Life
from multus_py.node.errors import NodeError

if TYPE_CHECKING:
    from multus_py.inventory.model import Container
    from multus_py.inventory.node import Node
    from multus_py.node.interfaces import Interface


@dataclass(frozen=True, kw_only=True)
class Witnesses:
    """What speaks for containers, looked up once for all of them."""

    node: Node
    cgroups: str
    interfaces: tuple[Interface, ...]
    """The node's own."""
    notes: tuple[str, ...] | None
    """The names of the runtime's own cached results; None where we cannot see them."""

    @classmethod
    def of(cls, node: Node) -> Witnesses:
        """Look."""
        try:
            interfaces = node.machine.interfaces(OWN)
        except NodeError:
            interfaces = ()
        return cls(node=node, cgroups=node.machine.cgroups(), interfaces=interfaces, notes=_notes(node))

    def judge(self, container: Container) -> Judgement:
        """Tell whether a container is there."""
        paths = tuple(dict.fromkeys(each.sandbox for each in container.attachments if each.sandbox))
        there = next((path for path in paths if self.node.machine.is_namespace(path)), "")
        if there and not there.startswith("/proc/"):
            return Judgement(life=Life.LIVE, reason=f"its network namespace {there} is there")
        speaks = self.speaks_for(container.id) or self._interface_of(container)
        if speaks:
            return Judgement(life=Life.LIVE, reason=speaks)
        hidden = next((path for path in paths if not _is_missing(path)), "")
        if not paths or hidden:
            return self._by_notes(container.id, hidden)
        if (self.notes is None or self._is_noted(container.id)) and not self.node.machine.sees_others():
            return Judgement(life=Life.UNCLEAR, reason="no network namespace but its own is to be seen from here")
        return Judgement(life=Life.GONE, reason=f"its network namespace {paths[0]} is gone")

    def speaks_for(self, container_id: str) -> str:
        """Return what process speaks for a container, as a clause; "" when none does."""
        return "a process is in a control group of its name" if container_id and container_id in self.cgroups else ""

    def is_silent(self, container_id: str) -> bool:
        """Tell whether nothing speaks for a container besides what is recorded: no process, no note of the runtime's.

        A sandbox need not have a process (CRI-O's have none), so where there are no notes to be seen nothing is silent.
        """
        return self.notes is not None and not (self.speaks_for(container_id) or self._is_noted(container_id))

    def _is_noted(self, container_id: str) -> bool:
        """Tell whether the runtime has noted that it has attached this container, and not detached it yet."""
        return any(f"-{container_id}-" in name for name in self.notes or ())

    def _interface_of(self, container: Container) -> str:
        """Return which of its interfaces leads into a namespace that lives, as a clause; "" when none does."""
        by_name = {each.name: each for each in self.interfaces if each.parent_is_elsewhere}
        for link in (link for each in container.attachments for link in each.host if link.mac):
            found = by_name.get(link.name)
            if found and found.mac == link.mac.lower():
                return f"its interface {link.name} on the node leads into a network namespace that is there"
        return ""

    def _by_notes(self, container_id: str, hidden: str) -> Judgement:
        unseen = f"{hidden} tells nothing" if hidden else "nothing tells where its network namespace is"
        if not stores.is_old(self.node.places.state / container_id, now=self.node.now()):
            return Judgement(life=Life.UNCLEAR, reason=f"{unseen}, and its record is not old enough to be judged")
        network = self.node.work.settings.name
        if not any(name.startswith(f"{network}-") for name in self.notes or ()):
            return Judgement(life=Life.UNCLEAR, reason=f"{unseen}, and the runtime notes nothing of network {network}")
        if self._is_noted(container_id):
            return Judgement(life=Life.UNCLEAR, reason=f"{unseen}, and the runtime has noted that it is attached")
        return Judgement(life=Life.GONE, reason=f"{unseen}, but no process, and the runtime knows nothing of it")


def _is_missing(path: str) -> bool:
    """Tell whether a namespace's file is not there, and would be seen from here if it was."""
    return not path.startswith("/proc/") and Path(path).parent.is_dir() and not os.path.lexists(path)


def _notes(node: Node) -> tuple[str, ...] | None:
    try:
        visible = [directory for directory in node.places.runtime_results if directory.is_dir()]
        return tuple(path.name for directory in visible for path in directory.iterdir()) if visible else None
    except OSError:
        return None
