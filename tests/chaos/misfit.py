"""A CNI plugin that misbehaves as its configuration says; else it behaves.

`"act": {"ADD": "hang", "DEL": ["slow", "behave"]}` is what it does, by commands; of a list one call after the other.
`recorder` answers anything; this one does what no answer can say: fork, fill pipes, ignore signals, replace itself. It
writes its device information if it is told where, and its process id to `pids`, a file that its configuration names.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from multus_py.base import files, jsontext
from multus_py.base.fields import Fields

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONValue

AGES = 3600
MEGABYTE, TOO_MANY = 1 << 20, 50


class Plugin:
    """One call."""

    def __init__(self, config: Fields) -> None:
        """Read what is wanted."""
        self._config = config
        self._command = os.environ["CNI_COMMAND"]
        self._pids = Path(config.text("pids"))

    def act(self) -> None:
        """Do what the configuration says."""
        self._note()
        act = self._wanted()
        if act in SAYINGS:
            files.write_fd(1, SAYINGS[act].encode("latin-1"))
        else:
            ACTS[act](self)

    def behave(self) -> None:
        """Answer as plugins do."""
        if self._command != "ADD":
            return
        where = self._config.fields("runtimeConfig").text("CNIDeviceInfoFile")
        if where:
            Path(where).parent.mkdir(parents=True, exist_ok=True)
            Path(where).write_text('{"type": "memif", "version": "1.1.0"}', encoding="utf-8")
        self._print(self._config.object("prevResult") or {"cniVersion": self._config.text("cniVersion")})

    def hang(self) -> None:
        """Never come to an end."""
        time.sleep(AGES)

    def ignore_signals(self) -> None:
        """Never come to an end, whatever one says."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        time.sleep(AGES)

    def be_slow(self) -> None:
        """Take a second."""
        time.sleep(1)
        self.behave()

    def flood(self) -> None:
        """Print far too much."""
        for _ in range(TOO_MANY):
            files.write_fd(1, b"x" * MEGABYTE)

    def shout(self) -> None:
        """Say far too much on stderr."""
        for _ in range(TOO_MANY):
            files.write_fd(2, b"x" * MEGABYTE)
        self.behave()

    def fork(self) -> None:
        """Leave a child behind that keeps stdout and stderr open."""
        if os.fork():
            self.behave()
            return
        self._note()
        time.sleep(AGES)

    def replace_itself(self) -> None:
        """Replace the own executable, while it runs, by one that knows nothing of misbehaving."""
        mine = Path(sys.argv[0])
        other = mine.with_name(f".{mine.name}.new")
        other.write_text('#!/bin/sh\n[ "$CNI_COMMAND" != ADD ] || echo "{}"\n', encoding="utf-8")
        other.chmod(0o755)
        other.rename(mine)
        self.behave()

    def answer_and_fail(self) -> None:
        """Print a result, and fail."""
        self._print({"cniVersion": self._config.text("cniVersion"), "interfaces": [{"name": "x"}]})
        sys.exit(1)

    def _print(self, document: JSONValue) -> None:
        files.write_fd(1, jsontext.dumps(document).encode())

    def _wanted(self) -> str:
        acts = self._config.fields("act")
        act = acts.raw(self._command)
        if isinstance(act, list):
            return str(act[min(self._times_before(), len(act) - 1)])
        return acts.text(self._command) or "behave"

    def _times_before(self) -> int:
        """Return how often this was asked before, and count."""
        key = f"{self._command} {os.environ['CNI_CONTAINERID']}\n"
        with Path(f"{self._pids}.calls").open("a+", encoding="utf-8") as calls:
            calls.seek(0)
            before = calls.readlines().count(key)
            calls.write(key)
        return before

    def _note(self) -> None:
        with self._pids.open("a", encoding="utf-8") as pids:
            pids.write(f"{os.getpid()}\n")


SAYINGS = {
    "nothing": "",
    "garbage": "\x00\x01 no JSON \xff",
    "half": '{"cniVersion": "1.0.0", "interfaces": [{"na',
    "twice": '{"cniVersion": "1.0.0"}{"cniVersion": "1.0.0"}',
    "list": "[]",
    "text": '"done"',
    "stranger": '{"cniVersion": "9.9.9"}',
    "wrong types": '{"cniVersion": "1.0.0", "interfaces": "all", "ips": 7}',
    "bad index": '{"cniVersion": "1.0.0", "ips": [{"address": "192.0.2.1/24", "interface": 7}]}',
    "deep": "[" * 100_000,
}
"""What it may print, and succeed."""
ACTS = {
    "behave": Plugin.behave,
    "hang": Plugin.hang,
    "ignore signals": Plugin.ignore_signals,
    "slow": Plugin.be_slow,
    "flood": Plugin.flood,
    "shout": Plugin.shout,
    "fork": Plugin.fork,
    "swap": Plugin.replace_itself,
    "result and failure": Plugin.answer_and_fail,
}
"""What it may do."""


def executable() -> str:
    """Return a script that is this plugin. It starts the bare interpreter: cases call it thousands of times."""
    root = str(Path(__file__).resolve().parents[2])
    start = "from tests.chaos import misfit\nmisfit.main()"
    return f"#!{sys.executable} -IS\nimport sys\nsys.path.insert(0, {root!r})\n{start}\n"


def main() -> None:
    """Answer one call."""
    Plugin(Fields(jsontext.loads_object(files.read_fd(0)), "")).act()
