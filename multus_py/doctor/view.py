"""What checks look at: a node's files, its kernel and its cluster, each read once, when the first check wants it.

Nothing here writes. What is not to be had raises BlockedError, with the name of the check whose business that is, or
SkippedError where it need not be there.
"""

from __future__ import annotations

import dataclasses
import math
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Self

from multus_py.attach import adapters
from multus_py.base import clock as clocks
from multus_py.base import log, process
from multus_py.base.clock import Deadline, SystemClock
from multus_py.cluster import credentials, errors, http, kubeconfig, operation
from multus_py.doctor import certificates, configuration, usage
from multus_py.doctor.check import BlockedError, SkippedError
from multus_py.doctor.once import once
from multus_py.doctor.root import Root
from multus_py.doctor.server import RefusedError, Server
from multus_py.hostconfig import account
from multus_py.inventory import attached, leaked, machine
from multus_py.inventory import node as inventories
from multus_py.node import interfaces
from multus_py.node.errors import NodeError

if TYPE_CHECKING:
    from multus_py.attach.settings import Settings
    from multus_py.base.clock import Clock
    from multus_py.base.jsontext import JSONObject
    from multus_py.cluster.credentials import Credential
    from multus_py.cluster.http import Response
    from multus_py.cluster.kubeconfig import Access
    from multus_py.doctor.configuration import Configuration
    from multus_py.doctor.options import Options
    from multus_py.doctor.usage import Scheduled, Used
    from multus_py.inventory.model import Attachment, Container, Leak
    from multus_py.node.interfaces import Interface

NADS_PATH = "/apis/k8s.cni.cncf.io/v1"
_BUSY, _BROKEN = 429, 500
_NEW_CERTIFICATE = (
    "Put another certificate into the kubeconfig, or let `multus daemon` write one with a token, which it replaces in "
    "time. If the certificate is good, look at this node's clock."
)
_RESTORE = "Let `multus daemon` run on the node, which restores it, or run `multus install` again."
_BUSY_SERVER = "Look at the API server and at what is in front of it: a load balancer, a proxy."
_TRUST = (
    "Check certificate-authority-data in the kubeconfig against the cluster's CA; `multus daemon` writes it anew when "
    "that of its service account has changed."
)


class View:
    """One node. As a context it hangs up at the end."""

    def __init__(
        self, options: Options, *, clock: Clock | None = None, environment: Mapping[bytes, bytes] | None = None
    ) -> None:
        """Look at a node; nothing is read yet."""
        self.options = options
        self.clock: Clock = clock or SystemClock()
        self.root = Root(options.root)
        self._server: Server | None = None
        self._environ = process.clean_environment(os.environb if environment is None else environment)

    def __enter__(self) -> Self:
        """Do nothing: what is wanted is opened when it is wanted."""
        return self

    def __exit__(self, *_exception: object) -> None:
        """Hang up, if anybody has been asked."""
        if self._server is not None:
            self._server.close()

    @property
    def now(self) -> float:
        """The time of this machine, in seconds since 1970."""
        return self.clock.now()

    def seen(self, path: str | PurePosixPath) -> Path:
        """Return where a path of the node is to be found; what is not mounted here cannot be told from what is missing.

        Raises:
            SkippedError: Its directory is not there, and this may not be the node's whole root.
        """
        found = self.root(path)
        if self.options.root != Path("/") and not found.parent.is_dir():
            raise SkippedError(f"{path} cannot be seen from here: run it on the node itself")
        return found

    @once
    def configuration(self) -> Configuration:
        """The Multus configuration that counts. Raises BlockedError."""
        return configuration.find(self.root, self.options.conf_dir)

    @once
    def settings(self) -> Settings:
        """What it says, with what the command line says instead. Raises BlockedError."""
        found = self.configuration.settings()
        given = self.options
        return found.replace(cni_dir=given.cni_dir or found.cni_dir, kubeconfig=given.kubeconfig or found.kubeconfig)

    @property
    def search(self) -> tuple[str, ...]:
        """Where plugins are looked for, in order: `binDir`, then what runtimes pass as CNI_PATH."""
        return tuple(dict.fromkeys([self.settings.bin_dir, str(self.options.bin_dir)]))

    @property
    def state(self) -> Path:
        """The directory of records; it need not be there yet. Raises BlockedError, SkippedError."""
        return self.seen(f"{self.settings.cni_dir}/results").parent

    @once
    def links(self) -> dict[str, Interface]:
        """The interfaces of the node's own network namespace, by name. Raises BlockedError."""
        try:
            return {found.name: found for found in interfaces.interfaces(machine.OWN)}
        except NodeError as error:
            raise BlockedError("master-present", f"the kernel does not tell the node's interfaces: {error}") from error

    def link(self, name: str) -> Interface | None:
        """Return an interface of the node by any of its names (`altname`), as plugins find it. Raises BlockedError."""
        if name in self.links:
            return self.links[name]
        try:
            index = socket.if_nametoindex(name)
        except OSError:
            return None
        return next((found for found in self.links.values() if found.index == index), None)

    @once
    def access(self) -> Access:
        """What the kubeconfig says. Raises BlockedError, SkippedError."""
        path = self.settings.kubeconfig
        if not path:
            raise SkippedError("the configuration names no kubeconfig, so Multus works without a cluster here")
        try:
            return kubeconfig.load(str(self.root(path)))
        except errors.ClusterError as error:
            raise BlockedError("kubeconfig", str(error), remedy=_RESTORE, file=path) from error

    @once
    def credential(self) -> Credential:
        """Who the node is to the cluster. Raises BlockedError, SkippedError."""
        deadline = Deadline(self.clock, self.options.api_timeout)
        try:
            return credentials.obtain(self.access, run=process.run, environ=self._environ, deadline=deadline)
        except errors.ClusterError as error:
            remedy = "Correct the user in the kubeconfig, or let `multus daemon` write it."
            raise BlockedError("kubeconfig", str(error), remedy=remedy, file=self.settings.kubeconfig) from error

    @property
    def token_expires(self) -> float | None:
        """When the token expires; None when it does not say so. Raises BlockedError, SkippedError."""
        return account.expiry(self.credential.token)

    @once
    def certificate_lifetime(self) -> tuple[float, float] | None:
        """From when to when the client certificate is valid; None without one. Raises BlockedError, SkippedError."""
        try:
            return certificates.validity(self.credential.certificate) if self.credential.certificate else None
        except ValueError as error:
            problem = f"the client certificate cannot be read: {error}"
            raise BlockedError("kubeconfig", problem, remedy=_NEW_CERTIFICATE, file=self.settings.kubeconfig) from error

    @property
    def certificate_problem(self) -> str:
        """Why the client certificate is void now; empty when it is not, or there is none."""
        begins, ends = self.certificate_lifetime or (self.now, math.inf)
        if self.now < begins:
            return f"the client certificate is not valid before {clocks.rfc3339(begins)}"
        return f"the client certificate has expired at {clocks.rfc3339(ends)}" if self.now >= ends else ""

    @once
    def server(self) -> Server:
        """The way to the API server; nothing is connected yet. Raises BlockedError, SkippedError."""
        shown = self.credential
        if self.certificate_problem:  # some servers would not even talk to us
            shown = shown.replace(certificate="", key="")
        try:
            self._server = Server(self.access, shown, clock=self.clock, timeout=self.options.api_timeout)
        except errors.ConfigError as error:
            raise BlockedError("kubeconfig", str(error), remedy=_RESTORE, file=self.settings.kubeconfig) from error
        return self._server

    @once
    def contact(self) -> tuple[Server, Response]:
        """The API server, and its first answer, whatever that is. Raises BlockedError, SkippedError."""
        try:
            return self.server, self.server.answer(NADS_PATH)
        except errors.UntrustedError as error:
            raise BlockedError("api-trusted", f"{self.access.server}: {error}", remedy=_TRUST) from error
        except (OSError, errors.ClusterError, http.ProtocolError) as error:
            reason = getattr(error, "strerror", None) or error
            raise BlockedError(
                "api-reachable",
                f"no answer from {self.access.server}: {reason}",
                remedy="Check that the address is right and reached from this node: a firewall, kube-proxy for a "
                "service's address, the API server itself.",
            ) from error

    @once
    def cluster(self) -> Server:
        """The API server, which knows us. Raises BlockedError, SkippedError."""
        expires = self.token_expires
        if expires is not None and expires <= self.now:
            raise BlockedError(
                "token-expiry",
                f"the token has expired at {clocks.rfc3339(expires)}",
                remedy="Let `multus daemon` run on the node, which replaces it in time; if it does run, look at its "
                "log and at the kubelet's.",
                file=self.settings.kubeconfig,
            )
        if self.certificate_problem and not self.credential.token:
            raise BlockedError(
                "client-certificate",
                self.certificate_problem,
                remedy=_NEW_CERTIFICATE,
                file=self.settings.kubeconfig,
            )
        found, first = self.contact
        if first.status == 401:
            raise BlockedError(
                "api-credentials",
                f"{self.access.server} does not know who we are (401)",
                remedy="The service account or its token is gone, or of another cluster: let `multus daemon` write "
                "the kubeconfig anew.",
                file=self.settings.kubeconfig,
            )
        if first.status >= _BROKEN or first.status == _BUSY:
            raise BlockedError(
                "api-reachable",
                f"{self.access.server} answers {first.status} {first.reason}".strip(),
                remedy=_BUSY_SERVER,
            )
        return found

    @once
    def nads(self) -> tuple[JSONObject, ...]:
        """All NADs. Raises BlockedError, SkippedError."""
        if self.contact[1].status == 404:
            raise BlockedError("crd-served", "the cluster has no NetworkAttachmentDefinitions")
        return self._list(operation.everywhere(operation.NADS))

    @once
    def pods(self) -> tuple[Scheduled, ...]:
        """The pods of this node that are to run. Raises BlockedError, SkippedError."""
        query = f"fieldSelector=spec.nodeName%3D{self.options.node}"
        found = self._list(operation.everywhere(operation.PODS), query)
        return tuple(pod for pod in map(usage.scheduled, found) if pod)

    @once
    def networks(self) -> tuple[Used, ...]:
        """All networks that a pod on this node can get, as far as they can be read. Raises BlockedError."""
        return usage.networks(self)

    @once
    def inventory(self) -> inventories.Node:
        """The node as the inventory sees it, which writes no log here. Raises BlockedError, SkippedError."""
        if self.options.root != Path("/"):
            raise SkippedError("whether containers are there can be told on the node itself only: run it there")
        quiet = adapters.real_ports(self._environ).replace(stderr=lambda _text: None, clock=self.clock)
        found = inventories.opened(
            {**self.configuration.plugin, "cniDir": self.settings.cni_dir}, ports=quiet, places=self.options.places
        )
        return dataclasses.replace(found, work=found.work.replace(log=log.Log(log.Options(stderr=False))))

    @once
    def containers(self) -> tuple[Container, ...]:
        """The containers of which something is recorded. Raises BlockedError, SkippedError."""
        try:
            return attached.attached(self.inventory)
        except inventories.InventoryError as error:
            raise BlockedError("state-containers", str(error)) from error

    @property
    def attachments(self) -> tuple[Attachment, ...]:
        """Everything that is attached. Raises BlockedError, SkippedError."""
        return tuple(each for container in self.containers for each in container.attachments)

    @once
    def leaks(self) -> tuple[tuple[Leak, ...], tuple[str, ...]]:
        """What belongs to nobody any more, and what could not be judged. Raises BlockedError, SkippedError."""
        said: list[str] = []
        try:
            found = leaked.leaked(self.inventory, networks=[used.network for used in self.networks], say=said.append)
            return found, tuple(said)
        except inventories.InventoryError as error:
            raise BlockedError("state-containers", str(error)) from error

    @contextmanager
    def asking(self, what: str) -> Iterator[Server]:
        """Give the API server, to be asked for something. Raises RefusedError, BlockedError, SkippedError."""
        try:
            yield self.cluster
        except (OSError, errors.ClusterError, http.ProtocolError) as error:
            raise BlockedError("api-reachable", f"cannot {what}: {error}", remedy=_BUSY_SERVER) from error

    def _list(self, path: str, query: str = "") -> tuple[JSONObject, ...]:
        try:
            with self.asking(f"list {path}") as server:
                return tuple(server.items(path, query))
        except RefusedError as error:
            check = "permissions" if error.status == 403 else "api-reachable"
            raise BlockedError(check, f"cannot list {path}: {error}", remedy=_BUSY_SERVER) from error
