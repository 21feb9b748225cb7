"""What of CNI is on a machine: plugins, configurations, and the plugin under test, put there by hand or not at all."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from multus_py.lab import kubeconfig
from multus_py.lab.objects import JSON, Object
from tests.e2e import controlplane
from tests.e2e.machine import Machine
from tests.e2e.waiting import wait_for

REPOSITORY = Path(__file__).parents[2]
BINARY = os.environ.get("MULTUS", "")
"""The built executable; without it the plugin is run from its source, which is quicker while one works on it."""
_PLUGINS = ("bandwidth", "bridge", "host-local", "ipvlan", "loopback", "macvlan", "portmap", "sbr", "static", "tuning")
_PLUGIN_FOLDERS = (Path("/usr/lib/cni"), Path("/opt/cni/bin"))
_CONFIGURATION = "/etc/cni/net.d/00-multus.conf"
_KUBECONFIG = "/etc/cni/net.d/multus.d/multus.kubeconfig"
_PRIMARY = "/etc/cni/net.d/10-primary.conflist"
_NOBODY = 65534
# Gives way at ADD while a file exists, and says that it is there: a plugin that takes its time.
_GATE = """#!/bin/sh
conf=$(cat)
if [ "$CNI_COMMAND" = ADD ] && [ -e /run/gate.closed ]; then
    echo "$CNI_CONTAINERID" >/run/gate.reached
    while [ -e /run/gate.closed ]; do sleep 0.1; done
fi
printf %s "$conf" | exec /opt/cni/bin/bridge
"""


@dataclass(frozen=True)
class Address:
    """What one node is told about its place in the network."""

    name: str
    node: str
    pods: str
    gateway: str
    """The address of the bridge that the pods' eth0 is on."""


ADDRESSES = (
    Address("node1", "192.0.2.11", "198.51.100.0/25", "198.51.100.1"),
    Address("node2", "192.0.2.12", "198.51.100.128/25", "198.51.100.129"),
)


class Equipment:
    """What of CNI is on one machine."""

    def __init__(self, address: Address, machine: Machine) -> None:
        """Take the machine; nothing is put there yet."""
        self.address = address
        self.machine = machine
        self._token = ""
        self._authority = b""
        self._equipped = True

    def _provide(self, *, authority: bytes, token: str) -> None:
        """Put the reference plugins in place, and note how the plugin under test gets to the API server."""
        self._token, self._authority = token, authority
        for folder in ("/opt/cni/bin", "/etc/cni/net.d"):
            self._file(folder).mkdir(parents=True, exist_ok=True)
        for plugin in _PLUGINS:
            found = next(folder / plugin for folder in _PLUGIN_FOLDERS if (folder / plugin).exists())
            shutil.copy2(found, self._file(f"/opt/cni/bin/{plugin}"))
        self._write("/opt/cni/bin/gate", _GATE, mode=0o755)

    def _restore(self) -> None:
        """Put in place what is put there by hand, after a boot."""
        if self._equipped:
            self.install()
            self.configure()

    # --------------------------------------------------------------------------------------- the plugin under test

    def install(self, peer: Path | None = None) -> None:
        """Put the plugin in place: the peer if one is given, the built executable, or a wrapper around the source."""
        place = self._file("/opt/cni/bin/multus")
        place.unlink(missing_ok=True)
        if peer is not None:
            shutil.copy2(peer, place)
        elif BINARY:
            self.machine.run([BINARY, "install", "--cni-bin-dir", "/opt/cni/bin"])
        else:
            wrapper = f"#!/bin/sh\nexec {sys.executable} -m multus_py\n"
            self._write("/opt/cni/bin/multus", wrapper, mode=0o755)

    def strip(self) -> None:
        """Make it a node that never heard of the plugin: a cluster network, whose configuration is the only one.

        The folders belong to somebody other than root, as they do where Kubespray made the node.
        """
        self._clear()
        self._write(_PRIMARY, json.dumps(self.primary(), indent=2))
        for folder in self._cni_folders():
            os.chown(folder, _NOBODY, _NOBODY)
        self._equipped = False

    def equip(self, token: str) -> None:
        """Put the plugin in place by hand again, after `strip`; what others installed is gone."""
        self._token = token
        self._clear()
        for folder in self._cni_folders():
            os.chown(folder, 0, 0)
        self.install()
        self.configure()
        self._equipped = True

    def _clear(self) -> None:
        """Remove every configuration, and the plugin."""
        plugins, configurations = self._cni_folders()
        of_plugin = (path for path in plugins.iterdir() if path.name.startswith((".multus", "multus", "passthru")))
        for path in [*configurations.iterdir(), *of_plugin]:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()

    def files(self) -> dict[str, list[str]]:
        """Return the names of what is in the folders that installing writes to."""
        return {
            str(folder): sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))
            for folder in self._cni_folders()
        }

    def _cni_folders(self) -> list[Path]:
        return [self._file("/opt/cni/bin"), self._file(_CONFIGURATION).parent]

    def configure(self, **keys: JSON) -> None:
        """Write `00-multus.conf` and the plugin's kubeconfig.

        Args:
            keys: What the configuration holds beside, or instead of, what it always does.
        """
        access = kubeconfig.Access(controlplane.URL, authority=self._authority, token=self._token)
        self._file(_KUBECONFIG).parent.mkdir(exist_ok=True)
        kubeconfig.write(self._file(_KUBECONFIG), access)
        configuration: Object = {
            "cniVersion": "0.4.0",
            "name": "multus-cni-network",
            "type": "multus",
            "kubeconfig": _KUBECONFIG,
            "capabilities": {"portMappings": True},
            "logLevel": "debug",
            "logFile": "/var/log/multus.log",
            "logToStderr": False,
            "delegates": [self.primary()],
        }
        self._write(_CONFIGURATION, json.dumps(configuration | keys, indent=2))

    @contextmanager
    def configured(self, **keys: JSON) -> Iterator[None]:
        """Configure the plugin otherwise for a while."""
        self.configure(**keys)
        # The runtime reads it when the kernel tells it so, and tells nobody when it has.
        time.sleep(1)
        try:
            yield
        finally:
            self.configure()
            time.sleep(1)

    def primary(self) -> Object:
        """Return the cluster network's configuration."""
        return {
            "cniVersion": "0.4.0",
            "name": "primary",
            "plugins": [
                {
                    "type": "bridge",
                    "bridge": "cni0",
                    "isGateway": True,
                    "ipMasq": False,
                    "hairpinMode": True,
                    "ipam": {
                        "type": "host-local",
                        "ranges": [[{"subnet": self.address.pods}]],
                        "routes": [{"dst": "0.0.0.0/0"}],
                    },
                },
                {"type": "portmap", "snat": True, "capabilities": {"portMappings": True}},
            ],
        }

    def remove_kubeconfig(self) -> None:
        """Take the plugin's way to the API server away; `configure` brings it back."""
        self._file(_KUBECONFIG).unlink()

    def plugin_log(self) -> str:
        """Return what the plugin has logged."""
        log = self.machine.logs / "multus.log"
        return log.read_text() if log.exists() else ""

    # --------------------------------------------------------------------------------------------------- devices

    @contextmanager
    def device_plugin(self, resource: str, *devices: str) -> Iterator[None]:
        """Run a device plugin for a while, which advertises these devices (deviceplugin.py)."""
        argv = [sys.executable, "-m", "tests.e2e.deviceplugin", resource, *devices]
        plugin = self.machine.start(["env", f"PYTHONPATH={REPOSITORY}", *argv], name=resource.replace("/", "-"))
        try:
            yield
        finally:
            plugin.stop()

    @contextmanager
    def without_pod_resources(self) -> Iterator[None]:
        """Put the kubelet's socket out of the plugin's sight for a while."""
        socket = self._file("/var/lib/kubelet/pod-resources/kubelet.sock")
        aside = socket.with_name("aside.sock")
        socket.rename(aside)
        try:
            yield
        finally:
            aside.rename(socket)

    @contextmanager
    def recording(self, type: str) -> Iterator[None]:
        """Have a plugin that writes down what it is told, and makes nothing, for a while."""
        plugin = self._file(f"/opt/cni/bin/{type}")
        record = plugin.with_name(f"{type}.log")
        plugin.symlink_to(REPOSITORY / "plugins/recorder.py")
        record.touch()
        try:
            yield
        finally:
            plugin.unlink()
            record.unlink()

    def recorded(self, type: str) -> list[Object]:
        """Return what that plugin has been told, call by call."""
        return [json.loads(line) for line in self._file(f"/opt/cni/bin/{type}.log").read_text().splitlines()]

    def forget(self, type: str) -> None:
        """Begin its record anew."""
        self._file(f"/opt/cni/bin/{type}.log").write_text("")

    # ------------------------------------------------------------------------------------- the plugin that can wait

    def close_gate(self) -> None:
        """From now on the plugin `gate`, a `bridge`, waits at ADD."""
        self.machine.path("/run/gate.reached").unlink(missing_ok=True)
        self.machine.path("/run/gate.closed").touch()

    def wait_at_gate(self) -> str:
        """Wait until an ADD stands at the gate, and return its container's ID."""
        reached = self.machine.path("/run/gate.reached")
        wait_for(reached.exists, f"an ADD reaches the gate on {self.machine.name}", timeout=30)
        return reached.read_text().strip()

    def open_gate(self) -> None:
        """Let everybody pass, and wait until they have."""
        self.machine.path("/run/gate.closed").unlink(missing_ok=True)
        wait_for(lambda: not self._at_gate(), "nobody is at the gate", timeout=20)

    def _at_gate(self) -> bool:
        return "/opt/cni/bin/gate" in self.machine.run(
            ["sh", "-c", "cat /proc/[0-9]*/cmdline 2>/dev/null"], check=False
        )

    def _file(self, path: str) -> Path:
        return self.machine.state / path[1:]

    def _write(self, path: str, content: str, *, mode: int = 0o644) -> None:
        file = self._file(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        new = file.with_name(f".{file.name}.new")
        new.write_text(content)
        new.chmod(mode)
        new.rename(file)
