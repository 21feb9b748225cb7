"""The system refuses, at any step of ADD, DEL, GC, once or from there on; then the cause goes, and DEL leaves nothing.

A full disk, a read-only one, one with errors, no descriptors, no processes. An ADD that fails has undone itself as far
as the system let it; one that succeeds has done everything.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from functools import partial
from random import Random

from multus_py.lab.objects import Object
from multus_py.lab.runtime import Call
from tests.chaos import stale, stepping
from tests.chaos.case import Case
from tests.chaos.scene import Scene

REFUSALS = sorted({*stepping.FAULTS} - {"kill"})


def cases(scene: Scene, random: Random) -> Iterator[Case]:
    """Return a case for each refusal at each step; whether it stays is drawn for each."""
    pod = scene.fresh()
    steps = {verb: scene.steps(verb, pod) for verb in ("ADD", "DEL")}
    scene.nothing_left(pod)
    half = stale.half_way(steps["ADD"])
    steps["GC"] = stale.steps(scene, half)
    for fault, (verb, noted) in itertools.product(REFUSALS, steps.items()):
        count = len(stepping.met(noted, fault))
        for number in range(1, count + 1):
            lasting = random.random() < 0.5
            name = f"{verb}: {fault} at step {number} of {count}{' and later' * lasting}"
            if verb == "GC":
                ending = random.choice(("GC", "DEL"))
                last = 0 if lasting else None
                run = partial(
                    stale.collect, fault=fault, first=number, last=last, half=half, ended=_done, ending=ending
                )
                yield Case(f"{name}, then {ending}", run)
            else:
                yield Case(name, partial(_refused, fault=fault, verb=verb, number=number, lasting=lasting))
    for room in (0, 1, 2, 4, 8, 16):
        yield Case(f"a disk of {64 + room} KiB with {room} KiB left", partial(_full, kilobytes=room))


def _refused(scene: Scene, *, fault: str, verb: str, number: int, lasting: bool) -> None:
    pod = scene.fresh() if verb == "ADD" else scene.attached()
    call, _ = scene.step(verb, pod, fault, number, 0 if lasting else None)
    said = _answer(call)
    if verb == "ADD" and "code" not in said:
        pod.result = said
        scene.is_as_told(pod)
    elif verb == "DEL" and "code" not in said:
        scene.drop_device_information()  # in /run: docs/reliability.md says why it keeps no pod
        scene.nothing_left(pod)
        return
    else:
        assert said["msg"], said
    scene.is_gone(pod)


def _done(call: Call) -> bool:
    return "code" not in _answer(call)


def _answer(call: Call) -> Object:
    """Return what a call says; it may write a traceback to stderr, as what it needs may be refused anywhere."""
    out, err = call.communicate()
    status = call.process.returncode
    assert status in {0, 1}, (status, out, err)
    said: Object = json.loads(out) if out.strip() else {}
    assert (status == 1) == ("code" in said), (said, err)
    return said


def _full(scene: Scene, *, kilobytes: int) -> None:
    """Try a disk that is full indeed: ADD fails and leaves nothing, or works; DEL works in any case."""
    size = 64 + kilobytes
    saved = scene.run / "state"
    shutil.copytree(scene.node.state, saved)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}k,mode=700", "tmpfs", scene.node.state], check=True)
    ballast = scene.node.state / "results" / ".ballast"
    try:
        shutil.copytree(saved, scene.node.state, dirs_exist_ok=True)
        running = scene.attached()
        pod = scene.fresh()
        with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(1024))
        os.truncate(ballast, max(0, ballast.stat().st_size - kilobytes * 1024))
        said = _answer(scene.runtime.start("ADD", pod.sandbox))
        if "code" in said:
            assert pod.names == [], f"not undone: {pod.names}"
        else:
            pod.result = said
            scene.is_as_told(pod)
        for each in (pod, running):
            scene.runtime.delete(each.sandbox)
            assert each.names == [], each.names
        ballast.unlink()
        scene.forget(pod)
        scene.nothing_left(running)
    finally:
        subprocess.run(["umount", scene.node.state], check=True)
        shutil.rmtree(saved)
