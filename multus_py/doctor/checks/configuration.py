"""Checks of the directory that the runtime reads: is Multus there, is it first, is it what it has to be."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from multus_py.base import jsontext
from multus_py.cni.errors import CNIError
from multus_py.doctor import configuration, runtimes
from multus_py.doctor.check import BlockedError, Check, error, fine, warning
from multus_py.doctor.options import BIN_DIR, CONF_DIR
from multus_py.findings.finding import Severity
from multus_py.hostconfig import primary
from multus_py.hostconfig.layout import CILIUM
from multus_py.hostconfig.primary import UnfinishedError
from multus_py.validate import checking

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONObject
    from multus_py.doctor.view import View
    from multus_py.findings.finding import Finding
    from multus_py.hostconfig.primary import Primary

_CILIUM_REMEDY = (
    'Set Cilium\'s Helm value cni.exclusive=false (cni-exclusive: "false" in the ConfigMap cilium-config), restart its '
    "agents, and remove the renamed file."
)
_RENAME_BACK = "Rename it back, and find out who renamed it."


def present(view: View) -> Iterator[Finding]:
    """Look for our configuration, under whatever name."""
    yield fine(f"{view.configuration.path} is Multus'")


def renamed(view: View) -> Iterator[Finding]:
    """Look for Multus configurations that somebody has renamed so that no runtime finds them."""
    found = view.configuration
    if found.hidden:
        by_cilium = found.path.suffix == CILIUM
        who = "Cilium has renamed it" if by_cilium else "it was renamed"
        yield error(
            f"{who}, so the runtime starts pods without Multus",
            remedy=_CILIUM_REMEDY if by_cilium else _RENAME_BACK,
            file=str(found.path),
        )
        return
    directory = view.options.conf_dir
    for name in configuration.everything(view.root, directory):
        if name in {own + CILIUM for own in primary.OWN}:
            yield warning(
                f"Cilium has renamed Multus' configuration; {found.path.name} was put back, and Cilium may do it again",
                remedy=_CILIUM_REMEDY,
                file=str(directory / name),
            )


def first(view: View) -> Iterator[Finding]:
    """Compare the order in which a runtime takes files with ours."""
    own, directory = view.configuration, view.options.conf_dir
    there = configuration.names(view.root, directory)
    if own.hidden:
        raise BlockedError("config-renamed", f"{own.path.name} is no name that a runtime looks at")
    for name in there[: there.index(own.path.name)]:
        yield error(
            f"it comes before {own.path.name}, so the runtime uses it, without Multus (or nothing at all, if it is "
            "broken)",
            remedy="Rename or remove it, if it is not the runtime's own: names are sorted, and the first file counts.",
            file=str(directory / name),
        )
    for name in there[there.index(own.path.name) + 1 :]:
        if name in primary.OWN:
            yield warning(
                f"{own.path.name} comes first, so nobody reads this Multus configuration",
                remedy="Remove it.",
                file=str(directory / name),
            )
    yield fine(f"{own.path.name} is the first of {len(there)} files, so the runtime loads it")


def runtime(view: View) -> Iterator[Finding]:
    """Look at whether the runtime's own configuration names other directories than those that are looked at."""
    found = list(runtimes.places(view.root))
    looked_at = (
        ("configurations", "--cni-conf-dir", str(view.options.conf_dir), str(CONF_DIR)),
        ("plugins", "--cni-bin-dir", str(view.options.bin_dir), str(BIN_DIR)),
    )
    for what, flag, directory, usual in looked_at:
        named = {text: each.file for each in found for text in getattr(each, what)}
        if directory == usual and named and directory not in named:  # else somebody has said where it is
            other, file = next(iter(named.items()))
            yield warning(
                f"the runtime looks for CNI {what} in {other}, and {directory} was looked at",
                remedy=f"Run multus doctor {flag} {other}; Multus has to be there, too.",
                file=str(file),
            )
    files = ", ".join(str(each.file) for each in found)
    yield fine(f"{files} names no other directories" if files else "no runtime's configuration names other directories")


def valid(view: View) -> Iterator[Finding]:
    """Read our configuration as the plugin does, and check it as `multus validate` does."""
    own, settings = view.configuration, view.settings
    data = view.root(own.path).read_bytes()
    for found in checking.validate([(str(own.path), data)]):
        if found.severity in {Severity.ERROR, Severity.WARNING}:
            yield found
    networks = settings.cluster_network or ", ".join(network.name for network in settings.delegates)
    yield fine(f"{own.path.name} can be used: cluster network {networks}")


def cluster_network(view: View) -> Iterator[Finding]:
    """Compare the cluster network in our configuration with the file that it was made from."""
    settings = view.settings
    directory = view.options.primary_dir or view.options.conf_dir
    if settings.cluster_network:  # default-networks looks it up
        yield fine(f"the configuration refers to {settings.cluster_network}, and holds no copy of it")
        return
    own, delegate = view.configuration, settings.delegates[0]
    candidates = dict(_candidates(view, directory))
    wanted = _comparable(jsontext.loads_object(delegate.raw))
    same_name = [path for path, found in candidates.items() if found.network.name == delegate.name]
    equal = [path for path, found in candidates.items() if _comparable(found.document) == wanted]
    if equal:
        yield fine(f"the cluster network {delegate.name} is as in {equal[0].name}")
    elif same_name:
        yield warning(
            f"the cluster network {delegate.name} is not as in {same_name[0]} any more: pods get what it was",
            remedy="Let `multus daemon` run on the node, which follows the file, or run `multus install` again.",
            file=str(own.path),
        )
    else:
        there = ", ".join(f"{found.network.name} in {path.name}" for path, found in candidates.items()) or "none"
        yield warning(
            f"the cluster network {delegate.name} is in no file of {directory} (there: {there})",
            remedy="Is its network plugin still installed? If its files are elsewhere, say where with "
            "--multus-autoconfig-dir.",
            file=str(own.path),
        )


def readiness(view: View) -> Iterator[Finding]:
    """Look for the readiness indicator file."""
    path = view.settings.readiness_file
    if not path:
        yield fine("no readiness indicator file is asked for")
    elif view.seen(path).exists():
        yield fine(f"{path} is there")
    else:
        yield error(
            "the readiness indicator file is not there, so each pod waits 45 seconds for it, and fails",
            remedy="See why the cluster network's agent on this node is not ready: it makes the file "
            "(readinessindicatorfile in the configuration).",
            file=path,
        )


def _candidates(view: View, directory: PurePosixPath) -> Iterator[tuple[PurePosixPath, Primary]]:
    """Return the networks in a directory that are not Multus', those whose files were renamed by Multus included."""
    folder = view.root(directory)
    for name in configuration.everything(view.root, directory):
        if not name.removesuffix(primary.RENAMED).endswith(primary.EXTENSIONS) or name in primary.OWN:
            continue
        try:
            document = primary.parse((folder / name).read_bytes(), folder / name)
            if not primary.is_multus(document):
                yield directory / name, primary.describe(folder / name, document)
        except (OSError, ValueError, UnfinishedError, CNIError):
            continue  # no network: primary.find passes over it, too


def _comparable(document: JSONObject) -> JSONObject:
    """Return a network without what --force-cni-version changes."""
    return {key: value for key, value in document.items() if key not in {"cniVersion", "cniVersions"}}


CHECKS = (
    Check(
        id="config-present",
        title="the node has a Multus configuration",
        looks_at="The files of the directory of CNI configurations, also those that were renamed.",
        meaning="Pods start with the cluster network alone: nobody reads their annotations.",
        remedy="Let `multus daemon` run on the node, or run `multus install` there. Is it the runtime's directory?",
        look=present,
    ),
    Check(
        id="config-renamed",
        title="nobody has renamed the Multus configuration",
        looks_at="Names such as 00-multus.conf.cilium_bak (Cilium) and 00-multus.conf.old.",
        meaning="The runtime finds another configuration, or none: pods start without Multus.",
        remedy=_CILIUM_REMEDY,
        look=renamed,
    ),
    Check(
        id="config-first",
        title="the runtime loads the Multus configuration",
        looks_at="The names in the directory, in the order in which containerd and CRI-O take them: the first one "
        "counts.",
        meaning="Pods start without Multus.",
        remedy="Rename or remove what comes before it.",
        look=first,
    ),
    Check(
        id="runtime-directories",
        title="the runtime looks where doctor does",
        looks_at="The directories of CNI configurations and plugins that the configuration of containerd (k3s', RKE2's "
        "and MicroK8s' included) or CRI-O names, where none are given on the command line.",
        meaning="What other checks say is of no use, for the runtime looks elsewhere.",
        remedy="Name the runtime's directories with --cni-conf-dir and --cni-bin-dir, and install Multus there.",
        look=runtime,
    ),
    Check(
        id="config-valid",
        title="the Multus configuration can be used",
        looks_at="The file that counts, read as the plugin reads it, and checked as `multus validate` does.",
        meaning="Every pod fails, or Multus does something else than what was meant.",
        remedy="Correct the key, or let `multus daemon` make the configuration.",
        look=valid,
    ),
    Check(
        id="config-primary",
        title="the cluster network is the one of its own file",
        looks_at="The first delegate, against the files of the directory of CNI configurations.",
        meaning="Pods get a cluster network as it was once configured, or one that is not there any more.",
        remedy="Let `multus daemon` run on the node, which follows the file, or run `multus install` again.",
        look=cluster_network,
    ),
    Check(
        id="readiness",
        title="the cluster network is ready",
        looks_at="The file that `readinessindicatorfile` names.",
        meaning="Each ADD waits 45 seconds and fails.",
        remedy="See why the cluster network's agent is not ready.",
        look=readiness,
    ),
)
