"""Machines made of namespaces, and the daemons on them. Nothing of Kubernetes here.

A machine has its own network, mounts, processes and host name, and the machine's file system but for a few folders.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.e2e.waiting import wait_for

# Reaps what loses its parent, as bash does with any child; the kernel ends everything else when it ends.
_INIT = """
for folder in "${@:4}"; do mount --bind "$2$folder" "$folder" || exit; done
mount --bind "$3" /var/log && mount -t tmpfs -o mode=755 tmpfs /run && mkdir /run/netns /run/lock || exit
for setting in vm/overcommit_memory vm/panic_on_oom kernel/panic kernel/panic_on_oops kernel/keys/root_maxkeys \
        kernel/keys/root_maxbytes; do
    # Not per namespace, and kubelet sets them: it gets copies to set.
    mkdir -p "/run/settings/${setting%/*}" && cat "/proc/sys/$setting" >"/run/settings/$setting" &&
        mount --bind "/run/settings/$setting" "/proc/sys/$setting" || exit
done
mount --make-rshared / && hostname "$1" && ip link set lo up || exit
touch /run/booted
while :; do sleep infinity & wait $!; done
"""
OWN = ("/var/lib/cni", "/var/lib/containerd", "/var/lib/kubelet", "/etc/cni", "/opt/cni")
"""The folders that each machine has for itself, beside /run, and /var/log, which is its folder of logs. They have to
exist, to be mounted over."""


class Daemon:
    """A program that runs until it is stopped. Its output goes to the end of a log file."""

    def __init__(self, argv: Sequence[str], *, log: Path, nested: bool = False) -> None:
        """Start it.

        Args:
            argv: The command line.
            log: Where its output goes.
            nested: Whether the command line starts the program as its child and waits for it.
        """
        self.name = log.stem
        self.log = log
        self._nested = nested
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            # Away from the terminal's process group: Ctrl-C is for the cases, which then stop their daemons.
            self._process = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
            )

    @property
    def ended(self) -> bool:
        """Whether it is gone, by itself or stopped."""
        return self._process.poll() is not None

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End it, and wait until it is gone; one that does not go in 20 seconds is killed."""
        self._send(number)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._send(signal.SIGKILL)
            self._process.wait()

    def _send(self, number: signal.Signals) -> None:
        for pid in children(self._process.pid) if self._nested else [self._process.pid]:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass


class Machine:
    """A machine: booted, halted and booted again at will. Its own folders live on; /run does not."""

    def __init__(self, name: str, *, state: Path, logs: Path) -> None:
        """Prepare the folders."""
        self.name = name
        self.state = state / name
        self.logs = logs / name
        self._daemons: list[Daemon] = []
        self._unshare: Daemon | None = None
        self.pid = 0
        """The first process inside, as its own namespaces' files are reached from outside: /proc/<pid>/ns."""
        for folder in OWN:
            (self.state / folder[1:]).mkdir(parents=True, exist_ok=True)

    def boot(self) -> None:
        """Start the machine: no daemons yet, and no interface but `lo`."""
        apart = ["unshare", "--net", "--mount", "--pid", "--uts", "--fork", "--kill-child", "--mount-proc"]
        argv = [*apart, "bash", "-c", _INIT, "init", self.name, str(self.state), str(self.logs), *OWN]
        self._unshare = Daemon(argv, log=self.logs / "init.log", nested=True)
        wait_for(self._booted, f"{self.name} boots", timeout=10)

    def _booted(self) -> bool:
        assert self._unshare is not None
        assert not self._unshare.ended, self._unshare.log.read_text()
        self.pid = next(iter(children(self._unshare._process.pid)), 0)
        return bool(self.pid) and self.path("/run/booted").exists()

    def halt(self) -> None:
        """Pull the plug: every process ends at once."""
        if self._unshare is not None:
            self._unshare.stop(signal.SIGKILL)
            for daemon in self._daemons:
                daemon.stop(signal.SIGKILL)
            self._unshare, self._daemons, self.pid = None, [], 0

    def start(self, argv: Sequence[str], *, name: str = "") -> Daemon:
        """Start a daemon."""
        name = name or Path(argv[0]).name
        daemon = Daemon(self._command(argv), log=self.logs / f"{name}.log", nested=True)
        self._daemons.append(daemon)
        return daemon

    def run(self, argv: Sequence[str], *, check: bool = True, timeout: float = 60) -> str:
        """Run a program to its end and return what it printed.

        Raises:
            RuntimeError: It failed, and `check` is set.
        """
        return run(self._command(argv), check=check, timeout=timeout)

    def path(self, inside: str) -> Path:
        """Return how the machine's file is reached from outside."""
        return Path(f"/proc/{self.pid}/root{inside}")

    def _command(self, argv: Sequence[str]) -> list[str]:
        return ["nsenter", f"--target={self.pid}", "--net", "--mount", "--pid", "--uts", "--", *argv]


def run(argv: Sequence[str], *, check: bool = True, timeout: float = 60, stdin: str = "") -> str:
    """Run a program to its end and return what it printed.

    Raises:
        RuntimeError: It failed, and `check` is set.
    """
    done = subprocess.run(argv, input=stdin, capture_output=True, text=True, check=False, timeout=timeout)
    if check and done.returncode:
        raise RuntimeError(f"{' '.join(argv)}: exit status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def children(pid: int) -> list[int]:
    """Return the processes that a process has started."""
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except (ProcessLookupError, FileNotFoundError):
        return []
