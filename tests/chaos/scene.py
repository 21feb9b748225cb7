"""Where chaos happens: a node with every kind of attachment, and what must be true of it after whatever happened.

A pod here has the cluster network, a network with addresses on disk and the default route, and a chain of two plugins
with device information. `unharmed` holds what a runtime may rely on; `is_as_told` what a pod may.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import secrets
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from multus_py.lab.executable import BUILT, install_multus
from multus_py.lab.objects import JSON, Object
from multus_py.lab.runtime import Call, Runtime
from tests.chaos import misfit, peak, stepping
from tests.integration.flows import networks
from tests.integration.flows.world import PEER, Pod, World

NETWORKS: JSON = [{"name": "data", "default-route": [PEER]}, {"name": "chain", "deviceID": "0000:00:02.1"}]
INTERFACES = ["eth0", "net1", "net2"]
HERE = Path(__file__).parent
DEVICE_INFORMATION = "k8s.cni.cncf.io"
_KERNEL_SECONDS = 10.0
"""What a namespace that was removed may need to take its interfaces along."""
_OWN_RUN = 'mount --rbind /run/netns "$0/netns" && mount --rbind "$0" /run && exec "$@"'
"""A call that sees a /run of the node's own, so that device information stays off the machine's."""


class Scene(World):
    """A world with networks that leave traces of all kinds."""

    def __init__(self, stack: ExitStack, directory: Path) -> None:
        """Make everything, to be taken away by the stack."""
        self.run = directory.parent / f"{directory.name}-run"
        (self.run / "netns").mkdir(parents=True)
        self.pids = self.run / "pids"
        """The process ids of all `misfit` plugins that were started."""
        self.pids.touch()
        self.log = self.run / stepping.LOG
        """What Multus wrote to its log since `begin`."""
        self.calls: list[Call] = []
        """The calls since `begin`."""
        super().__init__(stack, directory, name=f"chaos-{secrets.token_hex(4)}")
        self.put_misfit()
        self.network("data", networks.storage(self.node))
        self.network("chain", self.chain())
        self._numbers = itertools.count(1)
        self._kept: set[str] = set()
        """What is no leftover, because the neighbour has it."""
        self.neighbour = self.attached()
        """A pod that lives all the time: whatever happens to others, it must keep what it has."""
        self._kept.update(self.left())

    def begin(self) -> None:
        """Forget what was said: another case begins."""
        self.log.unlink(missing_ok=True)
        self.calls.clear()

    def put_misfit(self) -> None:
        """Put the plugin that misbehaves onto the node."""
        path = self.node.plugins / "misfit"
        path.write_text(misfit.executable())
        path.chmod(0o755)

    def chain(self, **keys: JSON) -> Object:
        """Return a network of two plugins; keyword arguments are for the second one, `misfit`."""
        ipam = self.node.host_local("192.0.2.0/24")
        first: Object = {"type": "bridge", "bridge": "chain0", "ipam": ipam}
        second: Object = {"type": "misfit", "capabilities": {"CNIDeviceInfoFile": True}, "pids": str(self.pids), **keys}
        return {"cniVersion": "1.0.0", "name": "chain", "plugins": [first, second]}

    def configured(self, **keys: JSON) -> Runtime:
        """Give the node this configuration, a log, and the calls a /run of the node's own."""
        log: Object = {"logFile": str(self.log), "logLevel": "debug", "logToStderr": False}
        super().configured(**({"cniVersion": "1.1.0"} | log | keys))
        self.runtime = self.with_prefix()
        return self.runtime

    def with_prefix(self, *prefix: str) -> Runtime:
        """Return the runtime, with a program through which it starts the plugin."""
        return self.with_plugins(self.node.plugins, *prefix)

    def with_plugins(self, plugins: Path, *prefix: str) -> Runtime:
        """Return the runtime with the Multus of another directory."""
        own_run = ("unshare", "--mount", "sh", "-c", _OWN_RUN, str(self.run))
        config, namespace = self.runtime.config, self.node.namespace
        return Runtime(config, namespace=namespace, plugins=plugins, prefix=(*own_run, *prefix), calls=self.calls)

    def versions(self) -> list[Runtime]:
        """Return runtimes that call this package, and the installed build if there is one."""
        runtimes = [self.runtime]
        if BUILT.is_file():
            directory = self.run / "built"
            if not directory.is_dir():
                directory.mkdir()
                install_multus(directory)
            runtimes.append(self.with_plugins(directory))
        return runtimes

    def fresh(self, networks: JSON = NETWORKS) -> Pod:
        """Make one more pod, which is not attached yet."""
        return self.pod(f"pod{next(self._numbers)}", networks)

    def attached(self) -> Pod:
        """Make one more pod, and attach it."""
        pod = self.fresh()
        self.add(pod)
        return pod

    # What may happen.

    @contextmanager
    def bounded(self, memory: int = peak.MOST) -> Iterator[None]:
        """Assert that no call of the block takes more memory than this, in MiB."""
        usual, report = self.runtime, self.run / "peaks"
        report.write_text("")
        self.runtime = self.with_prefix(sys.executable, "-IS", str(HERE / "peak.py"), str(report))
        try:
            yield
        finally:
            self.runtime = usual
        taken = peak.taken(report)
        assert taken, "no call was measured"
        assert max(taken) <= memory, f"a call took {max(taken)} MiB"

    def step(self, command: str, pod: Pod | None, fault: str, first: int, last: int | None = None) -> tuple[Call, Path]:
        """Start a call to which something happens, about a pod or none; return it, and where it notes its steps."""
        with tempfile.NamedTemporaryFile(dir=self.run, prefix="steps-", delete=False) as report:
            program = (
                sys.executable,
                str(HERE / "stepping.py"),
                fault,
                str(first),
                str(first if last is None else last),
            )
            stepping = self.with_prefix(*program, report.name)
            sandbox = pod.sandbox if pod else None
            return stepping.start(command, sandbox, extra=self.request_of(pod)), Path(report.name)

    def request_of(self, pod: Pod | None) -> Object:
        """Return what a runtime says of a pod that it has attached; of None, which pods those are that it has."""
        if pod is not None:
            return {"prevResult": pod.result} if pod.result else {}
        valid: list[JSON] = [
            {"containerID": each.sandbox.container_id, "ifname": each.sandbox.ifname}
            for each in self.pods
            if each.result
        ]
        return {"cni.dev/valid-attachments": valid}

    def steps(self, command: str, pod: Pod | None) -> list[str]:
        """Make a call to which nothing happens, and return its steps."""
        call, report = self.step(command, pod, "kill", 0, -1)
        said = document(call)
        if pod and command == "ADD" and "code" not in said:
            pod.result = said
        return report.read_text().splitlines()

    # What must hold.

    def is_as_told(self, pod: Pod) -> None:
        """Assert that a pod that was told to be attached is: interfaces, addresses, status."""
        assert pod.names == INTERFACES, pod.names
        told = {entry["interface"]: entry["ips"] for entry in self.status(pod)}
        found = {name: [address.partition("/")[0] for address in pod.addresses(name)] for name in pod.names}
        assert told == found, (told, found)
        assert pod.defaults() == [f"{PEER} net1"], pod.defaults()

    def is_gone(self, pod: Pod, *, command: str = "DEL") -> None:
        """Have a pod taken back as a runtime does, assert that nothing is left of it, and forget it."""
        if command == "GC":
            self.runtime.collect([other.sandbox for other in self.pods if other is not pod])
        else:
            netns = None if pod.sandbox.namespace.path.exists() else ""
            self.runtime.delete(pod.sandbox, netns=netns)
        self.nothing_left(pod)

    def drop_device_information(self) -> None:
        """Remove all device information but the neighbour's, as the next boot does."""
        for path in (self.run / DEVICE_INFORMATION).rglob("*"):
            if path.is_file() and self.neighbour.sandbox.container_id not in path.name:
                path.unlink()

    def nothing_left(self, pod: Pod) -> None:
        """Assert that nothing is left of a pod, and forget it."""
        if pod.sandbox.namespace.path.exists():
            assert pod.names == [], f"{pod.names} in the pod's namespace"
        self.forget(pod)
        self.is_clean()

    def is_clean(self) -> None:
        """Assert that nothing is there but what the neighbour has, and that whole."""
        left = self.left(within=_KERNEL_SECONDS)
        assert not left, left
        self.is_as_told(self.neighbour)

    def forget(self, pod: Pod) -> None:
        """Remove a pod's sandbox, and the pod."""
        pod.sandbox.namespace.remove()
        self.pods.remove(pod)

    def _left(self) -> list[str]:
        device_information = (self.run / DEVICE_INFORMATION).rglob("*")
        files = [f"device information {path.name}" for path in device_information if path.is_file()]
        found = {*super()._left(), *files, *(f"process {pid}" for pid in self.delegates())}
        return sorted({*(found - self._kept), *(f"no {missing}" for missing in self._kept - found)})

    def delegates(self) -> list[int]:
        """Return the `misfit` plugins that still run."""
        noted = [int(line) for line in self.pids.read_text().split()]
        mine = bytes(self.node.plugins / "misfit")  # a number may be somebody else's by now
        return [pid for pid in noted if mine in _command_line(pid)]

    def end_delegates(self) -> None:
        """End the `misfit` plugins that still run."""
        for pid in self.delegates():
            with suppress(ProcessLookupError), ExitStack() as stack:
                handle = os.pidfd_open(pid)
                stack.callback(os.close, handle)
                if pid in self.delegates():  # still: before there was a handle, the number may have changed hands
                    signal.pidfd_send_signal(handle, signal.SIGKILL)


@contextmanager
def scene() -> Iterator[Scene]:
    """Make a scene; in the end everything of it goes."""
    with tempfile.TemporaryDirectory(prefix="multus-chaos-") as directory, ExitStack() as stack:
        home = Path(directory) / "node"
        home.mkdir()
        made = Scene(stack, home)
        stack.callback(made.end_delegates)
        yield made


def document(call: Call, *, secret: str = "Traceback") -> Object:
    """Wait for a call, and assert that it keeps to the protocol; return its result, or its error.

    One JSON document or none on stdout, an error document if and only if the exit status is 1, no traceback, no secret.
    """
    out, err = call.communicate()
    assert not {"Traceback", secret}.intersection(re.findall(r"[\w-]+", out + err)), out + err
    assert call.process.returncode in {0, 1}, (call.process.returncode, out, err)
    said: object = json.loads(out) if out.strip() else {}
    assert isinstance(said, dict)
    failed = call.process.returncode == 1
    assert failed == ("code" in said), said
    assert not failed or said["msg"], said
    return said


def _command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
