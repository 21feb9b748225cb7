"""Checks of the plugins' programs: there, executable, and for this machine; all that configurations and NADs name."""

from __future__ import annotations

import os
import platform
import stat
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from multus_py.doctor import usage
from multus_py.doctor.check import Check, error, fine, warning

if TYPE_CHECKING:
    from multus_py.doctor.view import View
    from multus_py.findings.finding import Finding

_ELF = b"\x7fELF"
_ORDER = {1: "<", 2: ">"}  # EI_DATA: least, or most significant byte first
_MACHINES = {
    3: "i686",
    21: "ppc64le",
    22: "s390x",
    40: "arm",
    62: "x86_64",
    183: "aarch64",
    243: "riscv64",
    258: "loongarch64",
}
"""What ELF calls machines."""
_ALSO = {"x86_64": "i686", "aarch64": "arm"}
"""What a machine runs besides: programs of 32 bits."""
_LINE = 512


def present(view: View) -> Iterator[Finding]:
    """Look for a file of each type's name."""
    for type, users in sorted(_types(view).items()):
        search = view.search if users else (str(view.options.bin_dir),)  # binDir is Multus', and it is the runtime's
        if _find(view, type, search) is None:
            names = ", ".join(used.subject for used in users) or "the runtime"
            say = error if any(used.needed for used in users) or not users else warning
            yield say(
                f"the plugin {type} is in none of {', '.join(search)}; {names} wants it",
                remedy=f"Install it there, e.g. from containernetworking-plugins, or correct the type {type}."
                if users
                else f"Run multus install {search[0]}, as the DaemonSet's init container does.",
                subject=users[0].subject if users else "",
            )
    yield fine(f"all plugins are there: {', '.join(sorted(_types(view)))}{usage.extent(view)}")


def executable(view: View) -> Iterator[Finding]:
    """Look at their permissions."""
    for type, path in _programs(view):
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode) or not mode & (stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH):
            yield error(
                f"the plugin {type} cannot be executed (mode {stat.S_IMODE(mode):04o})",
                remedy=f"Run chmod 0755 {path}, or install it again.",
                file=str(path),
            )
    yield fine("all of them are executable")


def architecture(view: View) -> Iterator[Finding]:
    """Look at their first bytes: a program of this machine, or a script whose interpreter is there."""
    for type, path in _programs(view):
        problem = _unfit(view, path)
        if problem:
            yield error(
                f"the plugin {type} cannot run here: {problem}",
                remedy="Install the plugin for this machine; an installer's image may be of another architecture.",
                file=str(path),
            )
    yield fine(f"all of them are for {platform.machine()}, or scripts")


def _types(view: View) -> dict[str, list[usage.Used]]:
    """Return all plugins that are needed, with the networks that need them; nobody for Multus itself."""
    found: dict[str, list[usage.Used]] = {str(view.configuration.plugin.get("type") or "multus"): []}
    for used in view.networks:
        for type in used.types:
            found.setdefault(type, []).append(used)
    return found


def _programs(view: View) -> Iterator[tuple[str, Path]]:
    for type in sorted(_types(view)):
        path = _find(view, type, view.search)
        if path is not None:
            yield type, path


def _find(view: View, type: str, search: tuple[str, ...]) -> Path | None:
    """Return the first file of a name in the directories of plugins (cni-behaviour 8.6.2)."""
    for directory in search if "/" not in type else ():
        path = view.seen(f"{directory}/{type}")  # where a link leads to
        if path.is_file():
            return path
    return None


def _unfit(view: View, path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(_LINE)
    if head.startswith(b"#!"):
        words = head[2:].split(b"\n")[0].split()
        interpreter = os.fsdecode(words[0]) if words else ""
        there = bool(interpreter) and view.seen(interpreter).exists()
        return "" if there else f"its interpreter {interpreter} is not there"
    if not head.startswith(_ELF) or len(head) < 20:
        return "it is neither a program nor a script" if head else "it is empty"
    found = struct.unpack_from(f"{_ORDER.get(head[5], '<')}H", head, 18)[0]
    its, ours = _MACHINES.get(found, f"another machine ({found})"), platform.machine()
    family = "arm" if ours.startswith("armv") else ours
    return "" if its in {family, _ALSO.get(family)} else f"it is for {its}, and this machine is {ours}"


CHECKS = (
    Check(
        id="plugin-present",
        title="all plugins are there",
        looks_at="--cni-bin-dir for Multus; `binDir` and --cni-bin-dir for each type, IPAM plugins and chained ones "
        "included, that the configuration and all NADs name.",
        meaning='Pods of these networks fail: "failed to find plugin". For NADs that no pod of this node wants it is a '
        "warning: they may be meant for other nodes.",
        remedy="Install the plugin on the node, or correct its name in the NAD.",
        look=present,
    ),
    Check(
        id="plugin-executable",
        title="all plugins can be executed",
        looks_at="The permissions of these files.",
        meaning='Pods of these networks fail: "permission denied".',
        remedy="chmod 0755, or install the plugin again.",
        look=executable,
    ),
    Check(
        id="plugin-architecture",
        title="all plugins are for this machine",
        looks_at="The first bytes of these files: the ELF header, or the interpreter that a script names. Nothing is "
        "run.",
        meaning='Pods of these networks fail: "exec format error", or "no such file or directory" for a file that is '
        "there.",
        remedy="Install the plugin for this machine's architecture.",
        look=architecture,
    ),
)
