"""Multus is killed before every step of ADD, DEL, GC: the next DEL, or GC, leaves nothing, and the next ADD works."""

from __future__ import annotations

import contextlib
import itertools
import re
import subprocess
from collections.abc import Iterator
from functools import partial
from random import Random

from multus_py.lab.faults import Answer, Fault
from multus_py.lab.runtime import Call
from tests.chaos import stale, stepping
from tests.chaos.case import Case
from tests.chaos.scene import Scene
from tests.integration.flows.world import Pod

MOMENTS, SECONDS = 4, 0.7
"""How often each verb is killed at some moment, and how long it may take: for the build, which has steps of its own."""
_CHANGING = re.compile(r"[0-9a-f]{64}|pipe:.*|^\d+$")
"""Container ids, pipes and process ids."""
ENDINGS = ("DEL", "GC", "DEL without its namespace")
"""How a runtime goes on after a crash: it deletes the sandbox, or has forgotten it, or the namespace is gone."""


def cases(scene: Scene, random: Random) -> Iterator[Case]:
    """Return a case for each step of each verb; how the runtime goes on is drawn for each."""
    pod = scene.fresh()
    steps = {"ADD": scene.steps("ADD", pod), "DEL": scene.steps("DEL", pod)}
    scene.nothing_left(pod)
    with _mute(scene):
        pod = scene.fresh()
        steps["undoing ADD"] = scene.steps("ADD", pod)
    scene.is_gone(pod)
    half = stale.half_way(steps["ADD"])
    steps["GC"] = stale.steps(scene, half)
    for verb, noted in steps.items():
        found = stepping.met(noted, "kill")
        first = found.index("ask write_status") + 2 if verb == "undoing ADD" else 1
        for number, step in enumerate(found[first - 1 :], start=first):
            ending = random.choice(ENDINGS)
            name = f"{verb} is killed before step {number} of {len(found)} ({_short(step)}), then {ending}"
            if verb == "GC":
                yield Case(name, partial(_killed_collecting, number=number, half=half, ending=ending))
            else:
                yield Case(name, partial(_killed, verb=verb, number=number, ending=ending))
    for version, parallel, verb in itertools.product(range(len(scene.versions())), (False, True), ("ADD", "DEL")):
        for _ in range(MOMENTS):
            seconds = random.random() * SECONDS
            which = f"version {version}{', attaching in parallel,' * parallel}"
            name = f"{verb} of {which} is killed after {seconds * 1000:.0f} ms"
            run = partial(_killed_some_time, version=version, verb=verb, seconds=seconds, parallel=parallel)
            yield Case(name, run)


@contextlib.contextmanager
def _mute(scene: Scene) -> Iterator[None]:
    """Let no network status be written: an ADD does everything then, and takes everything back."""
    scene.api.inject(Fault(Answer(403), method="PATCH", times=None))
    try:
        yield
    finally:
        scene.api.heal()


def _killed(scene: Scene, *, verb: str, number: int, ending: str) -> None:
    pod = scene.attached() if verb == "DEL" else scene.fresh()
    with _mute(scene) if verb == "undoing ADD" else contextlib.nullcontext():
        call, _ = scene.step(verb.rpartition(" ")[2], pod, "kill", number)
        call.communicate()
    assert call.process.returncode == stepping.KILLED, "this step was never reached"
    go_on(scene, pod, ending)


def _killed_collecting(scene: Scene, *, number: int, half: int, ending: str) -> None:
    def ended(call: Call) -> bool:
        call.communicate()
        assert call.process.returncode == stepping.KILLED, "this step was never reached"
        return False

    stale.collect(scene, fault="kill", first=number, last=None, half=half, ended=ended, ending=ending)


def _killed_some_time(scene: Scene, *, version: int, verb: str, seconds: float, parallel: bool) -> None:
    scene.configured(parallelAttachments=parallel)
    runtime = scene.versions()[version]
    pod = scene.fresh() if verb == "ADD" else scene.attached()
    call = runtime.start(verb, pod.sandbox, extra=scene.request_of(pod))
    with contextlib.suppress(subprocess.TimeoutExpired):
        call.process.wait(seconds)
    call.kill()
    scene.configured()
    go_on(scene, pod, "DEL")


def go_on(scene: Scene, pod: Pod, ending: str) -> None:
    """Go on as a runtime does after a crash, and then once more from the start."""
    if ending == "DEL without its namespace":
        pod.sandbox.namespace.remove()
    elif ending == "DEL":
        scene.runtime.delete(pod.sandbox)
        assert pod.names == [], f"{pod.names} in the pod's namespace"
        scene.add(pod)
        scene.is_as_told(pod)
    scene.is_gone(pod, command=ending[:3].strip())


def _short(step: str) -> str:
    """Return a step without what is another one in the next run: a case is repeated by its name."""
    kind, _, what = step.partition(" ")
    return f"{kind} {_CHANGING.sub('', what.rpartition('/')[2])}".strip()
