"""The daemon, put together: the one place where its parts get the machine's clock, signals, directories and sockets."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, TextIO

from multus_py.base.clock import SystemClock
from multus_py.daemon import health
from multus_py.daemon.configuration import Configuration
from multus_py.daemon.endpoints import Answer, Endpoints
from multus_py.daemon.journal import Journal
from multus_py.daemon.metrics import Metrics
from multus_py.daemon.service import Service
from multus_py.daemon.signals import Stop
from multus_py.daemon.state import State
from multus_py.daemon.watching import Directories

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from multus_py.base.clock import Clock
    from multus_py.daemon.health import Verdict
    from multus_py.hostconfig.options import Options


@dataclass(frozen=True, kw_only=True)
class Setup:
    """What a daemon is told at its start."""

    load: Callable[[], Options]
    """Returns the options of the node's configuration; raises HostConfigError."""
    config_file: Path | None = None
    """Where they come from, if they may change there."""
    skip_config_watch: bool = False
    """Whether to configure the node once, and then only to renew its token and CA."""
    restoring: Callable[[], str] = lambda: ""
    """Asked when a signal has come: why the node is to be as it was before Multus; "" for a stop like any other."""
    uninstall: Callable[[], Sequence[Path]] = lambda: ()
    """What else has to go then, after the configuration: returns what is gone; raises HostConfigError."""
    metrics_address: str = ""
    """The IP address that answers probes and Prometheus; "" for all of the machine's."""
    metrics_port: int = 0
    """The port; 0 for none."""
    version: str
    build: str = ""
    """Which build of the version it is; "" when it runs from source."""


def run(setup: Setup, *, environment: Mapping[str, str], stderr: TextIO) -> int:
    """Run the daemon until a signal asks it to stop; return its exit status.

    Raises:
        HostConfigError: The options are wrong.
    """
    clock = SystemClock()
    node = Configuration(
        setup.load, file=setup.config_file, once=setup.skip_config_watch, environment=environment, clock=clock
    )
    journal = Journal(stderr, clock)
    state = State(beat=clock.monotonic())
    endpoints = Endpoints(
        address=setup.metrics_address, port=setup.metrics_port, routes=_routes(setup, state=state, clock=clock)
    )
    with (
        Stop() as stop,
        contextlib.closing(Directories(wake=stop.fd)) as watcher,
        contextlib.closing(endpoints),
    ):
        journal.note("started", version=setup.version, build=setup.build or "source")
        service = Service(
            node, watcher=watcher, stop=stop, state=state, journal=journal, clock=clock, each_round=endpoints.start
        )
        service.run()
        journal.note("stopping", signal=stop.signal)
        reason = setup.restoring()
        if reason:
            journal.note("restoring", why=reason)
        clean = service.leave(restoring=bool(reason), then=setup.uninstall)
    return 0 if clean else 1


def _routes(setup: Setup, *, state: State, clock: Clock) -> dict[str, Callable[[str], Answer]]:
    metrics = Metrics(state.read, version=setup.version, build=setup.build)

    def expose(accept: str) -> Answer:
        content_type, body = metrics.expose(accept)
        return Answer(status=HTTPStatus.OK, content_type=content_type, body=body)

    return {
        "/healthz": lambda _: _probe(health.alive(state.read(), monotonic=clock.monotonic())),
        "/readyz": lambda _: _probe(health.ready(state.read())),
        "/metrics": expose,
    }


def _probe(verdict: Verdict) -> Answer:
    status = HTTPStatus.OK if verdict.good else HTTPStatus.SERVICE_UNAVAILABLE
    return Answer(status=status, body=f"{verdict.reason}\n".encode())
