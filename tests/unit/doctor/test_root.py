"""Paths of a node whose root is mounted elsewhere lead where the node itself would go, and never out of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from multus_py.doctor.root import Root


@pytest.fixture
def host(tmp_path: Path) -> Path:
    top = tmp_path / "host"
    for directory in ("run/netns", "opt/cni", "usr/libexec/cni", "var"):
        (top / directory).mkdir(parents=True)
    (top / "var/run").symlink_to("/run")
    (top / "opt/cni/bin").symlink_to("../../usr/libexec/cni")
    (top / "usr/libexec/cni/bridge").symlink_to("/usr/libexec/cni/real")
    (top / "loop").symlink_to("/loop")
    return top


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/run/netns/pod1", "run/netns/pod1"),
        ("/var/run/netns/pod1", "run/netns/pod1"),
        ("/opt/cni/bin/bridge", "usr/libexec/cni/real"),
        ("/nowhere/at/all", "nowhere/at/all"),
        ("/../../etc", "etc"),
        ("/run/../opt/./cni", "opt/cni"),
        ("/", ""),
    ],
)
def test_links_are_followed_as_the_node_would(host: Path, path: str, found: str) -> None:
    assert Root(host)(path) == host / found


def test_a_link_to_itself_comes_to_an_end(host: Path) -> None:
    assert Root(host)("/loop").is_relative_to(host)


def test_on_the_node_itself_a_path_is_what_it_is() -> None:
    assert Root()("/var/run/x") == Path("/var/run/x")
