"""Many pods at once: calls are killed, overlap, come from two versions of the plugin, and GC runs in between.

In the end the addresses that are allocated are the ones in use, each pod that was told so has what its status says, and
nothing else exists.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from random import Random

from multus_py.lab.objects import Object
from multus_py.lab.runtime import Call, PluginError, Runtime
from tests.chaos.case import Case
from tests.chaos.scene import Scene
from tests.integration.flows.world import Pod

LARGEST = 100
WORKERS = 8
SECONDS = 1.5
"""About what a call takes in a crowd: kills and overlaps are spread over it."""
PAIRS = (("ADD", "DEL"), ("DEL", "ADD"), ("DEL", "DEL"), ("ADD", "ADD"), ("ADD", "CHECK"), ("ADD", "GC"))


def cases(scene: Scene, random: Random) -> Iterator[Case]:
    """Return crowds of several sizes, and calls that overlap for one container."""
    for size in (LARGEST, 25, 25, 8):
        crowd = partial(_crowd, size=size, seed=random.random())
        yield Case(f"{size} pods at once", crowd, always=size == LARGEST)
    for first, second in PAIRS:
        for _ in range(5):
            wait = random.random() * SECONDS / 2
            name = f"{second} {wait * 1000:.0f} ms after the begin of {first}, for one container"
            yield Case(name, partial(_overlap, first=first, second=second, wait=wait))


class Life:
    """What happens to one pod of a crowd: a few calls, some of them killed, and whether it runs in the end."""

    def __init__(self, scene: Scene, pod: Pod, runtimes: list[Runtime], seed: float) -> None:
        """Let a pod live as the seed says; each of its calls is made by one of the versions."""
        self._scene = scene
        self._random = Random(seed)
        self._runtimes = runtimes
        self.pod = pod
        self.runs = False

    def go(self) -> None:
        """Live."""
        self._add()
        while self._random.random() < 0.5:
            self._delete()
            self._add()
        if self._random.random() < 0.4:
            self._delete()

    def _add(self) -> None:
        """Attach the pod; one that was killed, or failed, is deleted, as runtimes do."""
        runtime = self._random.choice(self._runtimes)
        if self._random.random() < 0.3:
            self._kill(runtime.start("ADD", self.pod.sandbox))
            self._delete()
            return
        self.pod.result = runtime.add(self.pod.sandbox)
        self.runs = True

    def _delete(self) -> None:
        """Detach the pod; again, if that was killed."""
        runtime = self._random.choice(self._runtimes)
        self.runs = False
        while self._random.random() < 0.3:
            self._kill(runtime.start("DEL", self.pod.sandbox, extra=self._scene.request_of(self.pod)))
        runtime.delete(self.pod.sandbox)
        assert self.pod.names == [], self.pod.names
        self.pod.result = {}

    def _kill(self, call: Call) -> None:
        threading.Event().wait(self._random.random() * SECONDS)
        call.kill()


def _crowd(scene: Scene, *, size: int, seed: float) -> None:
    random = Random(seed)
    runtimes = scene.versions()
    lives = [Life(scene, scene.fresh(), runtimes, random.random()) for _ in range(size)]
    over = threading.Event()
    with ThreadPoolExecutor(WORKERS + 1) as pool:
        collecting = pool.submit(_collect, scene, over)
        try:
            for done in [pool.submit(life.go) for life in lives]:
                done.result()
        finally:
            over.set()
        assert collecting.result() > 0, "GC never ran"
    running = [life.pod for life in lives if life.runs]
    for pod in running:
        scene.is_as_told(pod)
    for life in lives:
        if not life.runs:
            assert life.pod.names == [], life.pod.names
            scene.forget(life.pod)
    living = (scene.neighbour, *running)
    assert _allocated(scene) == {(pod.sandbox.container_id, address) for pod in living for address in _used(pod)}
    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(lambda pod: scene.runtime.delete(pod.sandbox), running))
    for pod in running:
        scene.forget(pod)
    scene.is_clean()


def _collect(scene: Scene, over: threading.Event) -> int:
    """Run GC again and again; all sandboxes that the runtime has are valid. Return how often."""
    times = 0
    while not over.wait(SECONDS):
        scene.runtime.collect([pod.sandbox for pod in scene.pods])
        times += 1
    return times


def _allocated(scene: Scene) -> set[tuple[str, str]]:
    """Return which container has which address, as host-local has it on disk."""
    files = (path for path in scene.node.addresses.rglob("*") if path.is_file())
    return {
        (path.read_text().split()[0], path.name)
        for path in files
        if path.name != "lock" and not path.name.startswith("last_reserved_ip.")
    }


def _used(pod: Pod) -> list[str]:
    return [address.partition("/")[0] for name in pod.names for address in pod.addresses(name)]


def _overlap(scene: Scene, *, first: str, second: str, wait: float) -> None:
    pod = scene.fresh()
    if first == "DEL":
        scene.add(pod)
    calls = [_start(scene, first, pod)]
    threading.Event().wait(wait)
    calls.append(_start(scene, second, pod))
    told = [_told(call) for call in calls]
    if (first, second) == ("ADD", "ADD"):
        assert sorted(told) == [False, True], "one of them attaches the pod, the other one is refused"
        scene.is_as_told(pod)
    elif (first, second) in {("ADD", "CHECK"), ("ADD", "GC")}:
        assert told[0], "the ADD must not be disturbed"
    if (first, second) == ("DEL", "DEL"):
        assert told == [True, True]
        scene.nothing_left(pod)
    else:
        scene.is_gone(pod)


def _start(scene: Scene, command: str, pod: Pod) -> Call:
    if command == "GC":
        return scene.runtime.start("GC", extra=scene.request_of(None))
    seen: Object = {"prevResult": {"cniVersion": "1.0.0"}}
    extra = seen if command == "CHECK" else scene.request_of(pod)
    return scene.runtime.start(command, pod.sandbox, extra=extra)


def _told(call: Call) -> bool:
    """Tell whether a call succeeded."""
    try:
        call.result()
    except PluginError as error:
        if error.code < 0:
            raise  # no error document
        return False
    return True
