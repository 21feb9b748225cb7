"""The direct adapter as tests of it need it: in front of the lab's API server, with its clock and its log."""

from __future__ import annotations

from pathlib import Path

from multus_py.base.log import DEBUG, Log, Options
from multus_py.cluster import kubeconfig
from multus_py.cluster.direct import Direct
from multus_py.cluster.kubeconfig import Access
from multus_py.cluster.objects import Pod
from multus_py.lab.apiserver import APIServer
from tests.fakes.clock import FakeClock


class Fixture:
    """A direct adapter with the clock it waits on and the log it writes."""

    def __init__(self, server: APIServer, directory: Path) -> None:
        self.server = server
        self.path = server.kubeconfig(directory / "kubeconfig", form="file")
        self.clock = FakeClock()
        self.log_file = directory / "log"
        self.log = Log(Options(level=DEBUG, path=str(self.log_file), stderr=False))
        self.opened: list[Direct] = []
        self.direct = self.open(self.access)

    @property
    def access(self) -> Access:
        return kubeconfig.load(str(self.path))

    def open(self, access: Access, *, timeout: float = 10) -> Direct:
        self.opened.append(Direct(access, clock=self.clock, log=self.log, timeout=timeout))
        return self.opened[-1]

    def pod(self) -> Pod:
        return self.direct.get_pod("default", "web")


def rotate(server: APIServer, token: str = "fresh") -> None:
    """Let the API server know another token only."""
    server.tokens.clear()
    server.tokens[token] = "lab"
