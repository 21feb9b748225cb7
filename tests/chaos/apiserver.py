"""An API server that misbehaves: the pod is attached as it should be, or there is a clear error in time.

Never a wrong attachment, never a word to another host, the token in no output, and after the DEL nothing is left.
"""

from __future__ import annotations

import datetime as dt
import secrets
import socket
import ssl
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from random import Random

import trustme

from multus_py.lab import kubeconfig
from multus_py.lab.kubeconfig import Access
from multus_py.lab.objects import Object
from tests.chaos import peak
from tests.chaos.answers import NETWORKS, PODS, READ, ROWS, Row, by_code
from tests.chaos.case import Case
from tests.chaos.scene import Scene, document
from tests.chaos.server import Habit, Server, serving
from tests.integration.flows.world import Pod

TIMEOUT = 3
"""The apiTimeout, in seconds; a good server must answer within half of it on a busy machine, too."""
BOUND = 30
"""What a call may take on a busy machine: it asks three times, and its plugins need their time."""
STAGES = {
    "the pod": ("GET", "/pods/"),
    "a network": ("GET", "/network-attachment-definitions/"),
    "the status": ("PATCH", "/status"),
}
"""The questions of an ADD."""
_CODES = (200, 204, 301, 304, 400, 403, 404, 409, 410, 422, 429, 500, 503)
"""What is said to every question; of a pod each code there is."""
_TOGETHER, _AT_A_TIME = 20, 4
"""How many codes are one case, and how many of its calls are at work at a time: their waits pass together."""
_LONG_AGO = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)


def cases(scene: Scene, random: Random) -> Iterator[Case]:
    """Return a case for each thing that may be said to each question, and for each thing that TLS may be about."""
    for stage, more in (("the pod", READ | PODS), ("a network", READ | NETWORKS), ("the status", {})):
        for name, row in (ROWS | more).items():
            yield Case(f"{stage}: {name}", partial(_answered, stage=stage, rows={name: row}))
    for code in _CODES:
        yield Case(f"code {code}: a network", partial(_answered, stage="a network", rows=_by_codes([code])))
    yield Case(f"{len(_CODES)} codes: the status", partial(_answered, stage="the status", rows=_by_codes(_CODES)))
    for first in range(100, 600, _TOGETHER):
        codes = range(first, first + _TOGETHER)
        name = f"codes {first} to {codes[-1]}: the pod"
        yield Case(name, partial(_answered, stage="the pod", rows=_by_codes(codes)))
    for name, row in ROWS.items():
        yield Case(f"events: {name}", partial(_told, row=row))
    for name, problem in UNTRUSTED.items():
        yield Case(f"TLS: {name}", partial(_untrusted, name=name, problem=problem))


def _by_codes(codes: Iterable[int]) -> dict[str, Row]:
    return {str(code): by_code(code) for code in codes}


@dataclass(frozen=True)
class Trial:
    """A pod that is to be attached, and what has to come of it."""

    name: str
    """What is said, for people."""
    pod: Pod
    problem: str = ""
    """A part of the error's message; empty where all is right in the end."""


UNTRUSTED = {
    "another authority": "certificate",
    "an expired certificate": "expired",
    "a certificate of the future": "not yet valid",
    "the certificate of another host": "IP address mismatch",
    "names only, where the URL has an address": "IP address mismatch",
    "no TLS at all": "TLS",
}
"""Servers that are not to be trusted, and what the error says."""


def _answered(scene: Scene, *, stage: str, rows: dict[str, Row]) -> None:
    """Attach a pod for each row, some at a time. One server answers them all, each by its row."""
    method, part = STAGES[stage]
    trials = [Trial(name, scene.fresh(), row.problem) for name, row in rows.items()]
    habits = [
        Habit(row.says, method, part, "" if stage == "a network" else trial.pod.name, row.closes, row.signs, row.times)
        for trial, row in zip(trials, rows.values(), strict=True)
    ]
    _tried(scene, trials, habits, memory=max(row.memory for row in rows.values()))


def _told(scene: Scene, *, row: Row) -> None:
    """Whatever is said to events does no harm."""
    habit = Habit(row.says, "POST", "/events", closes=row.closes, signs=row.signs, times=row.times)
    _tried(scene, [Trial("events", scene.fresh())], [habit])


def _untrusted(scene: Scene, *, name: str, problem: str) -> None:
    tls = None if name == "no TLS at all" else _context(scene, name)
    _tried(scene, [Trial(name, scene.fresh(), problem)], (), tls=tls)


def _context(scene: Scene, name: str) -> ssl.SSLContext:
    """Return the TLS side of a server that nobody should trust; its clients trust `_AUTHORITY`."""
    if name == "another authority":
        issued = trustme.CA().issue_cert("127.0.0.1")
    elif name == "an expired certificate":
        issued = _AUTHORITY.issue_cert("127.0.0.1", not_before=_LONG_AGO, not_after=_LONG_AGO.replace(year=2021))
    elif name == "a certificate of the future":
        soon = dt.datetime.now(dt.UTC) + dt.timedelta(days=2)
        issued = _AUTHORITY.issue_cert("127.0.0.1", not_before=soon)
    else:
        issued = _AUTHORITY.issue_cert("192.0.2.77" if "another host" in name else "localhost")
    return _side(issued)


def _side(issued: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issued.configure_cert(context)
    return context


_AUTHORITY = trustme.CA()
_TRUSTED = _side(_AUTHORITY.issue_cert("127.0.0.1"))


def _tried(
    scene: Scene,
    trials: Sequence[Trial],
    habits: Sequence[Habit],
    *,
    tls: ssl.SSLContext | None = _TRUSTED,
    memory: int = peak.MOST,
) -> None:
    """Attach pods with such a server, and assert the rule; then take them back."""
    token = f"token-{secrets.token_hex(16)}"
    scene.configured(apiTimeout=TIMEOUT)
    with ExitStack() as stack:
        other = Server(scene.api)
        server = Server(scene.api, habits, _start(scene, stack, other, _TRUSTED))
        access = Access(_start(scene, stack, server, tls), authority=_AUTHORITY.cert_pem.bytes(), token=token)
        kubeconfig.write(scene.node.kubeconfig, access)
        with scene.bounded(memory), ThreadPoolExecutor(_AT_A_TIME) as pool:
            answers = list(pool.map(lambda trial: _call(scene, "ADD", trial.pod, token), trials))
    assert other.questions == [], "a redirect was followed"
    for question in server.questions:
        assert question.headers["authorization"] == f"Bearer {token}"
    for trial, said in zip(trials, answers, strict=True):
        _judge(scene, trial, said)
    attached, failed = ([each.pod for each in trials if bool(each.problem) == wanted] for wanted in (False, True))
    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        assert not any(pool.map(lambda pod: _call(scene, "DEL", pod, token), attached))
    left = scene.left()
    assert not left, left  # of those that failed, too, without any DEL
    for pod in failed[:1]:
        assert not _call(scene, "DEL", pod, token)
    assert token not in scene.log.read_text()
    for pod in (*attached, *failed):
        assert pod.names == [], pod.names
        scene.forget(pod)
    scene.is_clean()
    scene.api.kubeconfig(scene.node.kubeconfig)


def _call(scene: Scene, command: str, pod: Pod, token: str) -> Object:
    begun = time.monotonic()
    said = document(scene.runtime.start(command, pod.sandbox, extra=scene.request_of(pod)), secret=token)
    assert time.monotonic() - begun < BOUND
    return said


def _judge(scene: Scene, trial: Trial, said: Object) -> None:
    """Assert that a call ended as it should: in the right attachments, or with the right message."""
    if trial.problem:
        assert trial.problem in f"{said.get('msg')} {said.get('details')}", (trial.name, said)
        assert f"{trial.pod.namespace}/{trial.pod.name}" in str(said["msg"]), (trial.name, said)
    else:
        assert "code" not in said, (trial.name, said)
        trial.pod.result = said
        scene.is_as_told(trial.pod)


def _start(scene: Scene, stack: ExitStack, server: Server, tls: ssl.SSLContext | None) -> str:
    """Start a server on the node; return its URL."""
    listener: socket.socket = scene.node.namespace.listen("127.0.0.1")
    port: int = listener.getsockname()[1]
    stack.enter_context(serving(listener, server, tls))
    return f"https://127.0.0.1:{port}"
