"""What a result must be read with: the machine, the versions, the date, and how busy the machine was."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import multus_py


def describe(*, plugins: Path, peer: Path | None, server: str) -> dict[str, str]:
    """Return the facts by name, in the order in which they are printed."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "machine": f"{os.cpu_count()} x {_processor()}, {_memory()} GiB",
        "kernel": f"{platform.release()} {platform.machine()}",
        "system": platform.freedesktop_os_release().get("PRETTY_NAME", "unknown"),
        "load at start": " ".join(f"{load:.2f}" for load in os.getloadavg()),
        "multus-py": f"{multus_py.VERSION} ({_revision()})",
        "Python": platform.python_version(),
        "plugins": _plugin_version(plugins / "bridge"),
        "Go Multus": _peer_version(peer),
        "API server": server,
    }


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _memory() -> int:
    return round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30)


def _revision() -> str:
    root = Path(multus_py.__file__).parent.parent
    command = ["git", "-C", str(root), "describe", "--always", "--dirty", "--exclude=*"]
    return _output(command) or "not a git checkout"


def _plugin_version(plugin: Path) -> str:
    """Return what a plugin says when it is started without a verb; Debian's do not know, but their package does."""
    said = _output([str(plugin)], stderr=subprocess.STDOUT).strip()
    if said and "unknown" not in said:
        return said.splitlines()[0]
    package = _output(["dpkg-query", "--show", "--showformat=${Package} ${Version}", "containernetworking-plugins"])
    return package or f"{plugin}, unknown version"


def _output(command: list[str], *, stderr: int = subprocess.DEVNULL) -> str:
    """Return what a program prints; empty when it fails or is not there."""
    environ = {"PATH": os.environ.get("PATH", "")}
    try:
        done = subprocess.run(
            command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=stderr, env=environ, text=True
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()


def _peer_version(peer: Path | None) -> str:
    if peer is None:
        return "none to compare with (make bench-peer builds it)"
    note = peer.parent / "VERSION"  # written by build-peer; the program itself does not know
    return note.read_text().strip() if note.exists() else "unknown version"
