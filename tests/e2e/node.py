"""A node: a machine with containerd, kubelet and CNI, and ways to see what is really there."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from multus_py.lab.objects import Object, at, text
from tests.e2e import controlplane, image
from tests.e2e.equipment import ADDRESSES, Address, Equipment
from tests.e2e.machine import Daemon, Machine, run
from tests.e2e.waiting import wait_for

_OWN_INTERFACES = {"lo", "eth0", "eth1"}
_CONTAINERD = f"""
version = 2
[grpc]
address = "/run/containerd/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "{image.PAUSE}"
restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "native"
"""


@dataclass(frozen=True)
class Sandbox:
    """A pod as the runtime knows it."""

    id: str
    pid: int


class Node(Equipment):
    """One node of the cluster."""

    def __init__(self, address: Address, *, tools: Path, state: Path, logs: Path, cgroup: str) -> None:
        """Prepare its folders."""
        super().__init__(address, Machine(address.name, state=state, logs=logs))
        self.name = address.name
        self._tools = tools
        self._cgroup = f"/{cgroup}/{address.name}"
        self._daemons: dict[str, Daemon] = {}

    # ------------------------------------------------------------------------------------------- life and death

    def up(self, own_kubeconfig: Path, *, authority: bytes, token: str) -> None:
        """Bring the node up for the first time.

        Args:
            own_kubeconfig: The kubelet's.
            authority: What the plugin's kubeconfig trusts.
            token: The plugin's own.
        """
        self._provide(authority=authority, token=token)
        self._file("/var/lib/kubelet/manifests").mkdir(parents=True, exist_ok=True)
        self._write("/var/lib/kubelet/kubeconfig", own_kubeconfig.read_text())
        self._write("/var/lib/kubelet/config", json.dumps(self._kubelet_configuration()))
        self._write("/var/lib/containerd/config.toml", _CONTAINERD)
        self.boot()

    def boot(self) -> None:
        """Boot the machine and start its daemons."""
        self.machine.boot()
        self._restore()
        self._connect()
        self.start_containerd()
        self.start_kubelet()

    def halt(self) -> None:
        """Pull the plug."""
        self.machine.halt()

    def down(self) -> None:
        """Stop everything."""
        for daemon in reversed(self._daemons.values()):
            daemon.stop()
        self.halt()

    def start_containerd(self) -> None:
        """Start containerd, with the image."""
        argv = ["containerd", "--config", "/var/lib/containerd/config.toml"]
        self._daemons["containerd"] = self.machine.start(argv)
        wait_for(lambda: self._answers("version"), f"containerd on {self.name}", timeout=30)
        if not self._ctr("images", "ls", "-q"):
            image.write(self._file("/var/lib/containerd/image.tar"))
            self._ctr("images", "import", "--snapshotter=native", "/var/lib/containerd/image.tar")

    def start_kubelet(self) -> None:
        """Start kubelet."""
        argv = [
            str(self._tools / "kubelet"),
            "--config=/var/lib/kubelet/config",
            "--kubeconfig=/var/lib/kubelet/kubeconfig",
            f"--hostname-override={self.name}",
            f"--node-ip={self.address.node}",
            "--v=2",
        ]
        self._daemons["kubelet"] = self.machine.start(argv)

    def stop(self, daemon: str) -> None:
        """Stop containerd or kubelet."""
        self._daemons[daemon].stop()

    def start(self, daemon: str) -> None:
        """Start containerd or kubelet again."""
        if daemon == "containerd":
            self.start_containerd()
        else:
            self.start_kubelet()

    def alive(self) -> None:
        """Check that both daemons run."""
        for daemon in self._daemons.values():
            assert not daemon.ended, f"{daemon.name} on {self.name} has ended: {daemon.log}"

    def runtime_log(self) -> str:
        """Return what containerd has logged."""
        return self._daemons["containerd"].log.read_text()

    # ------------------------------------------------------------------------------------------------ what is there

    def sandbox(self, pod: Object) -> Sandbox:
        """Return a pod's sandbox."""
        wanted = (
            f'labels."io.kubernetes.pod.uid"=={text(pod, "metadata", "uid")},labels."io.cri-containerd.kind"==sandbox'
        )
        running = {line.split()[0]: int(line.split()[1]) for line in self._ctr("tasks", "ls").splitlines()[1:]}
        found = [id for id in self._ctr("containers", "ls", "-q", wanted).split() if id in running]
        assert len(found) == 1, f"{len(found)} sandboxes of {text(pod, 'metadata', 'name')} run on {self.name}"
        return Sandbox(found[0], running[found[0]])

    def container(self, pod: Object, name: str) -> int:
        """Return the process of a pod's container, as the machine numbers it."""
        uid = text(pod, "metadata", "uid")
        wanted = f'labels."io.kubernetes.pod.uid"=={uid},labels."io.kubernetes.container.name"=={name}'
        running = {line.split()[0]: int(line.split()[1]) for line in self._ctr("tasks", "ls").splitlines()[1:]}
        (found,) = [id for id in self._ctr("containers", "ls", "-q", wanted).split() if id in running]
        return running[found]

    def load(self, archive: Path) -> None:
        """Load an image."""
        self._ctr("images", "import", str(archive))

    def inside(self, pod: Object, argv: Sequence[str], *, check: bool = True) -> str:
        """Run a program of the machine in a pod's network namespace, and return what it printed."""
        return self.machine.run(["nsenter", f"--target={self.sandbox(pod).pid}", "--net", *argv], check=check)

    def addresses(self, pod: Object) -> dict[str, list[str]]:
        """Return a pod's addresses of global scope with their prefix lengths, by interface, as the kernel has them."""
        return {name: interface.addresses for name, interface in self.interfaces(pod).items()}

    def interfaces(self, pod: Object) -> dict[str, Interface]:
        """Return a pod's interfaces but `lo`, by name, as the kernel has them."""
        interfaces: list[Object] = json.loads(self.inside(pod, ["ip", "-json", "-details", "addr"]))
        return {name: _interface(one) for one in interfaces if (name := text(one, "ifname")) != "lo"}

    def routes(self, pod: Object, *, family: int = 4) -> list[str]:
        """Return a pod's routes as `ip route` prints them."""
        lines = self.inside(pod, ["ip", f"-{family}", "route"]).splitlines()
        return sorted(" ".join(line.split()) for line in lines)

    def ping(self, pod: Object, address: str, *, interface: str = "") -> bool:
        """Ask whether a pod reaches an address, over one of its interfaces if one is named."""
        options = ["-I", interface] if interface else []
        printed = self.inside(pod, ["ping", "-c1", "-W5", *options, address], check=False)
        return " 0% packet loss" in printed

    def leftovers(self) -> dict[str, list[str]]:
        """Return everything that stands for a pod: nothing, after the last one has gone."""
        state = self._file("/var/lib/cni")
        links: list[Object] = json.loads(self.machine.run(["ip", "-json", "-details", "link"]))
        rules = self.machine.run(["iptables-save", "-t", "nat"], check=False).splitlines()
        found = {
            "records": [path.name for path in (state / "multus").glob("*") if path.name not in {"results", ".lock"}],
            "cached results": [path.name for path in [*state.glob("multus/results/*"), *state.glob("results/*")]],
            "addresses": [
                f"{path.parent.name}/{path.name}"
                for path in state.glob("networks/*/*")
                if path.name != "lock" and not path.name.startswith("last_reserved_ip")
            ],
            "device information": [
                path.name for path in self.machine.path("/run/k8s.cni.cncf.io/devinfo/cni").glob("*")
            ],
            "namespaces": [path.name for path in self.machine.path("/run/netns").glob("*")],
            # A bridge belongs to its network, and stays, as the plugin `bridge` has it.
            "interfaces": [
                name
                for link in links
                if (name := text(link, "ifname")) not in _OWN_INTERFACES
                and text(link, "linkinfo", "info_kind") != "bridge"
            ],
            "port rules": [rule for rule in rules if rule.startswith(("-A CNI-DN-", "-A CNI-HOSTPORT-DNAT"))],
        }
        return {what: names for what, names in found.items() if names}

    def records(self) -> list[Path]:
        """Return the records of pods that the plugin keeps."""
        return [path for path in self._file("/var/lib/cni/multus").glob("*") if path.is_file() and path.name[0] != "."]

    def clean(self) -> None:
        """Remove what a case has left, so that those after it are judged by what they do themselves."""
        for folder in ("multus", "networks", "results"):
            shutil.rmtree(self._file(f"/var/lib/cni/{folder}"), ignore_errors=True)
        self.machine.run(["iptables", "-t", "nat", "-F"], check=False)

    # ------------------------------------------------------------------------------------------------------ private

    def _connect(self) -> None:
        cable = f"to-{self.name}"
        run(["ip", "link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", str(self.machine.pid)])
        run(["ip", "link", "set", cable, "master", controlplane.BRIDGE, "up"])
        for command in (
            f"ip addr add {self.address.node}/24 dev eth0",
            "ip link set eth0 up",
            f"ip route add default via {controlplane.ADDRESS}",
            *(f"ip route add {other.pods} via {other.node}" for other in ADDRESSES if other != self.address),
        ):
            self.machine.run(command.split())
        # What arrives for pods is passed on. A node's network add-on does this.
        self.machine.path("/proc/sys/net/ipv4/ip_forward").write_text("1")

    def _kubelet_configuration(self) -> Object:
        return {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "containerRuntimeEndpoint": "unix:///run/containerd/containerd.sock",
            "failCgroupV1": False,
            "cgroupDriver": "cgroupfs",
            "cgroupsPerQOS": False,
            "cgroupRoot": self._cgroup,
            "enforceNodeAllocatable": [],
            "failSwapOn": False,
            # The machine's own fullness is none of the tests' business.
            "evictionHard": dict.fromkeys(
                ("memory.available", "nodefs.available", "nodefs.inodesFree", "imagefs.available"), "0%"
            ),
            "imageGCHighThresholdPercent": 100,
            "authentication": {"anonymous": {"enabled": True}, "webhook": {"enabled": False}},
            "authorization": {"mode": "AlwaysAllow"},
            "resolvConf": "",
            "staticPodPath": "/var/lib/kubelet/manifests",
            "volumePluginDir": "/var/lib/kubelet/volume-plugins",
            "fileCheckFrequency": "1s",
            "nodeStatusUpdateFrequency": "2s",
            # A pod's claim that the API server does not yet let it see is asked for again only then.
            "syncFrequency": "10s",
            "kubeAPIQPS": 200,
            "kubeAPIBurst": 400,
        }

    def _answers(self, *argv: str) -> bool:
        try:
            self._ctr(*argv)
        except RuntimeError:
            return False
        return True

    def _ctr(self, *argv: str) -> str:
        return self.machine.run(["ctr", "--namespace=k8s.io", *argv])


@dataclass(frozen=True)
class Interface:
    """An interface of a pod."""

    kind: str
    mac: str
    mtu: int
    addresses: list[str]


def _interface(one: Object) -> Interface:
    addresses = one.get("addr_info")
    mtu = one.get("mtu")
    return Interface(
        kind=text(one, "linkinfo", "info_kind"),
        mac=text(one, "address"),
        mtu=mtu if isinstance(mtu, int) else 0,
        addresses=[
            f"{text(address, 'local')}/{at(address, 'prefixlen')}"
            for address in (addresses if isinstance(addresses, list) else [])
            if text(address, "scope") == "global"
        ],
    )
