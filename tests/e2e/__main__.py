"""Runs the cases in namespaces of their own: `python -m tests.e2e [CASE...]` (`make e2e`, `make e2e CASE=F1`).

Another program that needs what the cases need is run in their place by `--run=MODULE` (`make scale`).

The run has a network, a mount and a process namespace. When it ends, in whatever way, the kernel ends every process in
it and drops every mount and interface; what is left are folders, which are removed here.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.e2e.machine import OWN, children

_HERE = Path(__file__).parent
_INSIDE = "MULTUS_E2E_WORK"
"""Set in the namespaces, for the cases: the folder for all that they write."""


_RUN = "--run="


def main(arguments: list[str]) -> int:
    """Run the cases, all of them when none is named, or another program; return the exit status."""
    if _INSIDE in os.environ:
        return _be_init([sys.executable, "-m", *_program(arguments)])
    if os.geteuid():
        print("make e2e: makes namespaces and starts containers, so it must be root: sudo make e2e", file=sys.stderr)
        return 1
    tools = subprocess.run([_HERE / "tools" / "build"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    _wait_for_others(tools)
    work = Path(tempfile.mkdtemp(prefix="multus-e2e-"))
    missing = [Path(folder) for folder in OWN if not Path(folder).exists()]
    for folder in missing:
        folder.mkdir()
    # However this process ends, the kernel ends `unshare` with it, and all of the namespaces with that.
    apart = ["setpriv", "--pdeathsig=KILL", "unshare", "--net", "--mount", "--pid", "--fork", "--kill-child"]
    run = subprocess.Popen(
        [*apart, "--mount-proc", sys.executable, "-m", "tests.e2e", *arguments],
        env=_environment() | {_INSIDE: str(work), "MULTUS_E2E_TOOLS": tools},
    )
    # Ctrl-C reaches the cases by itself, as they are in the terminal's process group; SIGTERM may be for us alone.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: _terminate(*children(run.pid)))
    status = run.wait()
    _remove_cgroups(work.name)
    for folder in missing:
        folder.rmdir()
    shutil.rmtree(work / "state", ignore_errors=True)  # an empty folder: what was mounted there is gone
    if not (work / "logs").exists():
        shutil.rmtree(work)
    else:
        print(f"the logs of every component are in {work / 'logs'}")
    return status


def _program(arguments: list[str]) -> list[str]:
    """Return the module to run, and its arguments."""
    if arguments and arguments[0].startswith(_RUN):
        return [arguments[0].removeprefix(_RUN), *arguments[1:]]
    return ["tests.e2e.report", *arguments]


def _wait_for_others(folder: str) -> None:
    """Wait for other runs on this machine: they would share its mount points. The lock ends with this process."""
    lock = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print("waiting for the end of another run", flush=True)
        fcntl.flock(lock, fcntl.LOCK_EX)


def _terminate(*pids: int) -> None:
    for pid in pids:
        os.kill(pid, signal.SIGTERM)


def _environment() -> dict[str, str]:
    """Return the environment without proxies: nothing outside can be reached, or is to be."""
    return {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}


def _be_init(argv: list[str]) -> int:
    """Be the first process of the namespace: start the cases, and reap whatever loses its parent."""
    cases = subprocess.Popen(argv)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: cases.terminate())
    while True:
        pid, status = os.wait()
        if pid == cases.pid:
            cases.returncode = os.waitstatus_to_exitcode(status)
            return cases.returncode


def _remove_cgroups(name: str) -> None:
    for root in [*Path("/sys/fs/cgroup").glob(f"*/{name}"), Path("/sys/fs/cgroup") / name]:
        for folder, _, _ in os.walk(root, topdown=False):
            Path(folder).rmdir()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
