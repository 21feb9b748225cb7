"""`multus daemon` on nodes whose plugin was put there by hand: running, or killed half-way through a case."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tests.e2e.machine import Daemon
from tests.e2e.node import Node
from tests.e2e.waiting import wait_for

_PORT = 9490
_DIRECTORY = "/run/multus"
_NOWHERE = "/run/multus-nowhere"
_TOO_LATE = 0.1
"""Which part of the answers may come too late: a machine that starts 50 pods may be too busy to answer in time."""
_GOOD = ("memory", "asked", "notFound", "written")
# Its process id, as the machine numbers it, is for the trap.
_START = 'echo $$ >/run/multus-daemon.pid && mkdir -p "$0" && exec "$@"'
# Stands in a plugin's place. The ADD that is one too many kills the daemon: its call has asked a question by then, and
# has its status still to write. What other calls had had to do without the daemon before is noted.
_TRAP = """#!/bin/sh
if [ "$CNI_COMMAND" = ADD ] && [ -e /run/trap ]; then
    echo >>/run/trap.adds
    if [ "$(wc -l </run/trap.adds)" -ge "$(cat /run/trap)" ] && mv /run/trap /run/trap.going; then
        wc -c <{directory}/fallbacks >/run/trap.going
        kill -KILL "$(cat /run/multus-daemon.pid)"
        mv /run/trap.going /run/trap.sprung
    fi
fi 2>/dev/null
exec /opt/cni/trapped/{plugin}
"""
_TRAPPED = ("bridge", "macvlan")
"""One of these makes each pod's eth0."""


class NodeDaemon:
    """The daemon of one node."""

    def __init__(self, node: Node) -> None:
        """Name the node; nothing is started yet."""
        self.node = node
        self._process: Daemon | None = None
        self._before = 0

    def start(self) -> None:
        """Start it, if it does not run."""
        if self._process is not None and not self._process.ended:
            return
        flags = [
            *(f"--socket-dir={_DIRECTORY}", f"--node-name={self.node.name}", f"--metrics-port={_PORT}"),
            *("--kubeconfig=/etc/cni/net.d/multus.d/multus.kubeconfig", "--skip-kubeconfig", "--skip-config-watch"),
            *(f"--cni-conf-dir={_NOWHERE}", f"--multus-autoconfig-dir={_NOWHERE}"),  # the node is configured by hand
        ]
        command = ["sh", "-c", _START, _NOWHERE, "/opt/cni/bin/multus", "daemon", *flags]
        self._process = self.node.machine.start(command, name="multus-daemon")

    def serves(self) -> bool:
        """Ask whether it has the cluster in memory."""
        assert self._process is not None
        assert not self._process.ended, f"the daemon of {self.node.name} has ended: {self._process.log.read_text()}"
        try:
            found = self.metrics()
        except OSError:
            return False
        return all(found.get(f'multus_cache_current{{kind="{kind}"}}') for kind in ("pods", "nads"))

    def kill(self) -> None:
        """End it without giving it a chance: its socket stays."""
        self.node.machine.run(["sh", "-c", "kill -KILL $(cat /run/multus-daemon.pid)"], check=False)
        self.stop()

    def stop(self) -> None:
        """End it, and wait until it is gone."""
        if self._process is not None:
            self._process.stop()

    def metrics(self) -> dict[str, float]:
        """Return its numbers. Raises OSError."""
        return metrics(self.node, _PORT)

    def answered(self) -> float:
        """Return how many questions it has answered."""
        name = "multus_requests_total{"
        return sum(
            count
            for series, count in self.metrics().items()
            if series.startswith(name) and any(f'outcome="{outcome}"' in series for outcome in _GOOD)
        )

    def fallbacks(self) -> int:
        """Return how many calls had to do without it, over all its lives."""
        return self.node.machine.path(f"{_DIRECTORY}/fallbacks").stat().st_size

    # ------------------------------------------------------------------------------------------------------ the trap

    def set_trap(self, adds: int) -> None:
        """Have it killed at the nth ADD of a delegate."""
        for plugin in _TRAPPED:
            self.node.trap(plugin, _TRAP.format(directory=_DIRECTORY, plugin=plugin))
        self._before = self.fallbacks()
        self.node.machine.path("/run/trap").write_text(f"{adds}\n")

    def sprung(self) -> bool:
        """Ask whether the trap has killed it."""
        return self.node.machine.path("/run/trap.sprung").exists()

    def early(self) -> int:
        """Return how many calls had done without it when the trap killed it."""
        return int(self.node.machine.path("/run/trap.sprung").read_text()) - self._before if self.sprung() else 0

    def remove_trap(self) -> None:
        """Put the plugins back in their place."""
        for plugin in _TRAPPED:
            self.node.untrap(plugin)
        for name in ("trap", "trap.adds", "trap.sprung"):
            self.node.machine.path(f"/run/{name}").unlink(missing_ok=True)


class Daemons:
    """The daemons of all nodes."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        """Name the nodes; nothing is started yet."""
        self._each = [NodeDaemon(node) for node in nodes]

    def start(self) -> None:
        """Start those that do not run, and wait until all have the cluster in memory."""
        for one in self._each:
            one.start()
        for one in self._each:
            wait_for(one.serves, f"the daemon of {one.node.name} serves", timeout=30)

    def stop(self) -> None:
        """Stop all, and take their directories away, so that no call looks for them there."""
        for one in self._each:
            one.stop()
            one.node.machine.run(["rm", "-rf", _DIRECTORY, _NOWHERE])

    def answered(self) -> float:
        """Return how many questions they have answered."""
        return sum(one.answered() for one in self._each)

    def fallbacks(self) -> int:
        """Return how many calls had to do without them."""
        return sum(one.fallbacks() for one in self._each)

    @contextmanager
    def answering(self) -> Iterator[None]:
        """See that the calls of a case are answered by the daemons."""
        self.start()
        answered, fallbacks = self.answered(), self.fallbacks()
        yield
        answers = self.answered() - answered
        assert answers > 0
        assert self.fallbacks() - fallbacks <= answers * _TOO_LATE, "calls did without the daemon"

    @contextmanager
    def killed_half_way(self, adds: int) -> Iterator[None]:
        """Kill the daemons while a case goes on, and see that its calls do without them from then on.

        Args:
            adds: On each node, the delegate's ADD that is one too many.
        """
        self.start()
        answered, fallbacks = self.answered(), self.fallbacks()
        for one in self._each:
            one.set_trap(adds)
        try:
            yield
            if not any(one.sprung() for one in self._each):  # no delegate was run: the pods wait for what they name
                assert self.answered() > answered
                for one in self._each:
                    one.kill()
            for one in self._each:
                assert one.early() <= adds * _TOO_LATE, "calls did without the daemon while it was there"
            what = "a call has done without the daemon"
            wait_for(lambda: self.fallbacks() > fallbacks, what, timeout=60)
        finally:
            for one in self._each:
                one.remove_trap()


def metrics(node: Node, port: int) -> dict[str, float]:
    """Return a daemon's numbers, as Prometheus gets them. Raises OSError."""
    with urllib.request.urlopen(f"http://{node.address.node}:{port}/metrics", timeout=10) as response:
        lines: list[str] = response.read().decode().splitlines()
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines) if name[:1] != "#"}
