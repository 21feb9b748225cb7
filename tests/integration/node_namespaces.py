"""Network namespaces for the tests of multus_py.node: a pod with two interfaces, and the world on their other ends."""

from __future__ import annotations

import contextlib
import secrets
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Netns:
    """A named network namespace, driven by iproute2."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.path = f"/run/netns/{name}"

    def ip(self, command: str) -> str:
        """Run `ip` in it and return what it printed."""
        return _run("ip", "-n", self.name, *command.split())

    def run(self, *argv: str) -> str:
        """Run a program in it and return what it printed."""
        return _run("ip", "netns", "exec", self.name, *argv)

    def routes(self, what: str = "-4 route show") -> list[str]:
        """List routes as `ip` words them, without what changes by itself."""
        lines = self.ip(what).splitlines()
        return [" ".join(line.replace("linkdown", "").split(" expires ")[0].split()) for line in lines]

    def defaults(self, version: int) -> list[str]:
        """List the default routes of the main table, in the kernel's order."""
        return [line for line in self.routes(f"-{version} route show default") if line]


@contextlib.contextmanager
def namespace() -> Iterator[Netns]:
    """Make a namespace with a name of its own, and remove it at the end."""
    made = Netns(f"mpy-{secrets.token_hex(4)}")
    _run("ip", "netns", "add", made.name)
    try:
        yield made
    finally:
        _run("ip", "netns", "del", made.name)


@contextlib.contextmanager
def pod() -> Iterator[tuple[Netns, Netns]]:
    """Make a pod with eth0 and net1, both with addresses and no default route; yield it and the world outside."""
    with namespace() as inside, namespace() as world:
        inside.ip("link set lo up")
        for number, name in ((1, "eth0"), (2, "net1")):
            inside.ip(f"link add {name} type veth peer name peer{number} netns {world.name}")
            inside.run("sysctl", "-qw", f"net.ipv6.conf.{name}.accept_dad=0", f"net.ipv6.conf.{name}.accept_ra=2")
            world.run("sysctl", "-qw", f"net.ipv6.conf.peer{number}.accept_dad=0")
            world.ip(f"link set peer{number} up")
            inside.ip(f"link set {name} up")
            inside.ip(f"addr add 2001:db8:{number}::10/64 dev {name} nodad")
        inside.ip("addr add 192.0.2.10/24 dev eth0")
        inside.ip("addr add 198.51.100.10/24 dev net1")
        yield inside, world


def _run(*argv: str) -> str:
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout
