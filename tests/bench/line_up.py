"""Who takes part: every variant that is there, and why the others are not."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench import daemon, networks, thick
from tests.bench.cluster import Cluster
from tests.bench.daemon import Daemon, DaemonError
from tests.bench.measure import Subject
from tests.bench.results import DAEMON, PEER, THICK
from tests.bench.site import Site
from tests.bench.variants import Bare, Meta

PARALLEL = 4
"""How many extra networks a pod has when they are made at once."""


@dataclass
class LineUp:
    """The variants of a run."""

    subjects: list[Subject] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    """What is left out, and why."""

    @property
    def labels(self) -> dict[str, str]:
        """Return the variants' names by their keys, in the order of the tables."""
        return {subject.variant.key: subject.variant.label for subject in self.subjects}

    @property
    def daemons(self) -> dict[str, int]:
        """Return the process ids of the daemons, by the names of their variants."""
        variants = [subject.variant for subject in self.subjects]
        return {variant.label: variant.daemon for variant in variants if isinstance(variant, Meta) and variant.daemon}

    @property
    def crowd(self) -> list[Subject]:
        """Return those that take part with many pods at once."""
        return [subject for subject in self.subjects if not subject.parallel]


@dataclass(frozen=True)
class _Programs:
    """What every meta-plugin is given."""

    place: Site
    kubeconfig: Path
    plugins: Path
    cluster_network: Mapping[str, object]

    def meta(self, key: str, label: str, *argv: str, parallel: bool = False, daemon: Daemon | None = None) -> Meta:
        """Return the variant that is this program, with a state directory of its own, and maybe a daemon."""
        config = networks.multus(
            self.cluster_network,
            kubeconfig=self.kubeconfig,
            plugins=self.plugins,
            state=self.place.directory / f"state-{key}",
            parallel=parallel,
            daemon=daemon.directory if daemon else None,
        )
        return Meta(key, label, argv, config, self.plugins, daemon.pid if daemon else 0)


def assemble(stack: ExitStack, place: Site, api: Cluster, *, single: Path, peer: Path | None, plugins: Path) -> LineUp:
    """Find and prepare the variants; what is installed or started is removed or ended with the stack."""
    cluster_network = networks.primary(place.leases)
    programs = _Programs(place, api.kubeconfig, plugins, cluster_network)
    made = LineUp([Subject(Bare(plugins, [cluster_network, *networks.extras(place.leases).values()]))])
    _add_built(made, programs, stack, single)
    made.subjects.append(Subject(programs.meta("module", "python -m multus_py", sys.executable, "-m", "multus_py")))
    if peer is None:
        made.skipped.append("the Go Multus: none was named (make bench-peer builds it, --peer names it)")
    else:
        made.subjects.append(Subject(programs.meta(PEER, "Go Multus, thin", str(peer))))
        _add_thick(made, programs, stack, peer)
    return made


def _add_built(made: LineUp, programs: _Programs, stack: ExitStack, single: Path) -> None:
    """Add the single file, the layout that it installs, and that again with a daemon and with parallel attachments."""
    if not single.exists():
        made.skipped.append(f"the single file and the installed layout: there is no {single} (make build)")
        return
    directory = programs.place.directory / "bin"
    directory.mkdir()
    command = [str(single.resolve()), "install", "--cni-bin-dir", str(directory)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    made.subjects.append(Subject(programs.meta("single", "single file", command[0])))
    if done.returncode != 0:
        made.skipped.append(
            f"the installed layout: `{' '.join(command)}` failed: {(done.stdout + done.stderr).strip()}"
        )
        return
    program = str(directory / "multus")
    made.subjects.append(Subject(programs.meta("installed", "installed", program)))
    _add_daemon(made, programs, stack, Path(program))
    parallel = programs.meta("installed-parallel", "installed, parallelAttachments", program, parallel=True)
    made.subjects.append(Subject(parallel, counts=(PARALLEL,), parallel=True))


def _add_daemon(made: LineUp, programs: _Programs, stack: ExitStack, program: Path) -> None:
    try:
        running = stack.enter_context(
            daemon.running(
                program,
                kubeconfig=programs.kubeconfig,
                directory=programs.place.directory / "daemon",
                node=programs.place.name,
            )
        )
    except DaemonError as error:
        made.skipped.append(f"the installed layout with a daemon: {error}")
        return
    made.subjects.append(Subject(programs.meta(DAEMON, "installed, daemon", str(program), daemon=running)))


def _add_thick(made: LineUp, programs: _Programs, stack: ExitStack, peer: Path) -> None:
    shim, daemon = peer.with_name("multus-shim"), peer.with_name("multus-daemon")
    if not (shim.exists() and daemon.exists()):
        made.skipped.append(f"the Go Multus, thick: there is no multus-shim and multus-daemon beside {peer}")
        return
    directory = programs.place.directory / "thick"
    directory.mkdir()
    try:
        running = stack.enter_context(
            thick.running(
                daemon,
                kubeconfig=programs.kubeconfig,
                directory=directory,
                plugins=programs.plugins,
                cluster_network=programs.cluster_network,
            )
        )
    except thick.ThickError as error:
        made.skipped.append(f"the Go Multus, thick: {error}")
        return
    variant = Meta(THICK, "Go Multus, thick", (str(shim),), running.config, programs.plugins, running.pid)
    made.subjects.append(Subject(variant))
