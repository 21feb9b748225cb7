"""Where a driver is told to be, or not to be, by what the kernel and its package say of it."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path, PurePosixPath

import pytest

from multus_py.doctor import examination, table
from multus_py.doctor.options import Options
from multus_py.doctor.view import View
from multus_py.findings.finding import Severity
from multus_py.lab.objects import Object

RELEASE = os.uname().release
VLAN: Object = {"cniVersion": "1.0.0", "name": "cluster", "type": "vlan", "master": "eth0", "vlanId": 5}
CONFIG: Object = {"cniVersion": "1.0.0", "name": "m", "type": "multus", "delegates": [VLAN]}


class Machine:
    """A node with nothing but a configuration that needs the driver 8021q."""

    def __init__(self, directory: Path) -> None:
        self.proc, self.sys, self.modules = (directory / name for name in ("proc", "sys", "modules"))
        (self.modules / RELEASE).mkdir(parents=True)
        (self.sys / "module").mkdir(parents=True)
        self.proc.mkdir()
        self.conf_dir = directory / "net.d"
        self.conf_dir.mkdir()
        (self.conf_dir / "00-multus.conf").write_text(json.dumps(CONFIG))

    def said(self) -> tuple[Severity, str]:
        options = Options(
            conf_dir=PurePosixPath(self.conf_dir),
            modules=PurePosixPath(self.modules),
            proc=self.proc,
            sys=self.sys,
        )
        (finding,) = examination.examine(View(options), table.chosen(["kernel-drivers"]))
        return finding.severity, finding.problem


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_a_loaded_one_is_there(machine: Machine) -> None:
    (machine.proc / "modules").write_text("8021q 40960 0 - Live 0x0000000000000000\n")
    severity, problem = machine.said()
    assert severity is Severity.OK
    assert "the drivers 8021q are there" in problem


def test_one_with_parameters_is_seen_in_sysfs(machine: Machine) -> None:
    (machine.sys / "module/8021q").mkdir()
    assert machine.said()[0] is Severity.OK


@pytest.mark.parametrize(
    ("file", "line"),
    [("modules.builtin", "kernel/net/8021q/8021q.ko"), ("modules.dep", "kernel/net/8021q/8021q.ko.zst: kernel/x.ko")],
)
def test_one_that_the_kernel_has_or_can_load_is_there(machine: Machine, file: str, line: str) -> None:
    (machine.modules / RELEASE / file).write_text(f"{line}\n")
    assert machine.said()[0] is Severity.OK


def test_one_that_its_package_does_not_list_is_missing(machine: Machine) -> None:
    (machine.modules / RELEASE / "modules.dep").write_text("kernel/drivers/net/veth.ko:\n")
    severity, problem = machine.said()
    assert severity is Severity.ERROR
    assert f"no driver 8021q (by {machine.modules}/{RELEASE}), which cluster network cluster needs" in problem


@pytest.mark.parametrize(("option", "severity"), [("VLAN_8021Q=y", Severity.OK), ("MACVLAN=y", Severity.ERROR)])
def test_a_kernel_of_one_piece_is_asked_for_its_configuration(
    machine: Machine, option: str, severity: Severity
) -> None:
    (machine.proc / "config.gz").write_bytes(gzip.compress(f"CONFIG_{option}\n".encode()))
    assert machine.said()[0] is severity


def test_what_nothing_tells_is_not_made_up(machine: Machine) -> None:
    severity, problem = machine.said()
    assert severity is Severity.OK
    assert "of 8021q nothing can be told from here" in problem
