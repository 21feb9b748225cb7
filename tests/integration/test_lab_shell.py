"""`multus lab shell`: a node that looks like one, and goes when the command ends."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = [pytest.mark.root, pytest.mark.slow]

ON_THE_MACHINE = [Path(path) for path in ("/etc/cni", "/opt/cni", "/var/lib/cni", "/run/netns")]


def shell(*command: str, apply: tuple[Path, ...] = ()) -> subprocess.CompletedProcess[str]:
    options = [part for path in apply for part in ("--apply", str(path))]
    argv = [sys.executable, "-m", "multus_py", "lab", "shell", *options, "--", *command]
    return subprocess.run(argv, check=False, capture_output=True, text=True, timeout=60)


def there() -> list[list[str]]:
    return [sorted(entry.name for entry in path.iterdir()) if path.is_dir() else [] for path in ON_THE_MACHINE]


def test_pods_run_on_the_node_and_the_machine_is_as_before() -> None:
    before = [path.exists() for path in ON_THE_MACHINE[:-1]], there()

    done = shell("bash", "-c", "ip -json -n node1-web addr; ls /etc/cni/net.d; exit 3")

    assert done.returncode == 3, done.stderr
    interfaces, _, files = done.stdout.partition("\n")
    assert [entry["ifname"] for entry in json.loads(interfaces)] == ["lo", "eth0", "net1"]
    assert files.split() == ["00-multus.conflist", "10-cluster.conf", "multus.d"]
    assert ([path.exists() for path in ON_THE_MACHINE[:-1]], there()) == before


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
