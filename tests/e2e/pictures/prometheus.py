"""A real Prometheus, which reads the daemons' metrics every second and answers what a dashboard asks."""

from __future__ import annotations

import json
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from tests.e2e.machine import Daemon
from tests.e2e.waiting import wait_for

_ADDRESS = "127.0.0.1:9099"
STEP = 1.0
"""Seconds between two readings, and between two points of a curve."""


@dataclass(frozen=True)
class Curve:
    """One line of a panel."""

    labels: Mapping[str, str]
    times: tuple[float, ...]
    """Seconds since 1970."""
    values: tuple[float, ...]


class Prometheus:
    """The server."""

    def __init__(self, binary: Path, targets: Mapping[str, str], *, directory: Path, log: Path) -> None:
        """Start it; it reads when this returns.

        Args:
            binary: The program.
            targets: Addresses with their ports, by the name of the instance.
            directory: For what it reads.
            log: For what it says.
        """
        config = {
            "global": {"scrape_interval": f"{STEP:.0f}s"},
            "scrape_configs": [
                {
                    "job_name": "multus",
                    "static_configs": [
                        {"targets": [address], "labels": {"instance": name}} for name, address in targets.items()
                    ],
                }
            ],
        }
        directory.mkdir()
        file = directory / "prometheus.json"
        file.write_text(json.dumps(config))
        own = [f"--config.file={file}", f"--storage.tsdb.path={directory / 'data'}"]
        self._daemon = Daemon([str(binary), *own, f"--web.listen-address={_ADDRESS}"], log=log)
        wait_for(lambda: self._up() == len(targets), "Prometheus reads all daemons", timeout=30, found=self._up)

    def range(self, expression: str, *, start: float, end: float) -> list[Curve]:
        """Return what an expression was between two times."""
        query = {"query": expression, "start": f"{start:.0f}", "end": f"{end:.0f}", "step": f"{STEP:.0f}"}
        return [
            Curve(found["metric"], *zip(*((float(at), float(value)) for at, value in found["values"]), strict=True))
            for found in self._ask("query_range", query)
        ]

    def close(self) -> None:
        """End it."""
        self._daemon.stop()

    def _up(self) -> int:
        try:
            found = self._ask("query", {"query": "sum(up)"})
        except OSError:
            return 0
        return int(found[0]["value"][1]) if found else 0

    def _ask(self, what: str, query: Mapping[str, str]) -> list[_Found]:
        url = f"http://{_ADDRESS}/api/v1/{what}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(url, timeout=10) as response:
            result: list[_Found] = json.load(response)["data"]["result"]
            return result


class _Found(TypedDict):
    """One element of Prometheus' answer: `value` from query, `values` from query_range."""

    metric: dict[str, str]
    value: tuple[float, str]
    values: list[tuple[float, str]]
