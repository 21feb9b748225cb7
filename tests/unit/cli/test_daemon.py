"""What the daemon's flags and its file come to; as a process it is tested in tests/integration/daemon."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from multus_py.cli import daemon, parsers
from multus_py.daemon.serving import Place
from tests.unit.hostconfig.node import ENVIRONMENT, Node


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Node:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    return Node(tmp_path)


def parsed(*words: str | Path) -> argparse.Namespace:
    parser = parsers.Parser()
    daemon.register(parser.add_subparsers())
    return parser.parse_args(["daemon", *map(str, words)])


def place(*words: str | Path) -> Place | None:
    arguments = parsed(*words)
    return daemon._place(arguments, daemon._own(arguments))


def test_without_a_directory_nothing_is_served() -> None:
    assert place("--node-name=node1") is None


def test_the_directory_and_the_nodes_name_are_flags() -> None:
    assert place("--socket-dir=/run/x", "--node-name=node1") == Place(directory=Path("/run/x"), node="node1")


def test_the_nodes_name_is_where_the_original_has_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MULTUS_NODE_NAME", "node2")
    assert place("--socket-dir=/run/x") == Place(directory=Path("/run/x"), node="node2")


def test_the_directory_may_stand_in_the_file_under_the_originals_key(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("socketDir: /host/run/multus/\n")
    assert place(f"--config={file}") == Place(directory=Path("/host/run/multus"), node="")
    assert place(f"--config={file}", "--socket-dir=/run/x") == Place(directory=Path("/run/x"), node="")


def test_the_kubelets_directory_is_a_flag_or_stands_in_the_file(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("socketDir: /run/x\npodResourcesDir: /host/pod-resources\n")
    said = place(f"--config={file}", "--pod-resources-dir=/run/kubelet")
    assert [found.pod_resources for found in (place(f"--config={file}"), said) if found] == [
        Path("/host/pod-resources"),
        Path("/run/kubelet"),
    ]


def test_the_way_to_the_api_server_is_the_service_accounts(node: Node) -> None:
    access = daemon._access(parsed(f"--service-account-dir={node.account}"))()
    assert access is not None
    assert access.token_file == str(node.account / "token")
    assert access.ca
    careless = daemon._access(parsed(f"--service-account-dir={node.account}", "--skip-tls-verify"))()
    assert careless is not None
    assert (careless.insecure, careless.ca) == (True, "")


def test_the_way_to_the_api_server_may_be_a_kubeconfigs(tmp_path: Path) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text('{"clusters": [{"name": "c", "cluster": {"server": "https://192.0.2.1:6443"}}]}')
    access = daemon._access(parsed(f"--kubeconfig={path}"))()
    assert access is not None
    assert str(access.server) == "https://192.0.2.1:6443"


def test_without_either_there_is_none(node: Node, tmp_path: Path) -> None:
    assert daemon._access(parsed(f"--service-account-dir={tmp_path}"))() is None
