"""A node with one fault: it is found by its check, and nothing else is complained of."""

from __future__ import annotations

import json
import os
import shutil
import socket
import struct
import time
from collections.abc import Callable

import pytest

from multus_py.base.log import local_time
from multus_py.cluster import port
from multus_py.findings.finding import Severity
from multus_py.lab import netlink
from multus_py.lab.apiserver import APIServer
from multus_py.lab.certs import Authority
from multus_py.lab.faults import Answer, Delay, Fault, Garbage
from multus_py.lab.objects import JSON, Object
from tests.integration.doctor.patient import DAY, Patient
from tests.integration.flows import networks
from tests.unit.cluster.desk import desk

pytestmark = pytest.mark.root

ERROR, WARNING = Severity.ERROR, Severity.WARNING
NADS = "/apis/k8s.cni.cncf.io"
OLD = time.time() - 3600
STRANGER = "5" * 64
Harm = Callable[[Patient], object]


def rename(suffix: str) -> Harm:
    return lambda patient: patient.config.rename(f"{patient.config}{suffix}")


def copied(name: str) -> Harm:
    return lambda patient: shutil.copy(patient.config, patient.conf_dir / name)


def certificate(begins_in: float, ends_in: float, *, token: bool = False) -> Harm:
    return lambda patient: patient.relogin_by_certificate(begins_in=begins_in, ends_in=ends_in, token=token)


def refused(code: int) -> Harm:
    return lambda patient: patient.api.inject(Fault(Answer(code), times=None))


def another_version_of_nads(patient: Patient) -> None:
    served = {"kind": "APIGroup", "versions": [{"groupVersion": "k8s.cni.cncf.io/v1beta1", "version": "v1beta1"}]}
    group = Garbage(json.dumps(served).encode(), media_type="application/json")
    patient.api.inject(Fault(Answer(404), path=f"{NADS}/v1", times=None), Fault(group, path=NADS, times=None))


def another_authority(patient: Patient) -> None:
    with APIServer(authority=Authority(), tokens={patient.api.token(): "lab"}) as other:
        other.kubeconfig(patient.node.kubeconfig)
    text = patient.node.kubeconfig.read_text().replace(other.url, patient.api.url)
    patient.node.kubeconfig.write_text(text)


def token_of_another_cluster(patient: Patient) -> None:
    patient.api.tokens.clear()


def default_network_that_is_not_there(patient: Patient) -> None:
    path = str(patient.conf_dir / "10-cluster.conf")
    patient.configure(delegates=None, clusterNetwork=path, defaultNetworks=["nowhere"])


def default_network_with_nobody_to_ask(patient: Patient) -> None:
    default_network_that_is_not_there(patient)
    patient.serving.close()


def storage(patient: Patient, **keys: object) -> None:
    """Change the network that pods of this node ask for."""
    patient.change_network("storage", networks.storage(patient.node) | keys)  # type: ignore[arg-type]  # plain JSON


def pod_that_asks_for_a_network_of_another_namespace_by_its_bare_name(patient: Patient) -> None:
    patient.network("blue", networks.macvlan(None), namespace="tenant")
    patient.pod("lost", "blue")


def pod_beyond_isolation(patient: Patient) -> None:
    patient.network("blue", networks.macvlan(None), namespace="tenant")
    patient.configure(namespaceIsolation=True)
    patient.pod("greedy", "tenant/blue")


def network_deleted_under_a_running_pod(patient: Patient) -> None:
    patient.api.delete("pod", "next")
    patient.api.delete("nad", "storage")


def chained(*types: str) -> Harm:
    plugins: list[JSON] = [{"type": type} for type in types]
    config: Object = {"cniVersion": "1.0.0", "name": "chain", "plugins": plugins}
    return lambda patient: patient.network("chain", config)


def foreign_program(patient: Patient) -> None:
    machine = 183 if os.uname().machine == "x86_64" else 62
    header = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HH", 2, machine)
    patient.plugin("macvlan", header + bytes(64))


def link(patient: Patient, *change: str) -> None:
    patient.node.namespace.run(["ip", "link", "set", "eth1", *change])


def no_driver(patient: Patient) -> None:
    """A kernel that has listed its drivers, and macvlan is not among them."""
    folder = patient.directory / "modules" / os.uname().release
    folder.mkdir(parents=True)
    (folder / "modules.builtin").write_text("kernel/drivers/net/veth.ko\n")
    (folder / "modules.dep").write_text("kernel/net/bridge/bridge.ko.xz: kernel/net/802/stp.ko.xz\n")
    proc, sys = patient.directory / "proc", patient.directory / "sys"
    proc.mkdir()
    (proc / "sys").symlink_to("/proc/sys")
    patient.look(modules=folder.parent, proc=proc, sys=sys)


def listening(patient: Patient) -> socket.socket:
    """Make the daemon's socket, with nobody who answers."""
    patient.node.daemon.mkdir(exist_ok=True)
    made = patient.stack.enter_context(socket.socket(socket.AF_UNIX))
    made.bind(str(patient.node.daemon / port.SOCKET))
    return made


def silent_daemon(patient: Patient) -> None:
    patient.configure(daemonTimeout=0.2)
    listening(patient).listen()


def another_users_socket(patient: Patient) -> None:
    """SO_PEERCRED tells who called listen."""
    made = listening(patient)
    child = os.fork()
    if not child:
        os.setuid(65534)
        made.listen()
        os._exit(0)
    os.waitpid(child, 0)


def stopped_daemon(patient: Patient) -> None:
    patient.node.daemon.mkdir()
    (patient.node.daemon / port.FALLBACKS).write_bytes(b"...")


def half_an_update(patient: Patient) -> None:
    """The plugin is new already, and the daemon is not."""
    patient.node.daemon.mkdir()
    answer: Object = {"pod": None, "nads": [], "program": "0.0.1"}
    patient.stack.enter_context(desk(patient.node.daemon / port.SOCKET, answer, answer))
    layout = patient.node.plugins / ".multus-0.0.2-abc"
    (layout / "lib").mkdir(parents=True)
    build = {"version": "0.0.2", "id": "abc", "python": "3", "machine": os.uname().machine, "glibc": "2"}
    (layout / "lib/build.json").write_text(json.dumps(build))
    link = patient.node.plugins / "multus"
    link.rename(layout / "multus")
    link.symlink_to(".multus-0.0.2-abc/multus")


def torn(name: str) -> Harm:
    def tear(patient: Patient) -> None:
        (path,) = patient.node.state.glob(name)
        path.write_bytes(path.read_bytes()[:100])

    return tear


def gone_container(patient: Patient) -> None:
    patient.sandbox.remove()


def interface_of_a_gone_container(patient: Patient) -> None:
    (path,) = patient.node.state.glob("results/cluster-*")
    interfaces = json.loads(path.read_bytes())["result"]["interfaces"]
    veth = next(each for each in interfaces if each["name"].startswith("veth"))
    patient.sandbox.remove()
    deadline = time.monotonic() + 10
    while patient.node.namespace.interface(veth["name"]) and time.monotonic() < deadline:
        time.sleep(0.02)
    peer: dict[str, netlink.Value] = {"ifname": "left0"}
    netlink.add_link(patient.node.namespace.path, kind="veth", ifname=veth["name"], address=veth["mac"], peer=peer)


def leaked_address(patient: Patient) -> None:
    path = patient.node.addresses / "storage" / "203.0.113.77"
    path.write_text(f"{STRANGER}\r\nnet1")
    os.utime(path, (OLD, OLD))


def unfinished_file(patient: Patient) -> None:
    path = patient.node.state / f".{STRANGER}.tmp"
    path.write_text("[")
    os.utime(path, (OLD, OLD))


def errors_in_the_log(patient: Patient) -> None:
    stamp = local_time(time.time() - 60)
    lines = [f"{stamp} [error] cannot write the record: No space left on device\n"] * 3
    patient.log.write_text("".join(lines))


def readiness(patient: Patient) -> None:
    patient.configure(readinessindicatorfile=str(patient.directory / "ready"))


def other_primary(patient: Patient) -> None:
    (patient.conf_dir / "10-cluster.conf").write_text(json.dumps(patient.primary | {"mtu": 1400}))


FAULTS: dict[str, tuple[str, Severity, Harm]] = {
    # the configuration
    "the configuration is deleted": ("config-present", ERROR, lambda patient: patient.config.unlink()),
    "the runtime's directory is another": (
        "config-present",
        ERROR,
        lambda patient: patient.look(conf_dir=patient.directory / "nowhere"),
    ),
    "the configuration is cut off": (
        "config-valid",
        ERROR,
        lambda patient: patient.config.write_text(patient.config.read_text()[:80]),
    ),
    "a key has a value of the wrong kind": ("config-valid", ERROR, lambda patient: patient.configure(apiTimeout="10s")),
    "the log's level is unknown": ("config-valid", WARNING, lambda patient: patient.configure(logLevel="loud")),
    "another configuration comes first": (
        "config-first",
        ERROR,
        lambda patient: (patient.conf_dir / "00-cilium.conf").write_text("{}"),
    ),
    "there are two of our own": ("config-first", WARNING, copied("00-multus.conflist")),
    "Cilium has hidden it": ("config-renamed", ERROR, rename(".cilium_bak")),
    "somebody has hidden it": ("config-renamed", ERROR, rename(".old")),
    "Cilium fights with the daemon": ("config-renamed", WARNING, copied("00-multus.conf.cilium_bak")),
    "the primary has changed": ("config-primary", WARNING, other_primary),
    "the primary is gone": (
        "config-primary",
        WARNING,
        lambda patient: (patient.conf_dir / "10-cluster.conf").unlink(),
    ),
    "the cluster network is not ready": ("readiness", ERROR, readiness),
    # the way to the API server
    "the kubeconfig is deleted": ("kubeconfig", ERROR, lambda patient: patient.node.kubeconfig.unlink()),
    "the kubeconfig is nonsense": (
        "kubeconfig",
        ERROR,
        lambda patient: patient.node.kubeconfig.write_text("clusters: 5\n"),
    ),
    "everybody may read the kubeconfig": ("kubeconfig", WARNING, lambda patient: patient.node.kubeconfig.chmod(0o644)),
    "the client certificate is nonsense": (
        "kubeconfig",
        ERROR,
        lambda patient: patient.relogin_by_certificate(certificate=b"nonsense"),
    ),
    "the client certificate's key is another one's": (
        "kubeconfig",
        ERROR,
        lambda patient: patient.relogin_by_certificate(key=patient.api.authority.client("other").key),
    ),
    "the token has expired": ("token-expiry", ERROR, lambda patient: patient.relogin(expires_in=-60)),
    "the token is about to expire": ("token-expiry", WARNING, lambda patient: patient.relogin(expires_in=120)),
    "the client certificate has expired": ("client-certificate", ERROR, certificate(-10 * DAY, -60)),
    "the client certificate is not valid yet": ("client-certificate", ERROR, certificate(60, DAY)),
    "the client certificate is about to expire": ("client-certificate", WARNING, certificate(-9.5 * DAY, DAY / 2)),
    "the client certificate has expired, and the token is good": (
        "client-certificate",
        WARNING,
        certificate(-10 * DAY, -60, token=True),
    ),
    "the token is another cluster's": ("api-credentials", ERROR, token_of_another_cluster),
    "the API server is down": ("api-reachable", ERROR, lambda patient: patient.serving.close()),
    "the API server is down, and may know a default network": (
        "api-reachable",
        ERROR,
        default_network_with_nobody_to_ask,
    ),
    "the API server hangs": (
        "api-reachable",
        ERROR,
        lambda patient: patient.api.inject(Fault(Delay(30), times=None)),
    ),
    "the API server is overloaded": ("api-reachable", ERROR, refused(503)),
    "the API server is another one": ("api-trusted", ERROR, another_authority),
    "the API server's certificate is not looked at": (
        "api-trusted",
        WARNING,
        lambda patient: patient.api.kubeconfig(patient.node.kubeconfig, insecure=True),
    ),
    "the clock is ten minutes behind": ("clock-skew", ERROR, lambda patient: patient.api.set_clock(ahead=600)),
    "the clock is a minute ahead": ("clock-skew", WARNING, lambda patient: patient.api.set_clock(ahead=-60)),
    "the status may not be written": ("permissions", ERROR, lambda patient: patient.api.deny("patch", "pods/status")),
    "pods may not be watched": ("permissions", WARNING, lambda patient: patient.api.deny("watch", "pods")),
    "networks cannot be listed": (
        "nad-config",
        ERROR,
        lambda patient: patient.api.inject(Fault(Answer(500), path=f"{NADS}/v1/network", times=None)),
    ),
    "networks may not be listed": (
        "permissions",
        WARNING,
        lambda patient: patient.api.deny("list", "network-attachment-definitions.k8s.cni.cncf.io"),
    ),
    "the definition is not installed": (
        "crd-served",
        ERROR,
        lambda patient: patient.api.inject(Fault(Answer(404), path=NADS, times=None)),
    ),
    "the API server does not tell what it serves": (
        "crd-served",
        WARNING,
        lambda patient: patient.api.inject(*(Fault(Answer(403, "no"), path=path) for path in (f"{NADS}/v1", NADS))),
    ),
    "the definition is of another version": ("crd-served", ERROR, another_version_of_nads),
    # the networks
    "a NAD is no JSON": ("nad-config", ERROR, lambda patient: patient.network("broken", '{"type": "macvlan",')),
    "a NAD has no type": ("nad-config", ERROR, lambda patient: patient.network("broken", {"cniVersion": "1.0.0"})),
    "a NAD's file is not there": ("nad-config", WARNING, lambda patient: patient.network("file", None)),
    "the cluster network's file is gone": (
        "default-networks",
        ERROR,
        lambda patient: patient.configure(delegates=None, clusterNetwork=str(patient.conf_dir / "20-gone.conf")),
    ),
    "a default network does not exist": ("default-networks", ERROR, default_network_that_is_not_there),
    "a pod's network is in another namespace": (
        "pod-networks",
        ERROR,
        pod_that_asks_for_a_network_of_another_namespace_by_its_bare_name,
    ),
    "a pod's network does not exist": ("pod-networks", ERROR, lambda patient: patient.pod("lost", "stroage")),
    "a pod's network is out of reach": ("pod-networks", ERROR, pod_beyond_isolation),
    "a pod's annotation is broken": ("pod-networks", ERROR, lambda patient: patient.pod("odd", "[{]")),
    "a running pod's network is deleted": ("pod-networks", WARNING, network_deleted_under_a_running_pod),
    # the plugins
    "a pod's plugin is missing": ("plugin-present", ERROR, lambda patient: (patient.node.plugins / "macvlan").unlink()),
    "a pod's IPAM plugin is missing": (
        "plugin-present",
        ERROR,
        lambda patient: storage(patient, ipam={"type": "ipam0"}),
    ),
    "a chained plugin of some NAD is missing": ("plugin-present", WARNING, chained("bridge", "sbr0")),
    "Multus itself is missing": ("plugin-present", ERROR, lambda patient: (patient.node.plugins / "multus").unlink()),
    "a plugin cannot be executed": (
        "plugin-executable",
        ERROR,
        lambda patient: patient.plugin("macvlan", mode=0o644),
    ),
    "a plugin is for another machine": ("plugin-architecture", ERROR, foreign_program),
    "a plugin is empty": ("plugin-architecture", ERROR, lambda patient: patient.plugin("macvlan", b"")),
    "a plugin's interpreter is missing": (
        "plugin-architecture",
        ERROR,
        lambda patient: patient.plugin("macvlan", b"#!/usr/bin/perl99\n"),
    ),
    # the machine
    "a pod's master is missing": ("master-present", ERROR, lambda patient: storage(patient, master="eth7")),
    "a master is missing that nobody wants": (
        "master-present",
        WARNING,
        lambda patient: patient.network("far", networks.macvlan(None) | {"master": "eth7"}),
    ),
    "a master is down": ("master-up", WARNING, lambda patient: link(patient, "down")),
    "a master's cable is unplugged": (
        "master-up",
        WARNING,
        lambda patient: patient.peer.run(["ip", "link", "set", "eth1", "down"]),
    ),
    "a network asks for too large frames": ("master-mtu", ERROR, lambda patient: storage(patient, mtu=9000)),
    "the kernel has no macvlan": ("kernel-drivers", ERROR, no_driver),
    "forwarding was switched off": (
        "sysctl-forwarding",
        ERROR,
        lambda patient: patient.sysctl("net.ipv4.ip_forward", "0"),
    ),
    "the reverse-path filter is strict": (
        "sysctl-rp-filter",
        WARNING,
        lambda patient: patient.sysctl("net.ipv4.conf.all.rp_filter", "1"),
    ),
    "the reverse-path filter of new interfaces is strict": (
        "sysctl-rp-filter",
        WARNING,
        lambda patient: patient.sysctl("net.ipv4.conf.default.rp_filter", "1"),
    ),
    # the daemon
    "the daemon has crashed": ("daemon-socket", WARNING, listening),
    "the daemon does not answer": ("daemon-socket", WARNING, silent_daemon),
    "the daemon is not any more": ("daemon-socket", WARNING, stopped_daemon),
    "the daemon is older than the plugin": ("daemon-version", WARNING, half_an_update),
    "the daemon's socket is another user's": ("daemon-socket", WARNING, another_users_socket),
    # what pods have left
    "a record is torn": ("state-records", WARNING, torn("[0-9a-f]" * 64)),
    "a cached result is torn": ("state-records", WARNING, torn("results/storage-*")),
    "a container is gone": ("state-containers", WARNING, gone_container),
    "an interface is left over": ("leaked-interfaces", WARNING, interface_of_a_gone_container),
    "an address is left over": ("leaked-addresses", WARNING, leaked_address),
    "a file is left over": ("leaked-files", WARNING, unfinished_file),
    "the disk is full": (
        "disk-space",
        ERROR,
        lambda patient: patient.mount(patient.node.state, "size=8m"),
    ),
    "the disk is nearly full": (
        "disk-space",
        WARNING,
        lambda patient: patient.mount(patient.node.state, "size=64m"),
    ),
    "there is no room for more files": (
        "disk-inodes",
        ERROR,
        lambda patient: patient.mount(patient.node.state, "size=256m,nr_inodes=50"),
    ),
    "the disk is read-only": (
        "disk-writable",
        ERROR,
        lambda patient: patient.mount(patient.node.state, "size=256m,ro"),
    ),
    "the plugins are on a read-only image, which is full": (
        "disk-writable",
        WARNING,
        lambda patient: patient.mount_image(patient.node.plugins),
    ),
    "the log has errors": ("log-errors", WARNING, errors_in_the_log),
}


def test_multus_itself_is_not_to_be_had_from_others(patient: Patient) -> None:
    (patient.node.plugins / "multus").unlink()
    (found,) = patient.complaints()["plugin-present"]
    assert found.remedy == f"Run multus install {patient.node.plugins}, as the DaemonSet's init container does."


@pytest.mark.parametrize(("check", "severity", "harm"), FAULTS.values(), ids=list(FAULTS))
def test_the_fault_is_found_by_its_check_and_by_no_other(
    patient: Patient, check: str, severity: Severity, harm: Harm
) -> None:
    harm(patient)
    found = patient.complaints()
    assert {id: [each.problem for each in each_id] for id, each_id in found.items() if id != check} == {}
    assert check in found
    assert found[check][0].severity is severity
    assert all(each.remedy for each in found[check])
