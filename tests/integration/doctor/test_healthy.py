"""A node in good health is said to be, and any node is left exactly as it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from multus_py.doctor import table
from multus_py.findings.finding import Severity
from multus_py.lab import netlink
from multus_py.lab.reviews import PATH as REVIEWS
from tests.integration.doctor.patient import Patient
from tests.integration.flows import networks

pytestmark = pytest.mark.root


def snapshot(patient: Patient) -> dict[str, object]:
    """Return all that could have been changed: files with content, mode and times; interfaces, routes, settings."""
    files = {
        str(path): (path.lstat().st_mode, path.lstat().st_mtime_ns, path.read_bytes() if path.is_file() else b"")
        for path in sorted(patient.directory.rglob("*"))
    }
    node = patient.node.namespace
    forwarding = netlink.inside(node.path, Path("/proc/sys/net/ipv4/ip_forward").read_text)
    namespaces = (node, patient.sandbox, patient.peer)
    return {
        **files,
        "interfaces": [
            (
                each.name,
                each.kind,
                each.mac,
                each.mtu,
                each.up,
                [found for found in each.addresses if found[:4] != "fe80"],
            )
            for namespace in namespaces  # link-local addresses come when the kernel has seen that nobody has them
            for each in namespace.interfaces()
        ],
        "routes": [each.routes() for each in namespaces],
        "forwarding": forwarding,
        "objects": [patient.api.list(kind) for kind in ("pod", "nad", "event", "ns")],
    }


def test_a_healthy_node_passes_every_check(patient: Patient) -> None:
    found = patient.examine()
    assert [(each.id, each.problem) for each in found if each.severity is not Severity.OK] == []
    assert [each.id for each in found] == [check.id for check in table.CHECKS]


@pytest.mark.parametrize("ill", [False, True], ids=["healthy", "ill"])
def test_nothing_is_changed_and_the_cluster_is_only_read(patient: Patient, *, ill: bool) -> None:
    if ill:  # with something to reclaim, to repair, and to complain of
        patient.sandbox.remove()
        (patient.node.state / f".{'5' * 64}.lock").touch()
        (patient.node.state / patient.container_id).write_text("[")
        patient.configure(logLevel="debug")
        patient.network("broken", "{")
        patient.sandbox.create()
    before = snapshot(patient)
    patient.api.forget_requests()
    patient.examine()
    assert snapshot(patient) == before
    assert {request.method for request in patient.api.requests} == {"GET", "POST"}
    assert {request.path for request in patient.api.requests if request.method == "POST"} == {REVIEWS}


def test_no_program_is_run(patient: Patient) -> None:
    """Plugins would leave a trace: each of them is replaced by one that does."""
    trace = patient.directory / "trace"
    for plugin in patient.node.plugins.iterdir():
        patient.plugin(plugin.name, f"#!/bin/sh\ntouch {trace}\n".encode())
    assert {each.severity for each in patient.examine()} == {Severity.OK}
    assert not trace.exists()


def test_a_node_without_a_cluster_is_looked_at_as_far_as_that_goes(patient: Patient) -> None:
    patient.configure(kubeconfig=None)
    found = {each.id: each for each in patient.examine()}
    skipped = {id for id, each in found.items() if each.severity is Severity.NOTE}
    assert {"api-reachable", "permissions", "nad-config", "pod-networks"} < skipped
    assert all("works without a cluster" in found[id].problem for id in skipped)
    assert found["plugin-present"].severity is Severity.OK
    assert "those of NADs not looked at" in found["plugin-present"].problem
    assert {each.severity for each in found.values()} == {Severity.NOTE, Severity.OK}


def test_what_the_go_multus_daemon_sees_is_not_judged(patient: Patient) -> None:
    patient.configure(type="multus-shim", delegates=None, clusterNetwork="/host/etc/cni/net.d/10-cluster.conf")
    (found,) = patient.examine("default-networks")
    assert found.severity is Severity.NOTE
    assert "Go Multus" in found.problem


def test_a_master_may_be_called_by_another_name(patient: Patient) -> None:
    patient.node.namespace.run(["ip", "link", "property", "add", "dev", "eth1", "altname", "enp0s31"])
    patient.change_network("storage", networks.storage(patient.node) | {"master": "enp0s31", "mtu": 1400})
    assert {each.severity for each in patient.examine("master-present", "master-up", "master-mtu")} == {Severity.OK}
    patient.change_network("storage", networks.storage(patient.node) | {"master": "enp0s31", "mtu": 9000})
    assert [each.severity for each in patient.examine("master-mtu")] == [Severity.ERROR]


def test_a_device_that_a_pod_has_is_not_missed(patient: Patient) -> None:
    """host-device moves the interface into the pod, so the node lacks it as long as the pod runs."""
    netlink.add_link(patient.node.namespace.path, kind="veth", ifname="card0", peer={"ifname": "card1"})
    patient.network("card", {"cniVersion": "1.0.0", "name": "card", "type": "host-device", "device": "card0"})
    obj = patient.api.create(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "owner", "annotations": {"k8s.v1.cni.cncf.io/networks": "card"}},
            "spec": {"nodeName": patient.options.node},
        }
    )
    sandbox = patient.stack.enter_context(patient.node.sandbox(obj))
    patient.node.runtime(patient.document).add(sandbox)
    assert patient.node.namespace.interface("card0") is None
    assert [each.severity for each in patient.examine("master-present")] == [Severity.OK]
    patient.node.runtime(patient.document).delete(sandbox)
    assert patient.node.namespace.interface("card0") is not None


def test_a_container_that_mounts_the_node_sees_what_it_can(patient: Patient) -> None:
    host = patient.directory / "host"
    for name in ("cni", "bin"):
        target = host / str(patient.directory / name).lstrip("/")
        target.mkdir(parents=True)
        patient.bind(patient.directory / name, target)
    patient.configure(kubeconfig=None, readinessindicatorfile="/run/flannel/subnet.env", logFile="/var/log/multus.log")
    patient.look(root=host)
    found = {each.id: each for each in patient.examine()}
    assert found["config-first"].severity is Severity.OK
    assert found["config-primary"].severity is Severity.OK
    for id in ("plugin-present", "readiness", "state-records", "state-containers", "log-errors"):
        assert found[id].severity is Severity.NOTE, id
        assert "run it" in found[id].problem


def test_where_the_runtimes_notes_are_not_to_be_seen_nothing_is_said_of_what_has_no_record(patient: Patient) -> None:
    (patient.directory / "runtime").rmdir()
    found = {each.id: each for each in patient.examine()}
    for id in ("leaked-addresses", "leaked-files"):
        assert found[id].severity is Severity.NOTE, id
        assert "the runtime's notes are not to be seen" in found[id].problem
    assert found["state-containers"].severity is Severity.OK
