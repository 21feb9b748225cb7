"""The commands of docs/ that are for a real Kubernetes, word by word, with what they print."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.docs import page, session
from tests.docs.page import PAGES
from tests.e2e import dra, hardware
from tests.e2e.cluster import Cluster, Space

_INFO = "console e2e"


def _is_for_kubernetes(path: Path) -> bool:
    return any(block.info == _INFO for block in page.blocks(path.read_text()))


@contextmanager
def _surroundings(path: Path, cluster: Cluster) -> Iterator[None]:
    """Have what a page's reader has on the nodes, but for the hardware itself."""
    if path.stem == "devices":
        with hardware.present(cluster, cluster.nodes[0], {hardware.FAST: hardware.DEVICES[hardware.FAST]}):
            yield
    elif path.stem == "devices-dra":
        with dra.present(cluster, cluster.nodes[0]):
            yield
    else:
        yield


@pytest.mark.parametrize("path", [path for path in PAGES if _is_for_kubernetes(path)], ids=lambda path: path.stem)
def test_docs(path: Path, space: Space, tmp_path: Path) -> None:
    environment = space.cluster.user(tmp_path / "kubeconfig", namespace=space.name)
    folder = tmp_path / "desk"
    folder.mkdir()
    with _surroundings(path, space.cluster):
        session.follow(path, _INFO, folder=folder, environment=environment)
        space.delete_all()
        space.gone()
