"""What must not grow, however many pods come and go: measured while none is there, and compared."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from multus_py.lab.netns import NETNS_DIR
from tests.integration.flows.world import World

_KERNEL_SECONDS = 20.0
"""What the kernel gets to take namespaces and their ids away, which it does when it likes."""
_TOLERATED = {"rss": (8 << 10, 0.1), "descriptors": (3, 0), "threads": (4, 0), "bytes": (64, 0)}
"""By how much the end may be above the sample after the warm-up: so many, or that part of it. All others: not at all.

A heap is never packed the same way twice; an address may have more digits than the last one. A daemon opens a
connection or starts a thread of its pool when there is more to do at once than ever before, which may happen late.
"""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """The node at rest."""

    rss: int
    """Of the daemon, in KiB."""
    descriptors: int
    """Of the daemon."""
    threads: int
    """Of the daemon."""
    files: int
    """In the directories of the state, the addresses and the socket."""
    bytes: int
    """In these files."""
    namespaces: int
    """Of the node and its pods."""
    ids: int
    """That the node has given to other namespaces (NETNSA_NSID)."""
    links: int
    """In the node."""
    objects: int
    """In the API server."""


def read(world: World) -> Sample:
    """Measure a node that has no pods, as soon as the kernel has taken theirs away."""
    deadline = time.monotonic() + _KERNEL_SECONDS
    while len(_ids(world)) > 1 and time.monotonic() < deadline:  # the way to the peer is the one that stays
        time.sleep(0.1)
    status = Path(f"/proc/{world.daemon.pid}/status").read_text().splitlines()
    numbers = {key: value.split()[0] for key, _, value in (line.partition(":") for line in status) if value.split()}
    files = [path for path in _files(world.node.state, world.node.addresses, world.daemon.directory) if path.exists()]
    kinds = ("pods", "events", "network-attachment-definitions")
    return Sample(
        rss=int(numbers["VmRSS"]),
        descriptors=len(list(Path(f"/proc/{world.daemon.pid}/fd").iterdir())),
        threads=int(numbers["Threads"]),
        files=len(files),
        bytes=sum(path.lstat().st_size for path in files),
        namespaces=len(list(NETNS_DIR.glob(f"{world.node.namespace.name}*"))),
        ids=len(_ids(world)),
        links=len(world.node.namespace.interfaces()),
        objects=sum(len(world.api.list(kind)) for kind in kinds),
    )


def grown(before: Sample, after: Sample) -> list[str]:
    """Return what has grown by more than may be."""
    found = []
    for name, was in asdict(before).items():
        number, part = _TOLERATED.get(name, (0, 0))
        now, most = asdict(after)[name], was + max(number, was * part)
        if now > most:
            found.append(f"{name}: {was} after the warm-up, {now} in the end, {most:.0f} at most")
    return found


def table(samples: Iterable[tuple[int, Sample]]) -> str:
    """Lay samples out, one line each, after so many cycles."""
    names = ["cycles", *(field.name for field in fields(Sample))]
    rows = [names, *([str(cycles), *map(str, asdict(sample).values())] for cycles, sample in samples)]
    return "\n".join("".join(cell.rjust(12) for cell in row) for row in rows)


def _files(*directories: Path) -> list[Path]:
    return [path for directory in directories for path in directory.rglob("*") if not path.is_dir()]


def _ids(world: World) -> list[str]:
    return world.node.namespace.run(["ip", "netns", "list-id"]).stdout.splitlines()
