"""One step that makes a node's CNI configuration what it has to be: look, compare, repair.

A step has no memory: what it finds on the node, the options and the service account say everything. So a step may
follow another at any time, in another process too, and one without a change does nothing. What must not happen is that
the node is without a valid configuration for a moment (multus-behaviour 9.6: B28, B29, B32): the new file is there,
complete, before an old one goes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from multus_py.base import clock as clocks
from multus_py.base import files
from multus_py.hostconfig import account, layout, multusconf, placing, primary
from multus_py.hostconfig.errors import HostConfigError
from multus_py.hostconfig.options import AUTO
from multus_py.hostconfig.primary import UnfinishedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from multus_py.base.clock import Clock
    from multus_py.hostconfig.options import Options

WORDS = (
    "config-missing",  # there was none: the first, or somebody removed or renamed it
    "config-outdated",  # the primary network or the options have changed, or somebody has edited it
    "config-mode",  # its permissions were others
    "config-superfluous",  # another form or name of ours was there too, and might have come first
    "kubeconfig-missing",
    "kubeconfig-outdated",  # the token, the CA or the server's address has changed, or somebody has edited it
    "kubeconfig-mode",
    "primary-renamed",  # to FILE.old, as --rename-conf-file says
    "temporary-removed",  # an unfinished file of a step that was cut short
)
_SOON = 300.0


@dataclass(frozen=True, kw_only=True)
class Change:
    """One thing that was repaired."""

    what: str
    """A short stable word, for a metric's label: one of WORDS."""
    path: Path
    why: str
    """What was found, for a person."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What one step found and did."""

    changes: tuple[Change, ...] = ()
    warnings: tuple[str, ...] = ()
    """What a person should know. A text stays the same as long as its reason lasts."""
    waiting: str = ""
    """What the node's configuration still lacks; empty when it is complete."""
    token_expires: float | None = None
    """When the token in the kubeconfig expires (seconds since 1970); None when it does not, or says nothing of it."""


def reconcile(options: Options, *, environment: Mapping[str, str], clock: Clock) -> Outcome:
    """Make the node's configuration what it has to be.

    Args:
        options: What it is made from.
        environment: Where KUBERNETES_SERVICE_HOST and the like are looked for.
        clock: Tells whether the token expires, and how long another installer may take.

    Raises:
        HostConfigError: What only a person can mend: the path, what is wrong, what to do. Whatever was valid on the
            node before stays.
    """
    try:
        with placing.locked(options.cni_conf_dir, clock):
            return _Step(options, clock).run(environment)
    except OSError as error:
        raise HostConfigError(
            f"{error.filename or options.cni_conf_dir}: {error.strerror}; the node's CNI configuration directory has "
            "to be there and writable (--cni-conf-dir)"
        ) from error


def watched(options: Options) -> tuple[Path, ...]:
    """Return the directories whose changes call for a step; not all of them need exist."""
    directories = [options.cni_conf_dir, layout.kubeconfig(options).parent]
    if options.multus_conf_file == AUTO:
        directories.append(options.autoconfig_dir)
    else:
        directories.append(Path(options.multus_conf_file).parent)
    if layout.wants_kubeconfig(options):
        directories.append(options.service_account_dir)
    return tuple(dict.fromkeys(directories))


class _Step:
    """One step: what it was given, and what it has found and done so far."""

    def __init__(self, options: Options, clock: Clock) -> None:
        self._options = options
        self._clock = clock
        self._directory = options.cni_conf_dir
        self._changes: list[Change] = []
        self._warnings: list[str] = list(options.warnings)

    def run(self, environment: Mapping[str, str]) -> Outcome:
        """Do it; the kubeconfig first, for who finds the configuration uses it at once."""
        self._clean()
        expires = self._kubeconfig(environment) if layout.wants_kubeconfig(self._options) else None
        if self._options.multus_cni_conf_dir:
            files.make_directories(str(self._options.multus_cni_conf_dir), 0o755)
        waiting = self._generated() if self._options.multus_conf_file == AUTO else self._copied()
        self._look_around()
        return Outcome(
            changes=tuple(self._changes),
            warnings=tuple(dict.fromkeys(self._warnings)),
            waiting=waiting,
            token_expires=expires,
        )

    def _clean(self) -> None:
        kubeconfig = layout.kubeconfig(self._options)
        names = frozenset({*layout.names(self._options), kubeconfig.name})
        for directory in (self._directory, kubeconfig.parent):
            for path in placing.unfinished(directory, names):  # nobody is writing: the lock is ours
                files.remove(str(path))
                self._changed("temporary-removed", path, "a step was cut short")

    def _kubeconfig(self, environment: Mapping[str, str]) -> float | None:
        """Write the kubeconfig; what is there stays, with a warning, when it cannot be made."""
        path = layout.kubeconfig(self._options)
        try:
            found = account.read(self._options, environment)
        except HostConfigError as error:
            if not path.exists():
                raise
            self._warnings.append(f"{path} stays as it is: {error}")
            return None
        why = "the service account or the API server's address differ from what it said"
        self._bring("kubeconfig", path, found.kubeconfig, why)
        self._check_expiry(found.expires)
        return found.expires

    def _check_expiry(self, expires: float | None) -> None:
        if expires is not None and expires - self._clock.now() < _SOON:
            self._warnings.append(
                f"the service account's token in {self._options.service_account_dir} expires at "
                f"{clocks.rfc3339(expires)}, and Kubernetes has not replaced it: look at the kubelet's log"
            )

    def _generated(self) -> str:
        """Write the configuration for the primary network; return what there is to wait for."""
        search = primary.find(self._options)
        self._warnings += search.warnings
        if search.primary is None:
            return self._keep(search.problem)
        generated = multusconf.generate(search.primary, self._options)
        self._warnings += generated.warnings
        why = f"{search.primary.path} and the options say something else"
        self._bring("config", self._directory / generated.name, generated.data, why)
        self._drop(generated.other, f"the configuration is in {generated.name}")
        self._rename(search.primary)
        return ""

    def _copied(self) -> str:
        """Copy the file that somebody else has written; return what there is to wait for (B31)."""
        source, name = Path(self._options.multus_conf_file), layout.copied_name(self._options)
        if not name.endswith(primary.EXTENSIONS):
            known = ", ".join(primary.EXTENSIONS)
            raise HostConfigError(f"{source}: runtimes read files that end in {known}, so name it like that")
        try:
            data = primary.read(source)
            document = primary.parse(data, source)
        except (UnfinishedError, FileNotFoundError) as error:
            return self._keep(f"{source} is not there" if isinstance(error, FileNotFoundError) else str(error))
        except ValueError as error:
            raise HostConfigError(f"{source}: {error}") from error
        problems = multusconf.problems(document)
        if problems:
            raise HostConfigError(f"{source} is no valid Multus configuration: {'; '.join(problems)}")
        self._bring("config", self._directory / name, data, f"{source} says something else")
        for form in layout.FORMS:
            if form != name:
                self._drop(form, f"the configuration is in {name}")
        return ""

    def _keep(self, problem: str) -> str:
        """Let things be; a node that has a configuration goes on working with it, another one waits."""
        there = layout.in_place(self._options)
        if not there:
            return problem
        self._warnings.append(f"{problem}; {next(iter(there))} stays as it is")
        return ""

    def _rename(self, found: primary.Primary) -> None:
        path = found.path
        if self._options.rename_conf_file and not path.name.endswith(primary.RENAMED):
            path.rename(path.with_name(path.name + primary.RENAMED))
            files.sync_directory(str(path.parent))
            self._changed("primary-renamed", path, "--rename-conf-file")

    def _look_around(self) -> None:
        """Warn of what others do to us, or will."""
        ours = [path.name for path in layout.in_place(self._options)]
        for form in layout.FORMS if ours else ():
            renamed = self._directory / (form + layout.CILIUM)
            if renamed.exists():
                self._warnings.append(
                    f"Cilium has renamed {form} to {renamed}, as it does with every configuration that is not its own: "
                    "it was put back, and Cilium may do it again. Set Cilium's Helm value cni.exclusive=false "
                    f'(cni-exclusive: "false" in the ConfigMap cilium-config), then remove {renamed.name}'
                )
        for name in files.list_directory(str(self._directory), *primary.EXTENSIONS) if ours else ():
            if name < ours[0]:
                self._warnings.append(
                    f"{self._directory / name} comes before {ours[0]}, so the runtime uses it, without Multus: "
                    "remove or rename it"
                )

    def _bring(self, kind: str, path: Path, data: bytes, why: str) -> None:
        reasons = {"missing": "it was not there", "mode": "others could read it", "outdated": why}
        wrong = placing.bring(path, data)
        if wrong:
            self._changed(f"{kind}-{wrong}", path, reasons[wrong])

    def _drop(self, name: str, why: str) -> None:
        """Remove a file that would compete with the one just written (B37)."""
        if files.remove(str(self._directory / name)):
            files.sync_directory(str(self._directory))
            self._changed("config-superfluous", self._directory / name, why)

    def _changed(self, what: str, path: Path, why: str) -> None:
        self._changes.append(Change(what=what, path=path, why=why))
