"""`multus doctor` as people and programs run it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from multus_py.doctor import table
from tests.integration.doctor.patient import NODE, Patient

pytestmark = pytest.mark.root


_WITH_NOTES = 'mount -t tmpfs tmpfs /var/lib && mkdir -p /var/lib/cni/results && exec "$@"'
"""A machine whose runtime takes notes of what it attaches, whatever this one has."""


def doctor(patient: Patient, *flags: str) -> subprocess.CompletedProcess[str]:
    places = ["--cni-conf-dir", str(patient.conf_dir), "--cni-bin-dir", str(patient.node.plugins), "--node-name", NODE]
    argv = ["unshare", "--mount", "sh", "-c", _WITH_NOTES, "sh", sys.executable, "-m", "multus_py", "doctor"]
    return patient.node.namespace.run([*argv, *places, *flags], check=False, timeout=120)


def test_a_healthy_node_is_status_0(patient: Patient) -> None:
    done = doctor(patient)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == f"{len(table.CHECKS)} ok"


def test_a_node_with_an_error_is_status_1_and_the_others_are_run(patient: Patient) -> None:
    (patient.node.plugins / "macvlan").unlink()
    done = doctor(patient, "--output", "json")
    assert done.returncode == 1
    document = json.loads(done.stdout)
    wrong = [each for each in document["findings"] if each["severity"] == "error"]
    assert [(each["id"], each["subject"]) for each in wrong] == [("plugin-present", "nad default/storage")]
    assert document["summary"] == {"error": 1, "warning": 0, "note": 0, "ok": len(table.CHECKS) - 1}


def test_warnings_are_status_0(patient: Patient) -> None:
    patient.node.kubeconfig.chmod(0o644)
    done = doctor(patient, "--quiet")
    assert done.returncode == 0
    assert done.stdout.splitlines()[0].startswith(f"{patient.node.kubeconfig}: warning: others than its owner can read")
    assert len(done.stdout.splitlines()) == 2


def test_what_is_held_up_by_a_fault_is_one_note(patient: Patient) -> None:
    patient.serving.close()
    lines = doctor(patient).stdout.splitlines()
    (note,) = [line for line in lines if line.startswith("note: ")]
    assert "(see api-reachable)" in note
    assert "[api-trusted, clock-skew, api-credentials, permissions, crd-served, nad-config" in note


def test_some_checks_are_run_alone(patient: Patient) -> None:
    done = doctor(patient, "--only", "config-valid", "config-first", "--output", "json")
    assert [each["id"] for each in json.loads(done.stdout)["findings"]] == ["config-first", "config-valid"]


def test_an_unknown_check_is_named(patient: Patient) -> None:
    done = doctor(patient, "--only", "config-frist")
    assert done.returncode == 2
    assert "no check has the id 'config-frist'" in done.stderr


def test_who_is_not_root_is_told_so(patient: Patient) -> None:
    argv = [sys.executable, "-m", "multus_py", "doctor", "--only", "config-present", "--cni-conf-dir", "/nowhere"]
    done = subprocess.run(argv, user=65534, capture_output=True, text=True, check=False)
    assert done.stderr == "multus doctor: this is not root: what may not be read will look like a fault\n"
    assert "[config-present]" in done.stdout
    assert not doctor(patient, "--only", "config-present").stderr


def test_the_checks_are_listed_without_running_any(patient: Patient) -> None:
    done = doctor(patient, "--list", "--cni-conf-dir", "/nowhere")
    assert done.returncode == 0
    assert [line.split()[0] for line in done.stdout.splitlines()] == [check.id for check in table.CHECKS]
