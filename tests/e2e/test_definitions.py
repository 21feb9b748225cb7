"""What the definition of a NetworkAttachmentDefinition lets through, and what not."""

from __future__ import annotations

import json

import pytest

from tests.e2e.cluster import Space


def test_definitions_accept_what_may_work(space: Space) -> None:
    for config in ("", ' \n{"type": "macvlan"}\n', '{"plugins": [{"type": "macvlan"}]}', '{"anything": "else"}'):
        assert "created (server dry run)" in _try(space, config)


def test_definitions_refuse_what_can_never_work(space: Space) -> None:
    for config in ("type: macvlan", '[{"type": "macvlan"}]', '{"type": "macvlan"'):
        with pytest.raises(RuntimeError, match="must be one JSON object"):
            _try(space, config)


def _try(space: Space, config: str) -> str:
    document = {
        "apiVersion": "k8s.cni.cncf.io/v1",
        "kind": "NetworkAttachmentDefinition",
        "metadata": {"name": "tried", "namespace": space.name},
        "spec": {"config": config},
    }
    return space.cluster.kubectl("apply", "--dry-run=server", "--filename", "-", stdin=json.dumps(document))
