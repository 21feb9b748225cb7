"""The commands of docs/ that are for a real Kubernetes, word by word, with what they print."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs import page, session
from tests.docs.page import PAGES
from tests.e2e.cluster import Space

_INFO = "console e2e"


def _is_for_kubernetes(path: Path) -> bool:
    return any(block.info == _INFO for block in page.blocks(path.read_text()))


@pytest.mark.parametrize("path", [path for path in PAGES if _is_for_kubernetes(path)], ids=lambda path: path.stem)
def test_docs(path: Path, space: Space, tmp_path: Path) -> None:
    environment = space.cluster.user(tmp_path / "kubeconfig", namespace=space.name)
    folder = tmp_path / "desk"
    folder.mkdir()
    session.follow(path, _INFO, folder=folder, environment=environment)
