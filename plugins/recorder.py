#!/usr/bin/env python3
"""A CNI plugin that answers what a file tells it to, and writes down what it was given.

For tests, and for people who look with cnitool at what a runtime sends. A link to this file may have any name: that
name is the plugin's `type`. Without instructions it does what `passthru` does.

Where it looks, in this order:

* the configuration's key `recorder`: `{"script": "/path/script.json", "record": "/path/record.jsonl"}`, each optional;
* beside the executable, under the name it was called by: `<type>.json` and `<type>.log`. The script has to be there to
  be used, and so does the record (make an empty file), because a directory of plugins is no place to write to unasked.

The script is a JSON object with a key for each command that shall be answered in a particular way; `"*"` stands for
all others. The value is one answer, or a list of answers for the first call, the second one, and so on, the last one
for all that follow (calls are counted in the record). An answer has any of these keys:

    result   a JSON object to print; "$CNI_IFNAME" and its like in it are replaced by the variable's text
    error    {"code": .., "msg": .., "details": ..} to print; the exit status is 1 then
    stdout   text to print, in place of both
    stderr   text to write to stderr
    exit     the exit status
    signal   the number of the signal to end itself with
    sleep    seconds to wait before anything else
    environ  true: record all environment variables, not those of CNI only

An answer without result, error and stdout, to ADD, gets the result that passthru would give, if its exit status is 0.

The record is a file of JSON lines, one for each call: `plugin` (the name it was called by), `command`, `cni` (its CNI_*
variables), `environ` (all variables, on request), `config` (stdin, or null), `text` (stdin that is not JSON), `time`
(seconds, monotonic), `pid`.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # started as a file, from any directory

from multus_py.base import files, jsontext
from multus_py.base.fields import Fields
from multus_py.cni import skel
from plugins import passthru

ABOUT = "a plugin for tests: it answers what a file says, and writes down what it was given"


class Recorder:
    """One call of the plugin."""

    def __init__(self, executable: str, environ: dict[str, str], stdin: bytes) -> None:
        """Look at a call: the path of the executable, the variables and the input."""
        self._name = Path(executable).name
        self._environ = environ
        self._stdin = stdin
        self._command = environ.get("CNI_COMMAND", "")
        self._config = _parsed(stdin)
        beside = Path(executable).absolute().parent / self._name
        wanted = Fields(self._config or {}, "").fields("recorder")
        self._script = Path(wanted.text("script") or f"{beside}.json")
        self._record = Path(wanted.text("record") or f"{beside}.log")
        self._may_create = wanted.has("record")

    def answer(self) -> int:
        """Answer as the script says; return the exit status."""
        told = self._told()
        self._write_down(everything=told.flag("environ"))
        time.sleep(told.number("sleep"))
        files.write_fd(2, told.text("stderr").encode())
        status = self._print(told)
        if told.has("signal"):
            os.kill(os.getpid(), told.integer("signal"))
        return told.integer("exit", status)

    def _print(self, told: Fields) -> int:
        """Print what was told, or what passthru says; return the exit status that goes with it."""
        if told.has("stdout"):
            files.write_fd(1, told.text("stdout").encode())
        elif told.has("error"):
            files.write_fd(1, jsontext.dumps(told.object("error"), indent=4).encode())
            return 1
        elif told.has("result"):
            files.write_fd(1, self._filled_in(jsontext.dumps(told.object("result"), indent=4)).encode())
        elif not told.integer("exit") and not told.has("signal"):
            variables = {os.fsencode(name): os.fsencode(text) for name, text in self._environ.items()}
            return skel.run(passthru.HANDLERS, about=ABOUT, environ=variables, stdin=lambda: self._stdin)
        return 0

    def _told(self) -> Fields:
        """Return what the script has for this call."""
        if not self._script.is_file():
            return Fields({}, "script")
        script = jsontext.loads_object(self._script.read_bytes())
        answers = script.get(self._command, script.get("*", {}))
        if isinstance(answers, list):
            answers = answers[min(self._calls_before(), len(answers) - 1)]
        return Fields.of(answers, f"{self._script}: {self._command}")

    def _calls_before(self) -> int:
        lines = self._record.read_text(encoding="utf-8").splitlines() if self._record.is_file() else []
        entries = [json.loads(line) for line in lines]
        return sum((entry["plugin"], entry["command"]) == (self._name, self._command) for entry in entries)

    def _write_down(self, *, everything: bool) -> None:
        if not (self._may_create or self._record.is_file()):
            return
        entry: jsontext.JSONObject = {
            "plugin": self._name,
            "command": self._command,
            "cni": {name: text for name, text in self._environ.items() if name.startswith("CNI_")},
            "environ": dict(self._environ) if everything else None,
            "config": self._config,
            "text": None if self._config is not None else self._stdin.decode(errors="replace"),
            "time": time.monotonic(),
            "pid": os.getpid(),
        }
        with self._record.open("ab", buffering=0) as record:
            record.write(jsontext.dumps(entry).encode(errors="replace") + b"\n")  # one write: lines never mix

    def _filled_in(self, text: str) -> str:
        for name in ("CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME", "CNI_ARGS"):
            text = text.replace(f"${name}", jsontext.dumps(self._environ.get(name, ""))[1:-1])
        return text


def _parsed(stdin: bytes) -> jsontext.JSONObject | None:
    try:
        return jsontext.loads_object(stdin)
    except jsontext.JSONError:
        return None


def main(executable: str, environ: dict[str, str]) -> int:
    """Answer one call of the executable of that path."""
    command = environ.get("CNI_COMMAND", "")
    if not command:
        return skel.run(passthru.HANDLERS, about=ABOUT, environ={})
    stdin = b"" if command == "VERSION" else files.read_fd(0)  # VERSION has no input that counts
    return Recorder(executable, environ, stdin).answer()


if __name__ == "__main__":
    sys.exit(main(sys.argv[0], dict(os.environ)))
