"""Calls of the built program as a runtime makes them, and what to know of the processes that come of it."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from tests.fakes.plugins import PluginDirectory


class Caller:
    """Makes calls of a program that has one delegate, `bridge`."""

    def __init__(self, program: Path, delegates: PluginDirectory, directory: Path) -> None:
        self.program = directory / "multus"
        self.program.symlink_to(program)  # a name that no other process has in its command line
        self.delegates = delegates
        self.temporary = directory / "tmp"
        self.temporary.mkdir()
        self.settings: dict[str, object] = {}
        """More keys of the configuration."""
        self._directory = directory

    def config(self) -> bytes:
        """Return the configuration, which needs no cluster unless `settings` name one."""
        version = "1.1.0"
        return json.dumps(
            {
                **self.settings,
                "cniVersion": version,
                "name": "net",
                "type": "multus",
                "cniDir": str(self._directory / "state"),
                "binDir": self.delegates.path,
                "delegates": [{"cniVersion": version, "name": "cluster", "type": "bridge"}],
            }
        ).encode()

    def environ(self, verb: str, **more: str) -> dict[str, str]:
        """Return the variables of a call."""
        variables = {name.decode(): text.decode() for name, text in self.delegates.environ.items()}
        variables |= {"CNI_COMMAND": verb, "CNI_CONTAINERID": "container1", "CNI_IFNAME": "eth0"}
        variables |= {"CNI_NETNS": "/nowhere/net", "CNI_PATH": self.delegates.path, "TMPDIR": str(self.temporary)}
        return variables | more

    def start(self, verb: str, **more: str) -> subprocess.Popen[bytes]:
        """Start a call; its configuration has been sent."""
        process = subprocess.Popen(
            [self.program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self.environ(verb, **more),
        )
        assert process.stdin
        process.stdin.write(self.config())
        process.stdin.close()
        process.stdin = None
        return process

    def call(self, verb: str, **more: str) -> subprocess.CompletedProcess[bytes]:
        """Make a call."""
        with self.start(verb, **more) as process:
            stdout, stderr = process.communicate(timeout=30)
        return subprocess.CompletedProcess([self.program], process.returncode, stdout, stderr)


def running(path: Path) -> list[int]:
    """Return the pids of the processes that were started by some path."""
    return [pid for pid in _pids() if os.fsencode(path) in _arguments(pid)]


def _pids() -> list[int]:
    return [int(process.name) for process in Path("/proc").iterdir() if process.name.isdigit()]


def _arguments(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:  # it has ended
        return []


def eventually(condition: Callable[[], object], *, seconds: float = 10) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.01)
