"""The API server that the programs talk to, and the objects on it: the lab's by default, a real one on demand."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import kubernetes

from multus_py.lab.objects import Object, text

GROUP_VERSION, PLURAL = "k8s.cni.cncf.io/v1", "network-attachment-definitions"
NETWORKS = "k8s.v1.cni.cncf.io/networks"
STATUS = "k8s.v1.cni.cncf.io/network-status"
_NO_SUCH_THING, _EXISTS, _FAILURES = 404, 409, 400


@contextmanager
def lab_server(directory: Path) -> Iterator[Path]:
    """Run the lab's API server in a process of its own, in this network namespace; yield its kubeconfig.

    Raises:
        RuntimeError: It does not start.
    """
    kubeconfig = directory / "kubeconfig"
    command = [sys.executable, "-m", "tests.bench.server", str(kubeconfig)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        if process.stdout is None or process.stdout.readline() != b"ready\n":
            raise RuntimeError("the lab's API server does not start")
        try:
            yield kubeconfig
        finally:
            process.communicate()  # ends its input


class ApiError(Exception):
    """The API server refused something."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class Cluster:
    """The bench's own namespace on an API server, and what is in it."""

    def __init__(self, kubeconfig: Path, *, namespace: str) -> None:
        """Talk to the server that the kubeconfig names; nothing is made yet."""
        self.kubeconfig = kubeconfig
        self.namespace = namespace
        self._client = kubernetes.config.new_client_from_config(str(kubeconfig))

    @property
    def version(self) -> str:
        """Return the server's version."""
        return str(self._call("GET", "/version").get("gitVersion"))

    @contextmanager
    def filled(self, networks: Mapping[str, Mapping[str, object]], pods: Mapping[str, str]) -> Iterator[dict[str, str]]:
        """Make the objects, and remove them at the end; yield the UID of each pod by its name.

        Args:
            networks: The CNI configuration of each network by its name.
            pods: The annotation of each pod by its name.

        Raises:
            ApiError: The server refuses something.
        """
        self._call("POST", "/api/v1/namespaces", {"metadata": {"name": self.namespace}})
        try:
            self._create_where_there_is_such_a_thing(f"{self._core}/serviceaccounts", "default")
            self._create_where_there_is_such_a_thing("/api/v1/nodes", self.namespace)
            for name, config in networks.items():
                self._create_network(name, config)
            yield {name: self._create_pod(name, annotation) for name, annotation in pods.items()}
        finally:
            self._call("DELETE", f"/api/v1/namespaces/{self.namespace}")
            with suppress(ApiError):
                self._call("DELETE", f"/api/v1/nodes/{self.namespace}")

    def status(self, pod: str) -> list[Object]:
        """Return the network status that was written to a pod; empty without one."""
        found = self._call("GET", f"{self._core}/pods/{pod}")
        entries: list[Object] = json.loads(text(found, "metadata", "annotations", STATUS) or "[]")
        return entries

    @property
    def _core(self) -> str:
        return f"/api/v1/namespaces/{self.namespace}"

    def _create_where_there_is_such_a_thing(self, path: str, name: str) -> None:
        """Make what a real cluster wants to see before it has a pod for long; the lab's knows no such things."""
        try:
            self._call("POST", path, {"metadata": {"name": name}})
        except ApiError as error:
            if error.code not in {_NO_SUCH_THING, _EXISTS}:
                raise

    def _create_network(self, name: str, config: Mapping[str, object]) -> None:
        body: Object = {
            "apiVersion": GROUP_VERSION,
            "kind": "NetworkAttachmentDefinition",
            "metadata": {"name": name},
            "spec": {"config": json.dumps(config)},
        }
        self._call("POST", f"/apis/{GROUP_VERSION}/namespaces/{self.namespace}/{PLURAL}", body)

    def _create_pod(self, name: str, annotation: str) -> str:
        body: Object = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "annotations": {NETWORKS: annotation} if annotation else {}},
            "spec": {
                "nodeName": self.namespace,  # where no kubelet starts it, and a daemon finds it
                "tolerations": [{"operator": "Exists"}],
                "automountServiceAccountToken": False,
                "containers": [{"name": "none", "image": "none"}],
            },
        }
        return text(self._call("POST", f"{self._core}/pods", body), "metadata", "uid")

    def _call(self, method: str, path: str, body: Object | None = None) -> Object:
        """Send a request as plain JSON: the library's models insist on fields that the lab's server does not have."""
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        prepared = self._client.param_serialize(
            method, path, header_params=headers, body=body, auth_settings=["BearerToken"]
        )
        response = self._client.call_api(*prepared)
        answer = json.loads(response.read())
        if not isinstance(answer, dict) or response.status >= _FAILURES:
            raise ApiError(response.status, f"{method} {path}: {response.status}: {answer}")
        return answer
