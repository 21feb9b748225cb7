"""`multus doctor`: look at every link of the chain on this node, and say what is wrong. It changes nothing."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from multus_py.cli import parsers, screen
from multus_py.findings.finding import Finding, Severity, exit_status

if TYPE_CHECKING:
    import argparse

    from multus_py.cli.parsers import Commands
    from multus_py.doctor.check import Check
    from multus_py.doctor.options import Options


def register(commands: Commands) -> None:
    """Add the command."""
    parser = parsers.add_command(
        commands,
        "doctor",
        "say what is wrong on this node; it changes nothing",
        description="Look at every link of the chain on this node, from the file that the runtime loads to what pods "
        "have left behind, and say what is wrong and what to do. Nothing is changed, and no plugin is run.",
        examples=(
            ("multus doctor", "on a node, as root"),
            ("multus doctor --only config-first permissions", "two checks only"),
            (
                "multus doctor --output json | jq '.findings[] | select(.severity == \"error\")'",
                "the errors, for programs",
            ),
            (
                "kubectl debug node/NODE -it --image=IMAGE -- chroot /host /opt/cni/bin/multus doctor",
                "from outside the node",
            ),
        ),
        statuses={0: "all is well, or there are warnings only", 1: "there are errors"},
    )
    parsers.add_output(parser, "text", "json")
    parser.add_argument("--only", nargs="+", default=[], metavar="ID", help="run these checks only")
    parser.add_argument("-q", "--quiet", action="store_true", help="print what is wrong, and nothing else")
    parser.add_argument("--list", action="store_true", help="list the checks, and run none")
    _add_places(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Examine the node; return the exit status."""
    from multus_py.doctor import examination, table  # the library of schemas takes two tenths of a second to load
    from multus_py.doctor.view import View
    from multus_py.findings import rendering

    try:
        checks = table.chosen(arguments.only)
    except KeyError as unknown:
        print(f"multus doctor: no check has the id {unknown}; --list names all of them", file=sys.stderr)
        return 2
    if arguments.list:
        width = max(len(check.id) for check in checks)
        print("\n".join(f"{check.id:<{width}}  {check.title}" for check in checks))
        return 0
    if os.geteuid() != 0:
        print("multus doctor: this is not root: what may not be read will look like a fault", file=sys.stderr)
    shown = {Severity.ERROR, Severity.WARNING, *([] if arguments.quiet else [Severity.OK])}
    found: list[Finding] = []
    with View(_options(arguments)) as view:
        for each in examination.examine(view, checks, progress=_progress):
            found.append(each)
            if arguments.output == "text" and each.severity in shown:
                screen.lines(rendering.text([each]))
    if arguments.output == "json":
        print(rendering.json([each for each in found if each.severity in shown or not arguments.quiet]))
    elif not arguments.quiet:
        screen.lines(rendering.text(_together(found)))
        print(rendering.summary(found))
    return exit_status(found)


def _together(found: list[Finding]) -> list[Finding]:
    """Return one note for each reason that something was not looked at, with the checks that it held up."""
    notes = [each for each in found if each.severity is Severity.NOTE]
    reasons = dict.fromkeys(each.problem for each in notes)
    return [
        Finding(
            id=", ".join(each.id for each in notes if each.problem == reason), severity=Severity.NOTE, problem=reason
        )
        for reason in reasons
    ]


def _add_places(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("where to look (paths are the node's own)")
    group.add_argument("--cni-conf-dir", metavar="DIR", help="the runtime's CNI configurations (/etc/cni/net.d)")
    group.add_argument("--cni-bin-dir", metavar="DIR", help="the runtime's CNI plugins (/opt/cni/bin)")
    group.add_argument("--cni-dir", metavar="DIR", help="Multus' state (cniDir of the configuration)")
    group.add_argument(
        "--multus-autoconfig-dir", metavar="DIR", help="the primary network's configuration (as --cni-conf-dir)"
    )
    group.add_argument(
        "--kubeconfig", metavar="FILE", help="the way to the API server (kubeconfig of the configuration)"
    )
    group.add_argument(
        "--node-name", metavar="NAME", help="the node's name in the cluster (MULTUS_NODE_NAME, or the host's name)"
    )
    group.add_argument("--log-lines", type=int, metavar="N", help="how many lines at the end of the log to read (1000)")
    group.add_argument(
        "--root", type=Path, metavar="DIR", help="where the node's / is, seen from a container that has it mounted (/)"
    )


def _options(arguments: argparse.Namespace) -> Options:
    from multus_py.doctor.options import Options

    given: dict[str, object] = {
        "conf_dir": arguments.cni_conf_dir and PurePosixPath(arguments.cni_conf_dir),
        "bin_dir": arguments.cni_bin_dir and PurePosixPath(arguments.cni_bin_dir),
        "primary_dir": arguments.multus_autoconfig_dir and PurePosixPath(arguments.multus_autoconfig_dir),
        "cni_dir": arguments.cni_dir,
        "kubeconfig": arguments.kubeconfig,
        "node": arguments.node_name,
        "log_lines": arguments.log_lines,
        "root": arguments.root,
    }
    return Options(**{name: value for name, value in given.items() if value})  # type: ignore[arg-type]  # by argparse


@contextmanager
def _progress(check: Check) -> Iterator[None]:
    """Say on a terminal which check takes its time."""
    with screen.waiting(f"{check.id}: looking whether {check.title}"):
        yield
