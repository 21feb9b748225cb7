"""What the audit log says is counted once each, and only what has come whole."""

from __future__ import annotations

import json
from pathlib import Path

from tests.e2e.scale.ledger import Ledger, tally


def line(verb: str, stage: str, resource: str = "pods", **more: object) -> str:
    event = {
        "stage": stage,
        "verb": verb,
        "requestURI": f"/api/v1/{resource}?limit=500",
        "userAgent": "multus-py-daemon",
        "objectRef": {"resource": resource, **more},
        "responseStatus": {"code": 200},
    }
    return json.dumps(event) + "\n"


def test_a_watch_counts_when_it_begins_and_anything_else_when_it_is_answered(tmp_path: Path) -> None:
    log = tmp_path / "audit.log"
    ledger = Ledger(log)
    assert ledger.read() == []

    log.write_text(
        line("list", "ResponseComplete")
        + line("watch", "ResponseStarted")
        + line("watch", "ResponseComplete")
        + line("patch", "ResponseComplete", subresource="status")
    )

    assert tally(ledger.read()) == {"list pods": 1, "patch pods/status": 1, "watch pods": 1}
    assert ledger.read() == []


def test_what_was_there_before_does_not_count_and_half_a_line_has_to_wait(tmp_path: Path) -> None:
    log = tmp_path / "audit.log"
    log.write_text(line("list", "ResponseComplete"))
    ledger = Ledger(log)
    whole = line("get", "ResponseComplete")
    with log.open("a") as stream:
        stream.write(whole + whole[:40])

    assert tally(ledger.read()) == {"get pods": 1}

    with log.open("a") as stream:
        stream.write(whole[40:])
    assert tally(ledger.read()) == {"get pods": 1}
