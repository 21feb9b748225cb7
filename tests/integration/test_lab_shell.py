"""`multus lab shell`: a node that looks like one, and goes when the command ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytestmark = [pytest.mark.root, pytest.mark.slow]

ON_THE_MACHINE = [Path(path) for path in ("/etc/cni", "/opt/cni", "/var/lib/cni", "/run/netns")]
OURS = ("node1", "neighbour")
"""What the names of a lab's namespaces begin with: others may make some meanwhile."""


def shell(*command: str, apply: tuple[Path, ...] = ()) -> subprocess.CompletedProcess[str]:
    options = [part for path in apply for part in ("--apply", str(path))]
    argv = [sys.executable, "-m", "multus_py", "lab", "shell", *options, "--", *command]
    return subprocess.run(argv, check=False, capture_output=True, text=True, timeout=60)


def traces() -> set[Path]:
    """Return what labs have made on the machine: other ones may be running, so there may be less afterwards."""
    *directories, namespaces = ON_THE_MACHINE
    made = {path for directory in directories if directory.exists() for path in (directory, *directory.iterdir())}
    named = {path for path in namespaces.glob("*") if path.name.startswith(OURS)}
    return made | named | set(Path(tempfile.gettempdir()).glob("multus-py-lab-*"))


def test_pods_run_on_the_node_and_the_machine_is_as_before() -> None:
    before = traces()

    done = shell("bash", "-c", "ip -json -n node1-web addr; ls /etc/cni/net.d; exit 3")

    assert done.returncode == 3, done.stderr
    interfaces, _, files = done.stdout.partition("\n")
    assert [entry["ifname"] for entry in json.loads(interfaces)] == ["lo", "eth0", "net1"]
    assert files.split() == ["00-multus.conflist", "10-cluster.conf", "multus.d"]
    assert not traces() - before


def test_a_lab_that_ends_takes_nothing_from_another_one(tmp_path: Path) -> None:
    ready, go = tmp_path / "ready", tmp_path / "go"
    script = f"touch {ready}; while [ ! -e {go} ]; do sleep 0.1; done; ls /etc/cni/net.d"
    argv = [sys.executable, "-m", "multus_py", "lab", "shell", "--", "bash", "-c", script]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as first:
        while not ready.exists():
            assert first.poll() is None
            time.sleep(0.05)
        second = shell("true")
        go.touch()
        out, _ = first.communicate(timeout=60)

    assert second.returncode == 0, second.stderr
    assert out.split() == ["00-multus.conflist", "10-cluster.conf", "multus.d"]


@contextmanager
def sleeping(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A lab in which a command waits, that notes its process id, and whether it got a Ctrl-C."""
    script = f"trap 'touch {tmp_path}/interrupted; exit 7' INT; touch {tmp_path}/ready; while :; do sleep 0.1; done"
    argv = [sys.executable, "-m", "multus_py", "lab", "shell", "--", "bash", "-c", script]
    with subprocess.Popen(argv, start_new_session=True) as lab:
        while not (tmp_path / "ready").exists():
            assert lab.poll() is None
            time.sleep(0.05)
        yield lab


def test_ctrl_c_is_for_the_command(tmp_path: Path) -> None:
    before = traces()
    with sleeping(tmp_path) as lab:
        os.killpg(lab.pid, signal.SIGINT)  # as a terminal does
        assert lab.wait(30) == 7
    assert (tmp_path / "interrupted").exists()
    assert not traces() - before


def test_a_lab_that_is_told_to_end_leaves_nothing(tmp_path: Path) -> None:
    before = traces()
    with sleeping(tmp_path) as lab:
        lab.terminate()
        assert lab.wait(30) == 143
    assert not traces() - before
    assert processes(tmp_path) == []


def test_a_lab_that_is_killed_takes_all_its_processes_along_and_the_next_one_its_directory(tmp_path: Path) -> None:
    before = traces()
    with sleeping(tmp_path) as lab:
        lab.kill()
    deadline = time.monotonic() + 30
    while processes(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert processes(tmp_path) == []
    assert shell("true").returncode == 0
    assert not traces() - before


def processes(tmp_path: Path) -> list[str]:
    """Return the processes of the lab whose command names this directory."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if str(tmp_path).encode() in path.read_bytes():
                found.append(path.parent.name)
        except OSError:  # it has ended
            continue
    return found


def test_a_lab_in_a_lab_is_another_one() -> None:
    done = shell("sh", "-c", "multus lab shell -- ip -json -n node1-web link; ls /run/netns")
    inner, _, outer = done.stdout.partition("\n")
    assert [entry["ifname"] for entry in json.loads(inner)] == ["lo", "eth0", "net1"], done.stderr
    assert outer.split() == ["neighbour", "node1", "node1-db", "node1-web"]


FAILURES = {
    "a file that is not there": (None, "cannot read"),
    "a kind that the lab has not": ("kind: Deployment\napiVersion: apps/v1\n", "API server has no apps/v1 Deployment"),
    "an object that is refused": ("kind: Pod\napiVersion: v1\nmetadata: {name: Web}\n", "lowercase RFC 1123"),
    "a pod that cannot be attached": (
        "kind: Pod\napiVersion: v1\nmetadata: {name: web, annotations: {k8s.v1.cni.cncf.io/networks: none}}\n",
        "cannot find a network-attachment-definition (none)",
    ),
}


@pytest.mark.parametrize(("text", "said"), FAILURES.values(), ids=list(FAILURES))
def test_a_lab_that_cannot_be_made_says_why_in_a_line(tmp_path: Path, text: str | None, said: str) -> None:
    manifest = tmp_path / "objects.yaml"
    if text is not None:
        manifest.write_text(text)
    done = shell("true", apply=(manifest,))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("multus lab shell: ")
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("command", ["demo", "shell"])
def test_without_root_it_is_said(command: str) -> None:
    script = (
        f"import os, sys; os.setuid(65534); from multus_py.cli import main; sys.exit(main.main(['lab', {command!r}]))"
    )
    done = subprocess.run([sys.executable, "-c", script], check=False, capture_output=True, text=True)
    said = f"multus lab {command}: makes network namespaces, so it must be root\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", said)


def test_multus_answers_by_its_name() -> None:
    done = shell("multus", "version")

    assert (done.returncode, done.stdout[:6]) == (0, "multus"), done.stderr


def test_pods_and_networks_can_be_ones_own(tmp_path: Path) -> None:
    manifest = tmp_path / "pods.yaml"
    config = '{"cniVersion": "1.0.0", "type": "macvlan", "master": "eth1"}'
    manifest.write_text(
        "kind: NetworkAttachmentDefinition\napiVersion: k8s.cni.cncf.io/v1\nmetadata: {name: fast}\n"
        f"spec:\n  config: '{config}'\n---\nkind: Pod\napiVersion: v1\n"
        "metadata: {name: mine, annotations: {k8s.v1.cni.cncf.io/networks: fast@fast0}}\n"
    )

    done = shell("ip", "-json", "-n", "node1-mine", "addr", apply=(manifest,))

    assert [entry["ifname"] for entry in json.loads(done.stdout)] == ["lo", "eth0", "fast0"], done.stderr
