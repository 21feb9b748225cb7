"""Programs that are not run: what each delegate answers to each command, and what it was given.

The contract test (tests/contract/test_processes.py) holds this against `multus_py.base.process.run`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from multus_py.base.process import Outcome
from multus_py.base.value import Value
from multus_py.cni.errors import CNIError

if TYPE_CHECKING:
    from multus_py.base.clock import Deadline
    from multus_py.base.jsontext import JSONObject
    from multus_py.base.process import Program, Started
    from tests.fakes.clock import FakeClock

_PREFIX = "CNI_"


class PluginCall(Value):
    """One call of a plugin, as it saw it."""

    type: str
    command: str
    config: JSONObject
    variables: Mapping[str, str]
    """CNI_*, without the prefix."""
    environ: Mapping[bytes, bytes]
    """All the rest of the environment."""
    cancel: int = -1

    @property
    def ifname(self) -> str:
        return self.variables["IFNAME"]

    def __str__(self) -> str:
        """Show the call the way tests list calls: "ADD bridge eth0"."""
        return " ".join(part for part in (self.command, self.type, self.ifname) if part)


_NOBODY = 1 << 22
"""The process id of what is no process: larger than any."""


class Hang:
    """The answer of a plugin that never ends: it is killed at its deadline, and the clock shows that."""


Simple: TypeAlias = "JSONObject | CNIError | Outcome | BaseException | Hang | bytes | None"
"""A document or bytes to print, or None for nothing; an error object; an ending; an exception of the runner; a hang."""
Answer: TypeAlias = "Simple | Callable[[PluginCall], Simple]"


class FakeProcesses:
    """Satisfies `multus_py.base.process.Run` for delegates; a call that no test has arranged is a failure."""

    def __init__(self, directory: Path, clock: FakeClock) -> None:
        """Keep the (empty) executables, which callers look for, in a directory that exists."""
        self.directory = directory
        self.calls: list[PluginCall] = []
        self._clock = clock
        self._answers: dict[tuple[str, str], list[Answer]] = {}

    def __repr__(self) -> str:
        return f"FakeProcesses({sorted(self._answers)}, calls={self.names()})"

    def answer(self, type: str, command: str, *answers: Answer) -> None:
        """Let a plugin answer a command, one answer after the other; the last one holds for all calls to come."""
        assert answers
        (self.directory / type).touch()
        self._answers[type, command] = list(answers)

    def uninstall(self, type: str) -> None:
        (self.directory / type).unlink()

    def names(self, *commands: str) -> list[str]:
        """Return all calls so far, or those of some commands, as `PluginCall` shows them."""
        return [str(call) for call in self.calls if not commands or call.command in commands]

    def one(self, name: str) -> PluginCall:
        """Return the one call that is shown like this."""
        [call] = [call for call in self.calls if str(call) == name]
        return call

    def __call__(self, program: Program, deadline: Deadline, *, started: Started | None = None) -> Outcome:
        [path] = program.argv
        directory, _, type = path.rpartition("/")
        if directory != str(self.directory) or not (self.directory / type).exists():
            raise FileNotFoundError(2, "No such file or directory", path)
        text = {name.decode(): value.decode() for name, value in program.environ.items()}
        variables = {name.removeprefix(_PREFIX): value for name, value in text.items() if name.startswith(_PREFIX)}
        call = PluginCall(
            type=type,
            command=variables["COMMAND"],
            config=json.loads(program.stdin),
            variables=variables,
            environ={name: value for name, value in program.environ.items() if not name.startswith(_PREFIX.encode())},
            cancel=deadline.cancel,
        )
        self.calls.append(call)
        if started is not None:
            started(_NOBODY)
        answers = self._answers.get((type, call.command))
        assert answers, f"nobody arranged the call {call}"
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        return self._outcome(answer(call) if callable(answer) else answer, deadline)

    def _outcome(self, answer: Simple, deadline: Deadline) -> Outcome:
        if isinstance(answer, Outcome):
            return answer
        if isinstance(answer, CNIError):
            return Outcome(code=1, stdout=json.dumps(answer.document()).encode())
        if isinstance(answer, BaseException):
            raise answer
        if isinstance(answer, Hang):
            left = deadline.remaining()
            assert left is not None, "this plugin would never end"
            self._clock.advance(left)
            return Outcome(code=-9, timed_out=True)
        if isinstance(answer, bytes):
            return Outcome(code=0, stdout=answer)
        return Outcome(code=0, stdout=b"" if answer is None else json.dumps(answer).encode())
