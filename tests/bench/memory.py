"""What the daemon's memory comes to: `python -m tests.bench.memory [--program DIR/multus]`.

A real process in front of the lab's API server; nothing of it needs root. The figures are the process's own (statm), in
MB of a million bytes.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from multus_py.cluster.objects import Pod
from tests.fakes.kubelet import serving
from tests.integration.daemon.running import SOURCE, Daemon
from tests.integration.daemon.serving import NETWORKS, herd, resident, served

HERDS = 5
BUDGET = 60.0


def main() -> int:
    """Measure, and say how it compares with the budget."""
    parser = argparse.ArgumentParser(description="the daemon's memory")
    parser.add_argument("--program", type=Path, help="a built multus (this source)")
    parser.add_argument("--pods", type=int, default=250)
    parser.add_argument("--nads", type=int, default=500)
    parser.add_argument("--herd", type=int, default=200)
    arguments = parser.parse_args()
    program: Sequence[str | Path] = (arguments.program,) if arguments.program else SOURCE
    with tempfile.TemporaryDirectory() as directory, served(Path(directory), program=program) as world:
        with world.warm(nads=0) as daemon:
            show("an empty cache", resident(daemon) / 1e6)
        for index in range(arguments.nads):
            world.create_nad(f"net{index}")
        uids = {
            f"pod{index}": world.create_pod(f"pod{index}", **{NETWORKS: f"net{index},net{index + 1}"})
            for index in range(arguments.pods)
        }
        kubelet = world.directory.parent / "kubelet"
        kubelet.mkdir()
        with (
            world.warm(f"--pod-resources-dir={kubelet}", nads=arguments.nads) as daemon,
            serving(kubelet / "kubelet.sock", {("default", "pod0"): []}),
        ):
            show(f"{arguments.pods} pods and {arguments.nads} NADs", resident(daemon) / 1e6)
            for number in range(1, HERDS + 1):
                herd(world, dict(list(uids.items())[: arguments.herd]))
                show(f"after herd {number} of {arguments.herd} calls at once", resident(daemon) / 1e6)
            highest = peak(daemon)
            show("the most it ever was", highest)
            pod = Pod(namespace="default", name="pod0", uid=uids["pod0"])
            with contextlib.closing(world.client()) as client:
                asked = client.get_devices(pod).kubelet is not None
            show(f"after {'a' if asked else 'NO'} question to the kubelet for devices", resident(daemon) / 1e6)
            highest = peak(daemon)
            show("the most it ever was", highest)
    sys.stdout.write(f"budget: {BUDGET:.0f} MB, {'kept' if highest <= BUDGET else 'MISSED'}\n")
    return 0 if highest <= BUDGET else 1


def peak(daemon: Daemon) -> float:
    """Return the most that it ever was."""
    lines = Path(f"/proc/{daemon.process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) * 1024 / 1e6


def show(what: str, figure: float) -> None:
    """Write a line."""
    sys.stdout.write(f"{what:45}{figure:7.1f} MB\n")


if __name__ == "__main__":
    sys.exit(main())
