"""The daemon, put together: the one place where its parts get the machine's clock, signals, directories and sockets."""

from __future__ import annotations

import contextlib
import random
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, TextIO

from multus_py.base.clock import SystemClock
from multus_py.cluster.errors import ConfigError
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
    from multus_py.cluster.kubeconfig import Access
    from multus_py.daemon.health import Verdict
    from multus_py.daemon.serving import Place, Serving
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
    place: Place | None = None
    """Where to serve calls of the plugin from memory; None for nowhere."""
    access: Callable[[], Access | None] = lambda: None
    """Returns where the API server is and who we are, as it is by now; raises ClusterError."""
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
    serving = _serving(setup, environment=environment, clock=clock, journal=journal)
    routes = _routes(setup, state=state, serving=serving, clock=clock)
    endpoints = Endpoints(address=setup.metrics_address, port=setup.metrics_port, routes=routes)
    with (
        Stop() as stop,
        contextlib.closing(Directories(wake=stop.fd)) as watcher,
        contextlib.closing(endpoints),
        contextlib.closing(serving) if serving else contextlib.nullcontext(),
    ):
        journal.note("started", version=setup.version, build=setup.build or "source")
        if serving:
            serving.start()
        service = Service(
            node,
            watcher=watcher,
            stop=stop,
            state=state,
            journal=journal,
            clock=clock,
            each_round=lambda: [endpoints.start(), *(serving.tend() if serving else ())],
        )
        service.run()
        journal.note("stopping", signal=stop.signal)
        reason = setup.restoring()
        if reason:
            journal.note("restoring", why=reason)
        clean = service.leave(restoring=bool(reason), then=setup.uninstall)
    return 0 if clean else 1


def _serving(setup: Setup, *, environment: Mapping[str, str], clock: Clock, journal: Journal) -> Serving | None:
    if setup.place is None:
        return None
    from multus_py.daemon.serving import Serving  # brings TLS: 2 MB, of no use to a daemon without a socket

    def access() -> Access:
        found = setup.access()
        if found is None:
            raise ConfigError("there is neither a service account nor a kubeconfig")
        return found

    environ = {name.encode(): text.encode() for name, text in environment.items()}
    return Serving(setup.place, access, environ=environ, clock=clock, jitter=random.random, journal=journal)


def _routes(setup: Setup, *, state: State, serving: Serving | None, clock: Clock) -> dict[str, Callable[[str], Answer]]:
    metrics = Metrics(
        state.read,
        serving=lambda: serving.figures() if serving else None,
        version=setup.version,
        build=setup.build,
    )

    def expose(accept: str) -> Answer:
        content_type, body = metrics.expose(accept)
        return Answer(status=HTTPStatus.OK, content_type=content_type, body=body)

    def alive(_accept: str) -> Answer:
        stuck = serving.stuck() if serving else ""
        return _probe(health.alive(state.read(), monotonic=clock.monotonic(), stuck=stuck))

    return {"/healthz": alive, "/readyz": lambda _: _probe(health.ready(state.read())), "/metrics": expose}


def _probe(verdict: Verdict) -> Answer:
    status = HTTPStatus.OK if verdict.good else HTTPStatus.SERVICE_UNAVAILABLE
    return Answer(status=status, body=f"{verdict.reason}\n".encode())
