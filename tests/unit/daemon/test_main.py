"""The daemon put together, in this process. Most of it is tested from outside, in tests/integration/daemon."""

from __future__ import annotations

import dataclasses
import io
import os
import signal
import threading
from pathlib import Path

import pytest

from multus_py.daemon import main
from multus_py.daemon.serving import Place
from multus_py.hostconfig.errors import HostConfigError
from multus_py.hostconfig.options import Options
from tests.integration.daemon.running import BRIDGE, ENVIRONMENT, Node
from tests.packaging.calls import eventually


@pytest.fixture
def node(tmp_path: Path) -> Node:
    node = Node(tmp_path)
    node.put("10-bridge.conflist", BRIDGE)
    return node


@pytest.fixture
def setup(node: Node) -> main.Setup:
    options = Options(cni_conf_dir=node.net_d, autoconfig_dir=node.net_d, service_account_dir=node.account)
    return main.Setup(load=lambda: options, version="1.2.3")


def run(setup: main.Setup, node: Node) -> tuple[int, list[str]]:
    """Run the daemon, and stop it when it has configured the node; return its exit status and what it logged."""

    def stop_when_configured() -> None:
        eventually(node.config.exists)
        os.kill(os.getpid(), signal.SIGTERM)

    log = io.StringIO()
    stopper = threading.Thread(target=stop_when_configured)
    stopper.start()
    status = main.run(setup, environment=ENVIRONMENT, stderr=log)
    stopper.join()
    return status, [line.partition("event=")[2] for line in log.getvalue().splitlines()]


def test_it_runs_until_it_is_stopped(node: Node, setup: main.Setup) -> None:
    status, log = run(setup, node)

    assert status == 0
    assert (log[0], log[-1]) == ("started version=1.2.3 build=source", "stopping signal=SIGTERM")
    assert node.delegate() == BRIDGE


def test_when_multus_goes_for_good_the_node_is_restored(node: Node, setup: main.Setup) -> None:
    program = Path("/opt/cni/bin/multus")
    goes = dataclasses.replace(setup, restoring=lambda: "it was deleted", uninstall=lambda: [program])

    status, log = run(goes, node)

    assert status == 0
    assert 'restoring why="it was deleted"' in log
    assert log[-1] == f"removed path={program}"
    assert node.listing() == ["10-bridge.conflist"]


def test_what_cannot_be_removed_is_an_error(node: Node, setup: main.Setup) -> None:
    def busy() -> list[Path]:
        raise HostConfigError("still in use")

    status, log = run(dataclasses.replace(setup, restoring=lambda: "it was deleted", uninstall=busy), node)

    assert (status, log[-1]) == (1, 'failed text="still in use"')


def test_wrong_options_are_an_error_before_anything_is_done(node: Node, setup: main.Setup) -> None:
    def refuse() -> Options:
        raise HostConfigError("the flag is wrong")

    log = io.StringIO()
    with pytest.raises(HostConfigError, match="the flag is wrong"):
        main.run(dataclasses.replace(setup, load=refuse), environment=ENVIRONMENT, stderr=log)

    assert log.getvalue() == ""
    assert node.listing() == ["10-bridge.conflist"]


def test_with_a_place_for_it_calls_are_served_until_it_stops(node: Node, setup: main.Setup, tmp_path: Path) -> None:
    path = tmp_path / "run" / "multus-py.sock"
    seen = []

    def look() -> str:
        seen.append(path.is_socket())
        return ""

    place = Place(directory=path.parent, node="node1", spread=0.0)
    status, _ = run(dataclasses.replace(setup, place=place, restoring=look), node)

    assert (status, seen, path.exists()) == (0, [True], False)
