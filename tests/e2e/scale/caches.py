"""The daemon's caches, many in a process, each for a node of its own: `serving.Serving` as `multus daemon` runs it.

    python -m tests.e2e.scale.caches KUBECONFIG DIRECTORY NODE...

A few processes rather than one, in which a hundred caches would wait for each other's turn (one interpreter, one thread
at a time) and so spare the server; and rather than one for each, whose hundred interpreters (34 MB each, as `make
bench` has it) tell the server nothing more, but keep the machine busy.
"""

from __future__ import annotations

import gc
import hashlib
import io
import json
import random
import sys
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from multus_py.base.clock import SystemClock
from multus_py.cluster import kubeconfig
from multus_py.daemon.cache import Kept, Key
from multus_py.daemon.journal import Journal
from multus_py.daemon.serving import Place, Serving
from tests.e2e.scale.child import Child

KINDS = ("pods", "nads")
_TEND = 5.0
"""Seconds between two looks after the socket, as in the daemon."""


@dataclass(frozen=True)
class Standing:
    """How the cache of one node is doing, for one kind of object."""

    node: str
    kind: str
    current: bool
    objects: int
    characters: int
    lists: int
    watches: int
    failures: int
    trouble: str


@dataclass(frozen=True)
class Look:
    """How all caches are doing."""

    standings: tuple[Standing, ...]

    def sum(self, kind: str, figure: str) -> int:
        """Return a figure of one kind, of all nodes together."""
        return sum(getattr(one, figure) for one in self.standings if one.kind == kind)


class Caches:
    """The caches, from outside."""

    def __init__(self, access: Path, directory: Path, nodes: Iterable[str], *, processes: int) -> None:
        """Prepare the processes; no cache starts yet."""
        names = list(nodes)
        self._children = [
            Child("tests.e2e.scale.caches", str(access), str(directory), *names[number::processes])
            for number in range(processes)
        ]
        self._all("look")

    def start(self) -> None:
        """Start all caches at once."""
        self._all("start")

    def look(self) -> Look:
        """Return how they do."""
        answers = [json.loads(answer) for answer in self._all("look")]
        return Look(tuple(Standing(**one) for answer in answers for one in answer))

    def memory(self) -> int:
        """Return the bytes that all processes together have for themselves."""
        return sum(int(answer) for answer in self._all("memory"))

    def digests(self) -> dict[str, dict[str, str]]:
        """Return what stands for the whole content of each cache, by node and kind."""
        return {node: kinds for answer in self._all("digests") for node, kinds in json.loads(answer).items()}

    def close(self) -> None:
        """End them."""
        for child in self._children:
            child.close()

    def _all(self, command: str) -> list[str]:
        for child in self._children:
            child.send(command)
        return [child.receive() for child in self._children]


def digest(objects: Mapping[Key, Kept]) -> str:
    """Return what two caches have in common only if their whole content is the same."""
    lines = sorted(json.dumps([*key, kept.uid, kept.text]) for key, kept in objects.items())
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


class _Caching:
    def __init__(self, access: Path, directory: Path, nodes: Iterable[str]) -> None:
        clock = SystemClock()
        self._servings = {
            node: Serving(
                Place(directory=directory / node, node=node),
                lambda: kubeconfig.load(str(access)),
                environ={},
                clock=clock,
                jitter=random.random,
                journal=Journal(io.StringIO(), clock),
            )
            for node in nodes
        }

    def answer(self, command: str) -> object:
        answers = {"start": self._start, "look": self._look, "memory": _resident, "digests": self._digests}
        return answers[command]()

    def _start(self) -> None:
        for serving in self._servings.values():
            serving.start()
        threading.Thread(target=self._tend, daemon=True).start()

    def _tend(self) -> None:
        while True:
            for serving in self._servings.values():
                serving.tend()
            threading.Event().wait(_TEND)

    def _look(self) -> object:
        return [
            {
                "node": node,
                "kind": kind,
                "current": found.current and found.standing.watching,
                "objects": found.size.objects,
                "characters": found.size.characters,
                "lists": found.standing.lists,
                "watches": found.standing.watches,
                "failures": found.standing.failures,
                "trouble": found.standing.trouble,
            }
            for node, serving in self._servings.items()
            for kind, found in serving.figures().caches.items()
        ]

    def _digests(self) -> object:
        return {
            node: {kind: digest(serving._caches[kind]._objects) for kind in KINDS}
            for node, serving in self._servings.items()
        }


def _resident() -> int:
    """Return what the process has for itself, shared libraries left out, in bytes."""
    gc.collect()
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return 1024 * sum(int(line.split()[1]) for line in lines if line.startswith(("Private_Dirty:", "Private_Clean:")))


def main(access: Path, directory: Path, nodes: list[str]) -> None:
    """Answer until standard input ends."""
    caching = _Caching(access, directory, nodes)
    for line in sys.stdin:
        print(json.dumps(caching.answer(line.strip())), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
