"""etcd, the API server, the controller manager and the scheduler, in the network namespace of the cases themselves."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import trustme

from multus_py.lab import kubeconfig
from multus_py.lab.objects import Object
from tests.e2e.api import API
from tests.e2e.machine import Daemon, run
from tests.e2e.waiting import wait_for

ADDRESS = "192.0.2.1"
URL = f"https://{ADDRESS}:6443"
BRIDGE = "nodes"
ETCD = "http://127.0.0.1:2379"
_SERVICES = "203.0.113.0/25"
SERVICE = "203.0.113.1"
"""What pods are told that the API server's address is: that of the service `kubernetes`, the first of them all."""
ACCOUNT = "system:serviceaccount:kube-system:multus"
_CLIENTS = ("kube-controller-manager", "kube-scheduler")
_AUDITED: Object = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [{"level": "Metadata", "users": [ACCOUNT]}, {"level": "None"}],
}
"""What the API server writes down: everything that the plugin and its daemon ask, and nothing else."""


class ControlPlane:
    """The control plane of one cluster."""

    def __init__(self, *, tools: Path, state: Path, logs: Path) -> None:
        """Prepare; nothing is started yet."""
        self._tools = tools
        self._state = state / "control-plane"
        self._logs = logs / "control-plane"
        self._state.mkdir(parents=True)
        self.authority = self._state / "ca.crt"
        self.audit = self._logs / "audit.log"
        """What the plugin and its daemon have asked."""
        self._daemons: dict[str, Daemon] = {}
        self._tokens: dict[str, str] = {}

    def up(self) -> API:
        """Start everything, and return the administrator's way to ask."""
        for command in (
            "ip link set lo up",
            f"ip link add {BRIDGE} type bridge",
            f"ip addr add {ADDRESS}/24 dev {BRIDGE}",
            f"ip link set {BRIDGE} up",
            # The only service that anybody asks for here, so this does for a kube-proxy on each node.
            f"iptables -t nat -A PREROUTING -d {SERVICE} -p tcp --dport 443 -j DNAT --to-destination {ADDRESS}:6443",
        ):
            run(command.split())
        self._make_keys()
        self._start("etcd", self._etcd())
        self.start_api()
        api = API(URL, authority=self.authority, token=self._tokens["admin"])
        account = "/api/v1/namespaces/default/serviceaccounts/default"
        wait_for(lambda: api.find(account), "the controllers work", timeout=90)
        return api

    def start_api(self) -> None:
        """Start the API server, wait until it is ready, and start those who live by it."""
        self.start_server()
        for program in _CLIENTS:
            self._start(program, self._client(program))

    def start_server(self) -> None:
        """Start the API server alone, and wait until it is ready."""
        server = self._start("kube-apiserver", self._api_server())
        api = API(URL, authority=self.authority, token=self._tokens["admin"])

        def ready() -> bool:
            assert not server.ended, f"kube-apiserver ended: {server.log}"
            try:
                api.get("/readyz?verbose=true")
            except ValueError:  # it answers with text
                return True
            except Exception:  # noqa: BLE001 - whatever it is, it is not ready
                return False
            return True

        wait_for(ready, "the API server is ready", timeout=90)

    def stop_api(self) -> None:
        """Stop the API server, and those who would wait up to half a minute before they asked again."""
        self.stop_clients()
        self.stop_server()

    def stop_server(self) -> None:
        """Stop the API server alone."""
        self._daemons["kube-apiserver"].stop()

    def stop_clients(self) -> None:
        """Stop the scheduler and the controllers: then nobody asks the API server but who is under test."""
        for program in reversed(_CLIENTS):
            self._daemons[program].stop()

    def down(self) -> None:
        """Stop everything."""
        for daemon in reversed(self._daemons.values()):
            daemon.stop()

    def kubeconfig(self, user: str) -> Path:
        """Return the kubeconfig of a user: admin, kube-scheduler, a node's name."""
        access = kubeconfig.Access(URL, authority=self.authority.read_bytes(), token=self._tokens[user])
        return kubeconfig.write(self._state / f"{user}.kubeconfig", access)

    def token(self, user: str) -> str:
        """Return a user's token."""
        return self._tokens[user]

    def program(self, name: str) -> str:
        """Return where a program is: among the tools, or on PATH."""
        return str(self._tools / name) if (self._tools / name).exists() else shutil.which(name) or name

    def _start(self, program: str, options: Sequence[str]) -> Daemon:
        daemon = Daemon([self.program(program), *options], log=self._logs / f"{program}.log")
        self._daemons[program] = daemon
        return daemon

    def _make_keys(self) -> None:
        authority = trustme.CA(key_type=trustme.KeyType.ECDSA)
        self.authority.write_bytes(authority.cert_pem.bytes())
        leaf = authority.issue_cert(ADDRESS, SERVICE, "127.0.0.1")
        leaf.cert_chain_pems[0].write_to_path(self._state / "server.crt")
        leaf.private_key_pem.write_to_path(self._state / "server.key")
        authority.private_key_pem.write_to_path(self._state / "accounts.key")
        users = {
            "admin": "system:masters",
            "kube-controller-manager": "system:masters",
            "kube-scheduler": "system:masters",
            "node1": "system:nodes",
            "node2": "system:nodes",
        }
        lines = []
        for user, group in users.items():
            self._tokens[user] = f"token-of-{user}"
            name = f"system:node:{user}" if group == "system:nodes" else f"system:{user}"
            lines.append(f'{self._tokens[user]},{name},{user},"{group}"\n')
        (self._state / "tokens.csv").write_text("".join(lines))
        (self._state / "audit.json").write_text(json.dumps(_AUDITED))

    def _etcd(self) -> list[str]:
        return [
            f"--data-dir={self._state / 'etcd'}",
            f"--listen-client-urls={ETCD}",
            f"--advertise-client-urls={ETCD}",
            "--listen-peer-urls=http://127.0.0.1:2380",
            # As kubeadm has it: without it there are no bookmarks of what does not change.
            "--experimental-watch-progress-notify-interval=5s",
        ]

    def _api_server(self) -> list[str]:
        return [
            f"--etcd-servers={ETCD}",
            f"--advertise-address={ADDRESS}",
            f"--bind-address={ADDRESS}",
            f"--cert-dir={self._state}",
            f"--tls-cert-file={self._state / 'server.crt'}",
            f"--tls-private-key-file={self._state / 'server.key'}",
            f"--service-cluster-ip-range={_SERVICES}",
            f"--service-account-issuer={URL}",
            f"--service-account-key-file={self._state / 'accounts.key'}",
            f"--service-account-signing-key-file={self._state / 'accounts.key'}",
            f"--token-auth-file={self._state / 'tokens.csv'}",
            "--authorization-mode=Node,RBAC",
            "--allow-privileged=true",
            f"--audit-policy-file={self._state / 'audit.json'}",
            f"--audit-log-path={self.audit}",
            "--kubelet-preferred-address-types=InternalIP",
            # What is stopped here is meant to be gone at once.
            "--shutdown-delay-duration=0s",
            "--shutdown-send-retry-after=false",
        ]

    def _client(self, program: str) -> list[str]:
        common = [f"--kubeconfig={self.kubeconfig(program)}", "--leader-elect=false"]
        if program == "kube-scheduler":
            return common
        return [
            *common,
            f"--service-account-private-key-file={self._state / 'accounts.key'}",
            f"--root-ca-file={self.authority}",
            # A node whose kubelet is stopped by a case is not given up.
            "--node-monitor-grace-period=300s",
            "--controllers=*,-nodeipam,-node-route-controller,-service-lb-controller",
        ]
