"""How long the parts of a call take: for the report of which the daemon makes metrics, so that slow plugins show."""

from __future__ import annotations

from multus_py.cluster.port import Phase, Report

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from multus_py.attach.work import Work
    from multus_py.base.clock import Clock, Deadline
    from multus_py.base.process import Outcome, Program, Run, Started


class Stopwatch:
    """Measures one call, from when it is made."""

    def __init__(self, clock: Clock) -> None:
        """Start."""
        self._clock = clock
        self._started = clock.monotonic()
        self._phases: list[Phase] = []

    def delegates(self, work: Work, *, meanwhile: Callable[[], object] | None = None) -> Work:
        """Return the same call, with every plugin that it runs measured.

        Args:
            work: The call.
            meanwhile: Done while the first plugin is at work.
        """
        timed = _Timed(work.executor.run, self, verb=work.request.call.command, meanwhile=meanwhile)
        return work.replace(executor=work.executor.replace(run=timed))

    def phase(self, name: str, plugin: str = "") -> _Phase:
        """Return a context whose time is noted under this name, however it ends."""
        return _Phase(self._clock, self._phases, name, plugin)

    def report(self, verb: str, *, succeeded: bool, networks: Iterable[str] = ()) -> Report:
        """Return what has been measured so far."""
        seconds = self._clock.monotonic() - self._started
        return Report(
            verb=verb, succeeded=succeeded, seconds=seconds, networks=tuple(networks), phases=tuple(self._phases)
        )


class _Phase:
    """A part of the call that is going on."""

    def __init__(self, clock: Clock, phases: list[Phase], name: str, plugin: str) -> None:
        self._clock = clock
        self._phases = phases
        self._name = name
        self._plugin = plugin
        self._started = 0.0

    def __enter__(self) -> None:
        self._started = self._clock.monotonic()

    def __exit__(self, *_exception: object) -> None:
        seconds = self._clock.monotonic() - self._started
        self._phases.append(Phase(name=self._name, plugin=self._plugin, seconds=seconds))


class _Timed:
    """Runs programs, and notes how long each took."""

    def __init__(self, run: Run, stopwatch: Stopwatch, *, verb: str, meanwhile: Callable[[], object] | None) -> None:
        self._run = run
        self._stopwatch = stopwatch
        self._verb = verb.encode()
        self._meanwhile = meanwhile

    def __call__(self, program: Program, deadline: Deadline, *, started: Started | None = None) -> Outcome:
        """Run one."""

        def begun(pid: int) -> None:
            if started is not None:
                started(pid)
            self._use_the_time()

        name = "delegate" if program.environ.get(b"CNI_COMMAND") == self._verb else "undo"
        with self._stopwatch.phase(name, program.argv[0].rpartition("/")[2]):
            return self._run(program, deadline, started=begun)

    def _use_the_time(self) -> None:
        meanwhile, self._meanwhile = self._meanwhile, None
        if meanwhile is not None:
            meanwhile()
