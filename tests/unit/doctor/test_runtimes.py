"""Where runtimes look for CNI is read from their own configuration, of whatever version it is."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from multus_py.doctor import examination, runtimes, table
from multus_py.doctor.options import Options
from multus_py.doctor.root import Root
from multus_py.doctor.view import View
from multus_py.findings.finding import Finding, Severity

K3S = "/var/lib/rancher/k3s/agent/etc/containerd/config.toml"
CONTAINERD = "/etc/containerd/config.toml"
SAID = {
    "containerd, version 1": (CONTAINERD, '[plugins.cri.cni]\nbin_dir = "/b"\nconf_dir = "/c/"'),
    "containerd, version 2": (CONTAINERD, '[plugins."io.containerd.grpc.v1.cri".cni]\nbin_dir = "/b"\nconf_dir = "/c"'),
    "containerd, version 3": (
        CONTAINERD,
        '[plugins."io.containerd.cri.v1.runtime".cni]\nbin_dirs = ["/b"]\nconf_dir = "/c"',
    ),
    "one of containerd's further files": (
        "/etc/containerd/conf.d/10-cni.toml",
        '[plugins.cri.cni]\nbin_dir = "/b"\nconf_dir = "/c"',
    ),
    "k3s": (K3S, '[plugins."io.containerd.grpc.v1.cri".cni]\nbin_dir = "/b"\nconf_dir = "/c"'),
    "CRI-O": ("/etc/crio/crio.conf.d/10.conf", '[crio.network]\nnetwork_dir = "/c"\nplugin_dirs = ["/b"]'),
}
SILENT = [
    "",
    "plugins = 5",
    "[plugins]\ncri = 5",
    "[plugins.cri.cni]\nconf_dir = 5",
    "[crio]\nnetwork = []",
    "= broken",
]


def write(top: Path, file: str, text: str) -> None:
    path = top / file.lstrip("/")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def found(top: Path, **options: PurePosixPath) -> list[Finding]:
    view = View(Options(root=top, **options))  # type: ignore[arg-type]  # paths only
    return list(examination.examine(view, table.chosen(["runtime-directories"])))


@pytest.mark.parametrize(("file", "text"), SAID.values(), ids=list(SAID))
def test_both_directories_are_read(tmp_path: Path, file: str, text: str) -> None:
    write(tmp_path, file, text)
    (said,) = runtimes.places(Root(tmp_path))
    assert said == runtimes.Places(file=PurePosixPath(file), configurations=("/c",), plugins=("/b",))


@pytest.mark.parametrize("text", SILENT)
def test_what_says_nothing_is_passed_over(tmp_path: Path, text: str) -> None:
    write(tmp_path, CONTAINERD, text)
    assert list(runtimes.places(Root(tmp_path))) == []
    assert [each.severity for each in found(tmp_path)] == [Severity.OK]


def test_other_directories_than_the_usual_ones_are_named(tmp_path: Path) -> None:
    write(tmp_path, *SAID["k3s"])
    said = found(tmp_path)
    assert [(each.severity, each.file) for each in said] == [(Severity.WARNING, K3S)] * 2
    assert said[0].problem == "the runtime looks for CNI configurations in /c, and /etc/cni/net.d was looked at"
    assert "--cni-bin-dir /b" in said[1].remedy


def test_whoever_says_where_to_look_is_believed(tmp_path: Path) -> None:
    write(tmp_path, *SAID["k3s"])
    said = found(tmp_path, conf_dir=PurePosixPath("/x"), bin_dir=PurePosixPath("/y"))
    assert [each.severity for each in said] == [Severity.OK]


def test_one_of_several_runtimes_is_enough(tmp_path: Path) -> None:
    write(tmp_path, *SAID["k3s"])
    write(tmp_path, CONTAINERD, '[plugins.cri.cni]\nbin_dir = "/opt/cni/bin"\nconf_dir = "/etc/cni/net.d"')
    assert [each.severity for each in found(tmp_path)] == [Severity.OK]
