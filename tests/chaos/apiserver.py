"""An API server that misbehaves: the pod is attached as it should be, or there is a clear error in time.

Never a wrong attachment, never a word to another host, the token in no output, and after the DEL nothing is left.
"""

from __future__ import annotations

import datetime as dt
import secrets
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from random import Random

import trustme

from multus_py.lab import kubeconfig
from multus_py.lab.kubeconfig import Access
from tests.chaos.answers import NETWORKS, PODS, READ, ROWS, Row, by_code
from tests.chaos.case import Case
from tests.chaos.scene import Scene, document
from tests.chaos.server import Habit, Server, serving

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
_LONG_AGO = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)


def cases(scene: Scene, random: Random) -> Iterator[Case]:
    """Return a case for each thing that may be said to each question, and for each thing that TLS may be about."""
    for stage, more in (("the pod", READ | PODS), ("a network", READ | NETWORKS), ("the status", {})):
        for name, row in (ROWS | more).items():
            yield Case(f"{stage}: {name}", partial(_answered, stage=stage, row=row))
        for code in range(100, 600) if stage == "the pod" else _CODES:
            yield Case(f"code {code}: {stage}", partial(_answered, stage=stage, row=by_code(code)))
    for name, row in ROWS.items():
        yield Case(f"events: {name}", partial(_told, row=row))
    for name, problem in UNTRUSTED.items():
        yield Case(f"TLS: {name}", partial(_untrusted, name=name, problem=problem))


UNTRUSTED = {
    "another authority": "certificate",
    "an expired certificate": "expired",
    "a certificate of the future": "not yet valid",
    "the certificate of another host": "IP address mismatch",
    "names only, where the URL has an address": "IP address mismatch",
    "no TLS at all": "TLS",
}
"""Servers that are not to be trusted, and what the error says."""


def _answered(scene: Scene, *, stage: str, row: Row) -> None:
    method, part = STAGES[stage]
    habit = Habit(row.says, method, part, closes=row.closes, signs=row.signs, times=row.times)
    _tried(scene, habit, row.problem)


def _told(scene: Scene, *, row: Row) -> None:
    """Whatever is said to events does no harm."""
    _tried(scene, Habit(row.says, "POST", "/events", closes=row.closes, signs=row.signs, times=row.times), "")


def _untrusted(scene: Scene, *, name: str, problem: str) -> None:
    _tried(scene, None, problem, tls=None if name == "no TLS at all" else _context(scene, name))


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


def _tried(scene: Scene, habit: Habit | None, problem: str, *, tls: ssl.SSLContext | None = _TRUSTED) -> None:
    """Attach a pod with such a server, and assert the rule; then take it back."""
    token = f"token-{secrets.token_hex(16)}"
    scene.configured(apiTimeout=TIMEOUT)
    pod = scene.fresh()
    with ExitStack() as stack:
        other = Server(scene.api)
        elsewhere = _start(scene, stack, other, _TRUSTED)
        server = Server(scene.api, habit, elsewhere)
        access = Access(_start(scene, stack, server, tls), authority=_AUTHORITY.cert_pem.bytes(), token=token)
        kubeconfig.write(scene.node.kubeconfig, access)
        begun = time.monotonic()
        said = document(scene.runtime.start("ADD", pod.sandbox), secret=token)
        assert time.monotonic() - begun < BOUND
    assert other.questions == [], "a redirect was followed"
    for question in server.questions:
        assert question.headers["authorization"] == f"Bearer {token}"
    if not problem:
        assert "code" not in said, said
        pod.result = said
        scene.is_as_told(pod)
    else:
        assert problem in f"{said.get('msg')} {said.get('details')}", said
        assert f"{pod.namespace}/{pod.name}" in str(said["msg"]), said
        left = scene.left()
        assert not left, left
    document(scene.runtime.start("DEL", pod.sandbox, extra=scene.request_of(pod)), secret=token)
    scene.is_gone(pod)
    scene.api.kubeconfig(scene.node.kubeconfig)


def _start(scene: Scene, stack: ExitStack, server: Server, tls: ssl.SSLContext | None) -> str:
    """Start a server on the node; return its URL."""
    listener: socket.socket = scene.node.namespace.listen("127.0.0.1")
    port: int = listener.getsockname()[1]
    stack.enter_context(serving(listener, server, tls))
    return f"https://127.0.0.1:{port}"
