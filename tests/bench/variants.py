"""What is compared: each variant turns "attach this pod" into the programs that a runtime would start for it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tests.bench import networks
from tests.bench.process import Step

_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Pod:
    """A pod and the sandbox that it gets its networks in."""

    namespace: str
    name: str
    uid: str
    networks: int
    """How many extra networks it asks for."""
    sandbox: Path
    """The file of its network namespace."""


class Variant(Protocol):
    """One way to give a pod its networks."""

    @property
    def key(self) -> str:
        """Return its name in results.json."""

    @property
    def label(self) -> str:
        """Return its name in the tables."""

    def version(self) -> list[Step]:
        """Return what answers VERSION; nothing when there is no such thing."""

    def add(self, pod: Pod, container: str) -> list[Step]:
        """Return what attaches a pod, to be run in order."""

    def delete(self, pod: Pod, container: str, results: Sequence[bytes]) -> list[Step]:
        """Return what detaches a pod, to be run in order; `results` is what ADD's programs printed."""

    def cpu_elsewhere(self) -> float:
        """Return the seconds of CPU time that its daemon has used so far, the daemon's children included."""


@dataclass(frozen=True)
class Bare:
    """The plugins alone, one after the other, with ready requests: what no meta-plugin can be faster than."""

    plugins: Path
    configs: Sequence[Mapping[str, object]]
    """The cluster network's, then those of the extra networks."""
    key: str = "bare"
    label: str = "plugins alone"

    def version(self) -> list[Step]:
        """Return nothing."""
        return []

    def add(self, pod: Pod, container: str) -> list[Step]:
        """Return one program for each network."""
        return [self._step("ADD", pod, container, index) for index in range(pod.networks + 1)]

    def delete(self, pod: Pod, container: str, results: Sequence[bytes]) -> list[Step]:
        """Return one program for each network, the last one first."""
        return [self._step("DEL", pod, container, index, result) for index, result in enumerate(results)][::-1]

    def cpu_elsewhere(self) -> float:
        """Return zero: there is no daemon."""
        return 0.0

    def _step(self, verb: str, pod: Pod, container: str, index: int, result: bytes = b"") -> Step:
        config = networks.encode(self.configs[index])
        env = _environment(verb, pod, container, networks.interfaces(pod.networks)[index], self.plugins)
        program = str(self.plugins / str(self.configs[index]["type"]))
        return Step((program,), env, networks.with_previous(config, result))


@dataclass(frozen=True)
class Meta:
    """A meta-plugin: one program does it all."""

    key: str
    label: str
    argv: tuple[str, ...]
    config: bytes
    plugins: Path
    daemon: int = 0
    """The process id of its daemon; 0 when it has none."""

    def version(self) -> list[Step]:
        """Return the one program."""
        return [Step(self.argv, {"CNI_COMMAND": "VERSION", "CNI_PATH": str(self.plugins), "PATH": _PATH}, self.config)]

    def add(self, pod: Pod, container: str) -> list[Step]:
        """Return the one program."""
        return [Step(self.argv, _environment("ADD", pod, container, "eth0", self.plugins), self.config)]

    def delete(self, pod: Pod, container: str, results: Sequence[bytes]) -> list[Step]:
        """Return the one program."""
        config = networks.with_previous(self.config, results[0])
        return [Step(self.argv, _environment("DEL", pod, container, "eth0", self.plugins), config)]

    def cpu_elsewhere(self) -> float:
        """Return what the daemon has used; it counts in hundredths of a second."""
        if not self.daemon:
            return 0.0
        after_name = Path(f"/proc/{self.daemon}/stat").read_text().rpartition(")")[2].split()
        return sum(int(ticks) for ticks in after_name[11:15]) / os.sysconf("SC_CLK_TCK")


def _environment(verb: str, pod: Pod, container: str, ifname: str, plugins: Path) -> dict[str, str]:
    arguments = {
        "IgnoreUnknown": "1",
        "K8S_POD_NAMESPACE": pod.namespace,
        "K8S_POD_NAME": pod.name,
        "K8S_POD_INFRA_CONTAINER_ID": container,
        "K8S_POD_UID": pod.uid,
    }
    return {
        "CNI_COMMAND": verb,
        "CNI_CONTAINERID": container,
        "CNI_NETNS": str(pod.sandbox),
        "CNI_IFNAME": ifname,
        "CNI_ARGS": ";".join(f"{key}={value}" for key, value in arguments.items()),
        "CNI_PATH": str(plugins),
        "PATH": _PATH,
    }
