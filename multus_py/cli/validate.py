"""`multus validate FILE...`: what is wrong with manifests and configurations, before a pod finds out."""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from multus_py.cli import parsers, screen
from multus_py.findings import finding as model
from multus_py.findings.finding import Finding, Severity

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from multus_py.cli.parsers import Commands
    from multus_py.cluster.port import Cluster


def register(commands: Commands) -> None:
    """Add the command."""
    parser = parsers.add_command(
        commands,
        "validate",
        "find what is wrong with manifests and configurations",
        description="Check NetworkAttachmentDefinitions, pods and what makes pods, 00-multus.conf and other CNI "
        "configurations, and the daemon's configuration: each by itself, and against each other. docs/findings.md "
        "explains what it may find.",
        examples=(
            ("multus validate networks.yaml deployment.yaml", "files, and whether they fit together"),
            ("kubectl get net-attach-def -A -o yaml | multus validate -", "what is in a cluster"),
            ("multus validate --strict -o sarif manifests/", "a directory, for a code host's review"),
        ),
        statuses={1: "there are errors (with --strict: or warnings)"},
    )
    parser.add_argument("files", nargs="+", metavar="FILE", help="YAML or JSON; a directory for all in it; - for stdin")
    parsers.add_output(parser, "text", "json", "sarif")
    parser.add_argument("--strict", action="store_true", help="warnings count as errors")
    parser.add_argument(
        "-n", "--namespace", default="default", help="where objects go that do not say so (%(default)s)"
    )
    parsers.add_kubeconfig(parser, "look definitions up in this cluster, too, when one is not in the files")
    parser.add_argument(
        "--conf-dir",
        type=Path,
        default=Path("/etc/cni/multus/net.d"),
        metavar="DIR",
        help="where a node has configurations for definitions without one (%(default)s)",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Check, show, and say by the exit status how it went."""
    from multus_py.validate import checking  # 30 ms of yaml and ipaddress, which other commands do without

    contents, findings = _read(arguments.files)
    cluster, problem = _cluster(arguments.kubeconfig)
    findings += problem
    try:
        with screen.waiting("checking"):
            findings += checking.validate(
                contents,
                namespace=arguments.namespace,
                cluster=cluster,
                on_node=partial(_is_on_node, arguments.conf_dir) if arguments.conf_dir.is_dir() else None,
            )
    finally:
        if cluster is not None:
            cluster.close()
    _show(findings, arguments.output, files=len(contents))
    return model.exit_status(findings, strict=arguments.strict)


def _read(names: Sequence[str]) -> tuple[list[tuple[str, bytes]], list[Finding]]:
    contents, findings = [], []
    for file in dict.fromkeys(file for name in names for file in _expanded(name)):
        try:
            contents.append((file, _content(file)))
        except OSError as error:
            findings.append(
                Finding(
                    id="unreadable-file",
                    severity=Severity.ERROR,
                    problem=f"cannot be read: {error.strerror}",
                    remedy="Correct the name, or the permissions; of a directory, only the files right in it are read.",
                    file=file,
                )
            )
    return contents, findings


def _content(file: str) -> bytes:
    """Return what a file holds, or as much of it as is needed to see that it is too large. Raises OSError."""
    from multus_py.validate import reading

    if file == "-":
        return sys.stdin.buffer.read(reading.LARGEST + 1)
    with Path(file).open("rb") as stream:
        return stream.read(reading.LARGEST + 1)


def _expanded(name: str) -> list[str]:
    """Return the files that a name stands for: in a directory, those that may be manifests or configurations.

    A directory without any stands for itself, which cannot be read: nobody is to be told that nothing is wrong there.
    """
    suffixes = {".yaml", ".yml", ".json", ".conf", ".conflist"}
    if name == "-" or not Path(name).is_dir():
        return [name]
    return sorted(str(path) for path in Path(name).iterdir() if path.suffix in suffixes and path.is_file()) or [name]


def _cluster(kubeconfig: Path | None) -> tuple[Cluster | None, list[Finding]]:
    """Return the way to the cluster, or the finding that there is none."""
    if kubeconfig is None:
        return None, []
    from multus_py.attach.adapters import DirectCluster
    from multus_py.attach.settings import Settings
    from multus_py.base import log
    from multus_py.cluster.errors import ClusterError

    try:
        way = DirectCluster(dict(os.environb))
        return way.named(Settings(kubeconfig=str(kubeconfig)), log=log.Log(log.Options())), []
    except ClusterError as error:
        remedy = "Give a kubeconfig that can be read."
        finding = Finding(id="cluster-unavailable", severity=Severity.ERROR, problem=str(error), remedy=remedy)
        return None, [finding]


def _is_on_node(directory: Path, name: str) -> bool:
    from multus_py.cni import conf

    try:
        conf.find(str(directory), name)
    except conf.ConfError:
        return False
    return True


def _show(findings: list[Finding], output: str, *, files: int) -> None:
    from multus_py.findings import rendering
    from multus_py.validate import rules

    if output == "json":
        print(rendering.json(findings))
    elif output == "sarif":
        print(rendering.sarif(findings, rules=rules.RULES))
    else:
        screen.lines(rendering.text(findings))
        summary = rendering.summary(findings) or "nothing wrong"
        print(f"{files} {'file' if files == 1 else 'files'}: {summary}")
