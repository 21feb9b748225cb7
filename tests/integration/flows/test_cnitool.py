"""README's first real use: conf/cnitool/00-multus.conf, by cnitool if it is there, and by the lab's runtime."""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TypeAlias

import pytest

from multus_py.lab.executable import ROOT
from multus_py.lab.node import Node, node
from multus_py.lab.runtime import Runtime, Sandbox, sandbox
from tests.integration.flows.world import Pod

pytestmark = pytest.mark.root

CONFIGURATION = ROOT / "conf" / "cnitool"
NETWORK = "multus-cni-network"
CNITOOL = os.environ.get("CNITOOL") or shutil.which("cnitool")

Do: TypeAlias = Callable[[str], None]


def private_state(directory: Path) -> tuple[str, ...]:
    """Return what to put before a command line to give the command a /var/lib of its own: the sample has no paths."""
    return ("unshare", "--mount", "sh", "-c", 'mount --bind "$0" /var/lib && exec "$@"', str(directory))


def by_cnitool(made: Node, inside: Sandbox, state: Path) -> Do:
    assert CNITOOL is not None
    tool = CNITOOL
    environ = os.environ | {"NETCONFPATH": str(CONFIGURATION), "CNI_PATH": str(made.plugins)}

    def do(verb: str) -> None:
        argv = [*private_state(state), tool, verb, NETWORK, str(inside.namespace.path)]
        done = made.namespace.run(argv, env=environ, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    return do


def by_the_lab(made: Node, inside: Sandbox, state: Path) -> Do:
    config = json.loads((CONFIGURATION / "00-multus.conf").read_bytes())
    runtime = Runtime(config, namespace=made.namespace, plugins=made.plugins, prefix=private_state(state))
    verbs: dict[str, Callable[[Sandbox], object]] = {
        "add": runtime.add,
        "check": runtime.check,
        "del": runtime.delete,
    }

    def do(verb: str) -> None:
        verbs[verb](inside)

    return do


@pytest.fixture(params=[by_cnitool, by_the_lab], ids=["cnitool", "the lab's runtime"])
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Node, Pod, Do, Path]]:
    if request.param is by_cnitool and CNITOOL is None:
        pytest.skip("no cnitool on PATH or in $CNITOOL: README says how to get it")
    home, state = tmp_path / "node", tmp_path / "state"
    home.mkdir()
    state.mkdir()
    name = f"tool-{secrets.token_hex(4)}"
    with ExitStack() as stack:
        made = stack.enter_context(node(name, home, built=None))
        inside = stack.enter_context(sandbox(f"{name}-pod", container_id=secrets.token_hex(32)))
        yield made, Pod("pod", "", inside), request.param(made, inside, state), state


def test_the_sample_configuration_adds_checks_and_deletes(stage: tuple[Node, Pod, Do, Path]) -> None:
    made, pod, do, state = stage
    do("add")
    assert pod.names == ["eth0", "net1"]
    assert pod.addresses("eth0") == ["192.0.2.2/24"]
    assert pod.addresses("net1") == ["198.51.100.2/24"]
    pod.ping("192.0.2.1", over="eth0")
    do("check")
    assert list((state / "cni" / "multus" / "results").iterdir())
    do("del")
    assert pod.names == []
    do("del")
    left = {path.name for path in state.rglob("*") if path.is_file()}
    assert {name for name in left if not name.startswith("last_reserved_ip.")} == {"lock"}
    assert [link.name for link in made.namespace.interfaces() if link.kind != "bridge"] == ["lo"]
