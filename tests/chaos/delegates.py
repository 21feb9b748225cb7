"""Delegates that misbehave: the call is right, or says clearly what is wrong, in bounded time; DEL leaves nothing."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from functools import partial
from random import Random

from multus_py.lab.objects import JSON, Object
from tests.chaos.case import Case
from tests.chaos.misfit import SAYINGS
from tests.chaos.scene import Scene, document
from tests.integration.flows.world import Pod

TIMEOUT = 4
"""The delegateTimeout where a delegate never ends, in seconds; a good one must end within it on a busy machine, too."""
ENDLESS = ("hang", "ignore signals")
BOUND = 30
"""What a call with such a limit may take on a busy machine, far below what the delegates would."""

FAILING = {
    "hang": f"did not finish within {TIMEOUT} seconds",
    "ignore signals": f"did not finish within {TIMEOUT} seconds",
    "flood": "wrote more than 16 MiB",
    "shout": "wrote more than 16 MiB",
    "result and failure": "netplugin failed with no error message: exit status 1",
    "nothing": "unexpected end of JSON input",
    "garbage": "not UTF-8 text",
    "half": "Unterminated string",
    "twice": "unexpected text after the JSON value",
    "list": "expected a JSON object, found an array",
    "text": "expected a JSON object, found a string",
    "stranger": "9.9.9",
    "wrong types": "interfaces",
    "bad index": "",
    "deep": "nested too deeply",
}
"""What makes an ADD fail, with a part of the message."""
HARMLESS = ("slow", "fork", "swap")
"""What changes nothing for the caller."""
MISSING: dict[str, tuple[str, Callable[[Scene], None]]] = {
    "is no program": ("exec format error", lambda scene: _plugin(scene, "no program", 0o755)),
    "has no interpreter": ("no such file or directory", lambda scene: _plugin(scene, "#!/nowhere/sh\n", 0o755)),
    "must not be executed": ("permission denied", lambda scene: _plugin(scene, "#!/bin/sh\n", 0o644)),
    "does not exist": ("failed to find plugin", lambda scene: None),
    "is a directory": ("failed to find plugin", lambda scene: (scene.node.plugins / "absent").mkdir()),
}


def cases(scene: Scene, random: Random) -> Iterator[Case]:
    """Return a case for each way of misbehaving, of ADD and of DEL."""
    assert {*FAILING} >= {*SAYINGS}
    for act, problem in FAILING.items():
        yield Case(f"ADD: {act}", partial(_failing_add, act=act, problem=problem))
        yield Case(f"DEL: {act}", partial(_failing_del, act=act))
    for act in HARMLESS:
        yield Case(f"ADD and DEL: {act}", partial(_harmless, act=act))
    for ending, (problem, make) in MISSING.items():
        yield Case(f"a plugin that {ending}", partial(_missing, problem=problem, make=make))
        yield Case(f"a plugin that {ending} when DEL comes", partial(_missing_later, problem=problem, make=make))
    yield Case("SIGTERM while a delegate ignores signals", _ended)
    yield Case("DEL while a delegate of a killed ADD ignores signals", _orphaned)


def _act(scene: Scene, **acts: JSON) -> Pod:
    """Make a pod whose delegate does these acts, by commands."""
    scene.configured()
    scene.api.delete("nad", "chain")
    scene.network("chain", scene.chain(act={**acts}))
    return scene.fresh()


def _limit(scene: Scene, act: str) -> None:
    """Set a limit of time for a delegate that would go beyond any."""
    scene.configured(delegateTimeout=TIMEOUT if act in ENDLESS else 0)


def _call(scene: Scene, command: str, pod: Pod) -> Object:
    begun = time.monotonic()
    with scene.bounded():
        said = document(scene.runtime.start(command, pod.sandbox, extra=scene.request_of(pod)))
    assert time.monotonic() - begun < BOUND
    return said


def _failing_add(scene: Scene, *, act: str, problem: str) -> None:
    pod = _act(scene, ADD=act)
    _limit(scene, act)
    said = _call(scene, "ADD", pod)
    if act == "bad index" and "code" not in said:
        pod.result = said
    else:
        assert problem in f"{said.get('msg')} {said.get('details')}", said
        assert pod.names == [], f"not undone: {pod.names}"
        left = scene.left()
        assert not left, left
    scene.is_gone(pod)


def _failing_del(scene: Scene, *, act: str) -> None:
    pod = _act(scene, DEL=[act, "behave"])
    scene.add(pod)
    scene.is_as_told(pod)
    _limit(scene, act)
    if "code" in _call(scene, "DEL", pod):
        assert (scene.node.state / pod.sandbox.container_id).is_file(), "nobody knows any more what is left"
        assert "eth0" not in pod.names, "a failure must not keep the others"
    scene.configured()
    scene.is_gone(pod)


def _harmless(scene: Scene, *, act: str) -> None:
    pod = _act(scene, ADD=act, DEL="behave" if act == "fork" else act)
    scene.add(pod)
    scene.is_as_told(pod)
    if act == "fork":  # a helper that goes on is the plugin's right; only its parent is waited for
        assert len(scene.delegates()) == 1
        scene.end_delegates()
    scene.is_gone(pod)
    (scene.node.plugins / "misfit").unlink()
    scene.put_misfit()


def _absent(scene: Scene, make: Callable[[Scene], None]) -> Pod:
    scene.configured()
    config = scene.chain()
    plugins = config["plugins"]
    assert isinstance(plugins, list)
    scene.api.delete("nad", "chain")
    scene.network("chain", {**config, "plugins": [plugins[0], {"type": "absent", "pids": str(scene.pids)}]})
    make(scene)
    return scene.fresh()


def _missing(scene: Scene, *, problem: str, make: Callable[[Scene], None]) -> None:
    pod = _absent(scene, make)
    said = _call(scene, "ADD", pod)
    assert problem in str(said.get("msg")).lower(), said
    _remove(scene)
    scene.is_gone(pod)


def _missing_later(scene: Scene, *, problem: str, make: Callable[[Scene], None]) -> None:
    (scene.node.plugins / "absent").symlink_to(scene.node.plugins / "misfit")
    pod = _absent(scene, lambda _: None)
    scene.add(pod)
    _remove(scene)
    make(scene)
    said = _call(scene, "DEL", pod)
    assert problem in str(said.get("msg")).lower(), said
    assert "eth0" not in pod.names
    _remove(scene)
    (scene.node.plugins / "absent").symlink_to(scene.node.plugins / "misfit")
    scene.is_gone(pod)
    _remove(scene)


def _plugin(scene: Scene, text: str, mode: int) -> None:
    path = scene.node.plugins / "absent"
    path.write_text(text)
    path.chmod(mode)


def _remove(scene: Scene) -> None:
    path = scene.node.plugins / "absent"
    path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink(missing_ok=True)


def _started(scene: Scene) -> None:
    deadline = time.monotonic() + BOUND
    while not scene.delegates():
        assert time.monotonic() < deadline, "the delegate was not started"
        time.sleep(0.01)


def _ended(scene: Scene) -> None:
    pod = _act(scene, ADD="ignore signals")
    call = scene.runtime.start("ADD", pod.sandbox)
    _started(scene)
    call.process.send_signal(signal.SIGTERM)
    out, _ = call.communicate(BOUND)
    assert "ended by signal 15" in out, out
    left = scene.left()
    assert not left, left
    scene.is_gone(pod)


def _orphaned(scene: Scene) -> None:
    pod = _act(scene, ADD="ignore signals")
    call = scene.runtime.start("ADD", pod.sandbox)
    _started(scene)
    call.kill()
    scene.is_gone(pod)
