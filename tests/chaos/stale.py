"""GC on a node with two stale containers, one complete and one whose ADD was killed half-way, beside the neighbour.

GC is killed, or refused something, at one of its steps. Whatever a runtime does then, GC once more or a DEL of the
stale ones, nothing is left of them, and the neighbour has all that it had.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from multus_py.lab.runtime import Call
from tests.chaos import stepping
from tests.chaos.scene import Scene
from tests.integration.flows.world import Pod

Ended: TypeAlias = Callable[[Call], bool]
"""Waits for the call to which something happens, looks at how it ended, and tells whether all was done nevertheless."""


def half_way(steps_of_add: list[str]) -> int:
    """Return the step before which ADD is killed: it starts the last plugin."""
    met = stepping.met(steps_of_add, "kill")
    return next(number for number, step in enumerate(met, start=1) if step.startswith("start ") and "misfit" in step)


def steps(scene: Scene, half: int) -> list[str]:
    """Return the steps of GC on such a node."""
    stale = _stale(scene, half)
    noted = scene.steps("GC", None)
    _nothing_left(scene, stale)
    return noted


def collect(scene: Scene, *, fault: str, first: int, last: int | None, half: int, ended: Ended, ending: str) -> None:
    """Let it happen, go on as a runtime does, and assert the above."""
    stale = _stale(scene, half)
    call, _ = scene.step("GC", None, fault, first, last)
    if ended(call):
        scene.drop_device_information()  # in /run: docs/reliability.md says why it keeps no pod
    elif ending == "GC":
        scene.runtime.collect([scene.neighbour.sandbox])
    else:
        for pod in stale:
            _delete(scene, pod, ending)
    _nothing_left(scene, stale)


def _stale(scene: Scene, half: int) -> tuple[Pod, Pod]:
    complete, begun = scene.attached(), scene.fresh()
    complete.result = {}  # the runtime has forgotten it
    call, _ = scene.step("ADD", begun, "kill", half)
    call.communicate()
    assert call.process.returncode == stepping.KILLED, "this step was never reached"
    return complete, begun


def _delete(scene: Scene, pod: Pod, ending: str) -> None:
    netns = None
    if ending == "DEL without its namespace":
        pod.sandbox.namespace.remove()
        netns = ""
    scene.runtime.delete(pod.sandbox, netns=netns)


def _nothing_left(scene: Scene, stale: tuple[Pod, Pod]) -> None:
    for pod in stale:
        assert not pod.sandbox.namespace.path.exists() or pod.names == [], pod.names
        scene.forget(pod)
    scene.is_clean()
