"""Real plugins for tests: links to `plugins/recorder.py`, which answers as told and writes down its calls."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import plugins
from multus_py.base import jsontext

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONObject, JSONValue

RECORDER = Path(plugins.__path__[0]) / "recorder.py"


class PluginCall(NamedTuple):
    """What a plugin was given."""

    plugin: str
    command: str
    cni: dict[str, str]
    config: JSONObject
    environ: dict[str, str] | None

    def __str__(self) -> str:
        return f"{self.command} {self.plugin}"


class PluginDirectory:
    """A directory of plugins."""

    def __init__(self, path: Path) -> None:
        path.mkdir(parents=True, exist_ok=True)
        self.path = str(path)
        self._path = path

    @property
    def environ(self) -> dict[bytes, bytes]:
        """Return what plugins must inherit: a PATH with our own interpreter first."""
        directory = Path(sys.executable).parent
        return {b"PATH": os.fsencode(f"{directory}:/usr/bin:/bin")}

    def install(self, type: str, **answers: JSONValue) -> None:
        """Add a plugin, or change the answers of one; without answers it does what passthru does.

        Args:
            type: Its name.
            answers: For a command, what `plugins/recorder.py` documents.
        """
        (self._path / f"{type}.json").write_text(jsontext.dumps(answers))
        (self._path / f"{type}.log").touch()
        if not (self._path / type).is_symlink():
            (self._path / type).symlink_to(RECORDER)

    def calls(self) -> list[PluginCall]:
        """Return the calls of all the plugins, in the order in which they came."""
        lines = [line for log in self._path.glob("*.log") for line in log.read_text().splitlines()]
        entries = sorted((json.loads(line) for line in lines), key=lambda entry: entry["time"])
        return [
            PluginCall(entry["plugin"], entry["command"], entry["cni"], entry["config"], entry["environ"])
            for entry in entries
        ]

    def order(self) -> list[str]:
        """Return the calls in short: "ADD bridge"."""
        return [str(call) for call in self.calls()]
