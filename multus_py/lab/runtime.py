"""What a container runtime does with a CNI plugin: the environment, the request on stdin, the answer, a limit of time.

It knows the CNI specification and nothing of Kubernetes but the names in CNI_ARGS. It is deliberately not built on
`multus_py.cni`: a mistake there must not cancel itself out when the lab calls Multus.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from multus_py.lab.netns import Namespace
from multus_py.lab.objects import JSON, Object, decode, section, text

PATIENCE = 60.0
"""Seconds until a call is ended by force."""


class PluginError(Exception):
    """The plugin's answer was an error, or none that the specification knows."""

    def __init__(self, message: str, *, code: int = -1, details: str = "", stderr: str = "") -> None:
        """Describe the failure; the code is -1 when the plugin gave none."""
        super().__init__(f"{message}; {details}" if details else message)
        self.message = message
        self.code = code
        self.details = details
        self.stderr = stderr


@dataclass(frozen=True)
class Sandbox:
    """A pod's network namespace and what a runtime calls it."""

    namespace: Namespace
    container_id: str
    pod_namespace: str = ""
    pod_name: str = ""
    pod_uid: str = ""
    ifname: str = "eth0"

    @property
    def args(self) -> str:
        """Return CNI_ARGS as containerd words them; empty for a sandbox that is no pod's, such as cnitool's."""
        if not self.pod_name:
            return ""
        pairs = {
            "IgnoreUnknown": "1",
            "K8S_POD_NAMESPACE": self.pod_namespace,
            "K8S_POD_NAME": self.pod_name,
            "K8S_POD_INFRA_CONTAINER_ID": self.container_id,
            "K8S_POD_UID": self.pod_uid,
        }
        return ";".join(f"{key}={value}" for key, value in pairs.items())


class Call:
    """A plugin at work."""

    def __init__(self, argv: list[str], *, request: Object, variables: Mapping[str, str]) -> None:
        """Start it."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("CNI_")}
        with tempfile.TemporaryFile() as stdin:
            stdin.write(json.dumps(request).encode())
            stdin.seek(0)
            self.process = subprocess.Popen(
                argv,
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env=inherited | dict(variables),
                start_new_session=True,
            )
        self.command = variables["CNI_COMMAND"]
        self.container_id = variables.get("CNI_CONTAINERID", "")
        self.said, self.complained = "", ""
        """What it wrote to stdout and to stderr; known after its end, unless it was killed."""

    def communicate(self, timeout: float = PATIENCE) -> tuple[str, str]:
        """Wait for the end; return what it wrote to stdout and to stderr. Raises subprocess.TimeoutExpired."""
        self.said, self.complained = self.process.communicate(timeout=timeout)
        return self.said, self.complained

    def result(self, timeout: float = PATIENCE) -> Object:
        """Wait for the answer and return it; it is empty for every command but ADD and VERSION.

        Raises:
            PluginError: The plugin answered with an error, or with what is no answer.
            subprocess.TimeoutExpired: It did not answer in time. It was ended, with all that it had started.
        """
        with self.process:
            try:
                out, err = self.communicate(timeout)
            except BaseException:
                os.killpg(self.process.pid, signal.SIGKILL)
                raise
        answer = _answer(out)
        if self.process.returncode == 0 and (answer is not None or not out):
            return answer or {}
        if answer is None or not text(answer, "msg"):
            said = out.strip() or err.strip() or "nothing"
            message = f"{self.command} ended with status {self.process.returncode} and no error document: {said}"
            raise PluginError(message, stderr=err)
        code = answer.get("code")
        number = code if isinstance(code, int) else -1
        raise PluginError(text(answer, "msg"), code=number, details=text(answer, "details"), stderr=err)

    def interrupt(self) -> None:
        """Send SIGTERM to the plugin, and to nothing that it started."""
        self.process.terminate()

    def kill(self) -> None:
        """End the plugin as a runtime does that gives up: SIGKILL, to nothing that it started."""
        with self.process:
            self.process.kill()
            for pipe in (self.process.stdout, self.process.stderr):
                if pipe:
                    pipe.close()  # what it started may hold the other end


class Runtime:
    """Calls the plugin of one configuration, as the runtime of one node does."""

    def __init__(
        self,
        config: Object,
        *,
        namespace: Namespace,
        plugins: Path,
        prefix: tuple[str, ...] = (),
        calls: list[Call] | None = None,
    ) -> None:
        """Prepare the calls.

        Args:
            config: The network configuration, as it is in its file.
            namespace: The node's own namespace, which the plugin runs in.
            plugins: The directory of plugins.
            prefix: What the plugin's command line begins with, if it shall be changed inside the namespace.
            calls: Where each call is put when it is started, for whoever wants to look at it later.
        """
        self.config = config
        self._namespace = namespace
        self._plugins = plugins
        self._prefix = prefix
        self._calls = calls
        self._results: dict[str, tuple[Object, Object]] = {}

    def start(
        self,
        command: str,
        sandbox: Sandbox | None = None,
        *,
        arguments: Mapping[str, JSON] | None = None,
        extra: Mapping[str, JSON] | None = None,
        netns: str | None = None,
    ) -> Call:
        """Start a call and return it; `add` and its like are enough for most uses.

        Args:
            command: The CNI command.
            sandbox: The pod it is about; None for STATUS, GC and VERSION.
            arguments: Capability arguments. The plugin gets those whose capability it declares.
            extra: What else goes into the request.
            netns: The sandbox's path, when it is not to be its own.
        """
        variables = {"CNI_COMMAND": command, "CNI_PATH": str(self._plugins)}
        if sandbox is not None:
            variables |= {
                "CNI_CONTAINERID": sandbox.container_id,
                "CNI_NETNS": str(sandbox.namespace.path) if netns is None else netns,
                "CNI_IFNAME": sandbox.ifname,
                "CNI_ARGS": sandbox.args,
            }
        declared = section(self.config, "capabilities")
        accepted: Object = {name: value for name, value in (arguments or {}).items() if declared.get(name) is True}
        request = self.config | ({"runtimeConfig": accepted} if accepted else {}) | dict(extra or {})
        executable = self._plugins / text(self.config, "type")
        argv = self._namespace.command([*self._prefix, str(executable)])
        call = Call(argv, request=request, variables=variables)
        if self._calls is not None:
            self._calls.append(call)
        return call

    def add(self, sandbox: Sandbox, **arguments: JSON) -> Object:
        """Attach a sandbox; return the result. Keyword arguments are capability arguments. Raises PluginError."""
        result = self.start("ADD", sandbox, arguments=arguments).result()
        self._results[sandbox.container_id] = (result, dict(arguments))
        return result

    def check(self, sandbox: Sandbox) -> None:
        """Ask whether the sandbox is as ADD left it. Raises PluginError."""
        extra, arguments = self._remembered(sandbox)
        self.start("CHECK", sandbox, extra=extra, arguments=arguments).result()

    def delete(self, sandbox: Sandbox, *, netns: str | None = None) -> None:
        """Detach a sandbox, with the namespace it had or, once that is gone, with `netns=""`. Raises PluginError."""
        extra, arguments = self._remembered(sandbox)
        self.start("DEL", sandbox, extra=extra, arguments=arguments, netns=netns).result()
        self._results.pop(sandbox.container_id, None)

    def status(self) -> None:
        """Ask whether ADD would be possible. Raises PluginError."""
        self.start("STATUS").result()

    def collect(self, valid: Iterable[Sandbox]) -> None:
        """Have everything removed that belongs to other sandboxes than these. Raises PluginError."""
        kept: list[JSON] = [{"containerID": sandbox.container_id, "ifname": sandbox.ifname} for sandbox in valid]
        self.start("GC", extra={"cni.dev/valid-attachments": kept}).result()

    def _remembered(self, sandbox: Sandbox) -> tuple[Object, Object]:
        """Return what a runtime repeats of a sandbox's ADD: its result, and its capability arguments."""
        result, arguments = self._results.get(sandbox.container_id, ({}, {}))
        return ({"prevResult": result} if result else {}), arguments


@contextmanager
def sandbox(name: str, *, container_id: str, pod: Object | None = None) -> Iterator[Sandbox]:
    """Make a sandbox for a pod, or for nobody in particular; it exists until the end of the context."""
    metadata = section(pod or {}, "metadata")
    with Namespace(name) as namespace:
        yield Sandbox(
            namespace,
            container_id,
            pod_namespace=text(metadata, "namespace"),
            pod_name=text(metadata, "name"),
            pod_uid=text(metadata, "uid"),
        )


def _answer(out: str) -> Object | None:
    """Return the plugin's document; None when there is none."""
    try:
        value = decode(out.encode())
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
