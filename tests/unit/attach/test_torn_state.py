"""State files as a crash of the machine leaves them: every call answers, and DEL takes everything back all the same.

Each file of a pod with three attachments is cut, filled with zeros, and so on, one at a time. `make chaos` cuts them
after every byte, with the same functions; here it is every 97th.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from multus_py.cni.errors import CNIError
from tests.unit.attach.world import World

ATTACHMENTS = ["DEL bridge eth0", "DEL ipvlan net2", "DEL macvlan net1"]
FILES = ["c1", "results/cluster-c1-eth0", "results/a-c1-net1", "results/b-c1-net2"]

TEARS: dict[str, Callable[[bytes], bytes]] = {
    "nothing": lambda _: b"",
    "zeros": lambda whole: bytes(len(whole)),
    "the end is zeros": lambda whole: whole[: len(whole) // 2] + bytes(len(whole) - len(whole) // 2),
    "the beginning is missing": lambda whole: whole[len(whole) // 2 :],
    "something else is in front": lambda whole: b"\x7fELF" + whole,
    "twice": lambda whole: whole * 2,
    "of somebody else": lambda _: b'{"kind": "something", "of": ["somebody", "else"]}',
    "another list": lambda _: b'[1, null, {"Bytes": 3}]',
    "a number": lambda _: b"7",
}


def prepared(world: World) -> World:
    """Put a pod with two networks into a world, ready to be attached."""
    for kind in ("bridge", "macvlan", "ipvlan"):
        world.plugin(kind)
    for name, kind in (("a", "macvlan"), ("b", "ipvlan")):
        world.put_nad(name, {"cniVersion": "1.0.0", "type": kind})
    world.put_pod("a,b")
    world.keys["logFile"] = ""  # thousands of calls
    return world


@pytest.fixture(name="attached")
def _attached(world: World) -> World:
    return prepared(world)


def contents(world: World) -> dict[Path, bytes]:
    """Return the state files of an attached pod, at the moment."""
    return {world.state / name: (world.state / name).read_bytes() for name in FILES}


def restore(world: World, files: dict[Path, bytes]) -> None:
    """Let all state files be there again."""
    for path, whole in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(whole)
    world.run.calls.clear()


def survives(world: World, what: str) -> None:
    """Assert that every call answers, and that DEL calls all plugins and leaves nothing."""
    for call in (world.check, world.status, lambda: world.collect(("c1", "eth0"))):
        with contextlib.suppress(CNIError):  # anything else ends the test
            call()
    world.run.calls.clear()
    world.delete()
    assert sorted(world.run.names()) == ATTACHMENTS, what
    assert world.left_behind() == [], what


def cut(world: World, name: str, lengths: Iterable[int]) -> None:
    """Attach the pod, and cut one of its files to each of several lengths, as far as it is that long."""
    world.add()
    files = contents(world)
    torn = world.state / name
    for length in lengths:
        if length < len(files[torn]):
            restore(world, files)
            torn.write_bytes(files[torn][:length])
            survives(world, f"{name} cut after {length} bytes")


@pytest.mark.parametrize("name", FILES)
def test_a_file_cut_somewhere_costs_no_attachment(attached: World, name: str) -> None:
    cut(attached, name, range(0, 1600, 97))


@pytest.mark.parametrize("tear", TEARS.values(), ids=list(TEARS))
@pytest.mark.parametrize("name", FILES)
def test_a_file_of_nonsense_costs_no_attachment(attached: World, name: str, tear: Callable[[bytes], bytes]) -> None:
    attached.add()
    torn = attached.state / name
    torn.write_bytes(tear(torn.read_bytes()))
    survives(attached, name)


@pytest.mark.parametrize("lost", FILES[1:])
def test_a_torn_record_and_a_torn_result_cost_the_one_attachment_that_nobody_knows_of(
    attached: World, lost: str
) -> None:
    """There is nothing left to know it from; but its file goes, and the others are taken back."""
    attached.add()
    (attached.state / "c1").write_bytes(b"")
    (attached.state / lost).write_bytes(b"")
    attached.run.calls.clear()
    attached.delete()
    assert len(attached.run.names()) == 2
    assert attached.left_behind() == []
