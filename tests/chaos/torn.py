"""State files that a crash or somebody else has spoilt; and a reboot: namespaces gone, the state directory still there.

Every call answers with one document, and DEL releases what plugins keep on disk. Where a thing stands in a file's place
that nobody may remove unasked (a directory), DEL says so, and works as soon as it has gone.
"""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from random import Random

from tests.chaos.case import Case
from tests.chaos.scene import Scene, document
from tests.integration.flows.world import Pod
from tests.unit.attach import test_torn_state
from tests.unit.attach.world import World

NOBODY = 65534
SECRET = b"a file of somebody else, which nobody may write to\n"
FILES = ("record", "result of eth0", "result of net1", "result of net2", "lock", "half a record", "device information")
_BYTES = 40
"""How many bytes one case of tearing goes through; more cases follow."""


def cases(scene: Scene, random: Random) -> Iterator[Case]:
    """Return a case for each file and each way of spoiling it, for cuts after every byte, and for reboots."""
    for (spoiling, spoil), name in itertools.product(SPOILING.items(), FILES):
        yield Case(f"{name}: {spoiling}", partial(_spoilt, name=name, spoil=spoil))
    for name in test_torn_state.FILES:
        for first in range(0, 1600, _BYTES):
            yield Case(f"{name} cut after {first} bytes and more", partial(_cut, name=name, first=first))
    for torn in (None, *FILES[:4]):
        yield Case(f"reboot, {torn or 'nothing'} torn", partial(_reboot, torn=torn, size=random.randrange(400)))


def _place(scene: Scene, pod: Pod, name: str) -> Path:
    """Return the path of one of a pod's files."""
    container_id = pod.sandbox.container_id
    if name.startswith("result"):
        network = {"eth0": "cluster", "net1": "data", "net2": "chain"}[name[-4:]]
        return next((scene.node.state / "results").glob(f"*{network}-{container_id}-*"))
    if name == "device information":
        return next((scene.run / "k8s.cni.cncf.io").rglob(f"*{container_id}*"))
    hidden = {"record": container_id, "lock": f".{container_id}.lock", "half a record": f".{container_id}.tmp"}
    return scene.node.state / hidden[name]


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)


def _owner(path: Path, _victim: Path) -> None:
    path.touch()
    os.chown(path, NOBODY, NOBODY)
    path.chmod(0)


def _directory(path: Path, _victim: Path) -> None:
    _remove(path)
    (path / "inside").mkdir(parents=True)


def _link(path: Path, victim: Path) -> None:
    _remove(path)
    path.symlink_to(victim)


def _dangling(path: Path, victim: Path) -> None:
    _remove(path)
    path.symlink_to(victim.with_name("nowhere"))


def _loop(path: Path, _victim: Path) -> None:
    _remove(path)
    path.symlink_to(path)


def _noise(path: Path, _victim: Path) -> None:
    path.write_bytes(os.urandom(3000))


def _huge(path: Path, _victim: Path) -> None:
    path.write_bytes(b'{"kind": "cniCacheV1"' + bytes(30 << 20))


SPOILING: dict[str, Callable[[Path, Path], None]] = {
    "another user's": _owner,
    "a directory": _directory,
    "a link to a file": _link,
    "a link to nowhere": _dangling,
    "a link to itself": _loop,
    "noise": _noise,
    "30 MB": _huge,
}


def _spoilt(scene: Scene, *, name: str, spoil: Callable[[Path, Path], None]) -> None:
    pod = scene.attached()
    path, victim = _place(scene, pod, name), scene.run / "victim"
    victim.write_bytes(SECRET)
    spoil(path, victim)
    for command in ("CHECK", "STATUS", "GC"):
        _call(scene, command, pod)
    said = _call(scene, "DEL", pod)
    assert victim.read_bytes() == SECRET
    assert not victim.with_name("nowhere").exists()
    if said:
        assert str(path) in str(said["msg"]), said
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        assert not _call(scene, "DEL", pod)
    elif path.is_dir():
        shutil.rmtree(path)
    scene.nothing_left(pod)
    victim.unlink()


def _call(scene: Scene, command: str, pod: Pod) -> dict[str, object]:
    """Make a call about a pod; return the error, or nothing."""
    about = pod if command in {"CHECK", "DEL"} else None
    sandbox = about.sandbox if about else None
    with scene.bounded():
        said = document(scene.runtime.start(command, sandbox, extra=scene.request_of(about)))
    return {**said} if "code" in said else {}


def _cut(_: Scene, *, name: str, first: int) -> None:
    """Cut a file after some bytes, one after the other; in this process, for there are thousands of them."""
    with tempfile.TemporaryDirectory() as directory:
        world = test_torn_state.prepared(World(Path(directory)))
        test_torn_state.cut(world, name, range(first, first + _BYTES))


def _reboot(scene: Scene, *, torn: str | None, size: int) -> None:
    pod = scene.attached()
    if torn:
        path = _place(scene, pod, torn)
        path.write_bytes(path.read_bytes()[:size])
    pod.sandbox.namespace.remove()
    scene.drop_device_information()
    scene.is_gone(pod)
