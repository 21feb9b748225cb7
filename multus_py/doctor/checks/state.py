"""Checks of what is noted of pods on this node: readable, and of containers that are there."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from multus_py.base import jsontext
from multus_py.doctor.check import Check, SkippedError, fine, warning
from multus_py.inventory import stores
from multus_py.inventory.model import Kind

if TYPE_CHECKING:
    from multus_py.doctor.view import View
    from multus_py.findings.finding import Finding
    from multus_py.inventory.model import Container, Leak

_RECLAIM = "Run `multus gc --dry-run` on this node to see what would be reclaimed, then `multus gc`."
_FILES = frozenset(Kind) - {Kind.CONTAINER, Kind.ADDRESS}


def records(view: View) -> Iterator[Finding]:
    """Read all records and cached results."""
    state = view.state
    count = 0
    for path in _files(state):
        if stores.is_container_id(path.name):
            count += 1
            if not _holds(path, list):
                yield _torn(path, "record", "the cached results are used in its place")
    for owned in stores.owned(state / "results"):
        if not _holds(owned.path, dict):
            yield _torn(owned.path, "cached result", "the record is used in its place")
    yield fine(f"what is recorded in {view.settings.cni_dir} can be read ({count} containers)")


def containers(view: View) -> Iterator[Finding]:
    """Compare the recorded containers with what is on this machine."""
    gone = [leak for leak in view.leaks[0] if leak.kind is Kind.CONTAINER and not _interfaces(view, leak)]
    yield from map(_leaked, gone)
    yield fine(f"all recorded containers are there ({len(view.containers)})")


def interfaces(view: View) -> Iterator[Finding]:
    """Look for interfaces of containers that are gone."""
    for leak in view.leaks[0]:
        names = _interfaces(view, leak)
        if names:
            yield warning(
                f"its interface {', '.join(names)} is still on this node: {leak.reason}",
                remedy=_RECLAIM,
                subject=leak.subject,
            )
    yield fine("no interface of a container that is gone is on this node")


def addresses(view: View) -> Iterator[Finding]:
    """Compare host-local's notes with what is on this machine."""
    yield from _unowned(view, {Kind.ADDRESS})
    yield fine("host-local has given no address to a container that is gone")


def files(view: View) -> Iterator[Finding]:
    """Look for files that nobody will read."""
    yield from _unowned(view, _FILES)
    yield fine("nothing else is left over")


def _unowned(view: View, kinds: Collection[Kind]) -> Iterator[Finding]:
    """Yield what is left of containers of which nothing is recorded. Raises SkippedError when that cannot be judged."""
    found, unjudged = view.leaks
    leaks = [leak for leak in found if leak.kind in kinds]
    if unjudged and not leaks:
        raise SkippedError("; ".join(unjudged))
    yield from map(_leaked, leaks)


def _files(directory: Path) -> list[Path]:
    """Return the files of a directory; none of one that is not there: nothing has been recorded yet."""
    try:
        return sorted(path for path in directory.iterdir() if path.is_file())
    except FileNotFoundError:
        return []


def _holds(path: Path, kind: type) -> bool:
    try:
        found = jsontext.loads(path.read_bytes())
    except FileNotFoundError:
        return True  # its container has ended meanwhile
    except (OSError, jsontext.JSONError):
        return False
    return isinstance(found, kind) and bool(found)


def _torn(path: Path, what: str, instead: str) -> Finding:
    return warning(
        f"the {what} cannot be read; {instead} when the pod is deleted",
        remedy="Nothing, unless it happens again: then look at the disk (dmesg).",
        file=str(path),
    )


def _leaked(leak: Leak) -> Finding:
    kept = f"; it keeps {', '.join(leak.holds)}" if leak.holds else ""
    return warning(f"{leak.reason}{kept}", remedy=_RECLAIM, subject=leak.subject)


def _interfaces(view: View, leak: Leak) -> list[str]:
    """Return the interfaces of a leaked container that are still on the node; bridges are everybody's."""
    container: Container | None = next((each for each in view.containers if each.id == leak.container_id), None)
    links = [link for each in container.attachments for link in each.host] if container else []
    return [
        link.name
        for link in links
        if (found := view.links.get(link.name)) and found.mac == link.mac.lower() and found.kind != "bridge"
    ]


CHECKS = (
    Check(
        id="state-records",
        title="what is recorded of pods can be read",
        looks_at="All files in `cniDir` and its `results/`.",
        meaning="Pods are deleted all the same, from what else is noted of them. It should not happen: the disk may "
        "be bad.",
        remedy="Look at the disk if it happens again.",
        look=records,
        patience=30.0,
    ),
    Check(
        id="state-containers",
        title="all recorded containers are there",
        looks_at="The network namespaces that records name; where those cannot tell, processes' control groups, "
        "interfaces, and what the runtime has noted.",
        meaning="Their addresses, and whatever their plugins keep, are lost to others.",
        remedy=_RECLAIM,
        look=containers,
        patience=30.0,
    ),
    Check(
        id="leaked-interfaces",
        title="no interface is left over",
        looks_at="The interfaces on the node's side that results of containers that are gone name, by name and MAC.",
        meaning="The next pod may find the name, or the address, taken.",
        remedy=_RECLAIM,
        look=interfaces,
        patience=30.0,
    ),
    Check(
        id="leaked-addresses",
        title="no address is left over",
        looks_at="host-local's directories of all networks that Multus is known to attach, against records, "
        "processes, and the addresses in all network namespaces. What is younger than five minutes is left alone.",
        meaning='Networks run out of addresses: "no IP addresses available in range set".',
        remedy=_RECLAIM,
        look=addresses,
        patience=30.0,
    ),
    Check(
        id="leaked-files",
        title="no file is left over",
        looks_at="Device information, cached results that cannot be read, locks that nobody holds, unfinished files.",
        meaning="They take space, nothing more.",
        remedy=_RECLAIM,
        look=files,
        patience=30.0,
    ),
)
