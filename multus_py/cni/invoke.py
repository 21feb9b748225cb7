"""Running a plugin: finding its executable, its environment, and judging how it ended (cni-behaviour 8.6 to 8.8).

What a plugin is asked, and in which order, is in `network`; starting a process is `base.process`, handed in.
"""

from __future__ import annotations

import errno

from multus_py.base import clock, files, jsontext, process, value, wording
from multus_py.base.fields import FieldError, Fields
from multus_py.cni import errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from multus_py.base.clock import Clock, Deadline
    from multus_py.base.log import Log
    from multus_py.base.process import Outcome, Program, Run, Started

_BUSY_ATTEMPTS = 6
_BUSY_WAIT = 1.0  # seconds
_FOR_NOW = (errno.EAGAIN, errno.EMFILE, errno.ENFILE, errno.ENOMEM)
"""Why a plugin cannot be started although nothing is wrong with it."""


class Executor(value.Value):
    """How plugins are run."""

    run: Run
    search: tuple[str, ...]
    """The directories with the executables; what plugins see as CNI_PATH."""
    environ: Mapping[bytes, bytes]
    """What plugins inherit; CNI_* is added to it."""
    clock: Clock
    log: Log
    timeout: float | None = None
    """Seconds after which a plugin is killed; None for no limit."""
    stderr: Callable[[bytes], None] | None = None
    """Takes what a plugin that succeeded wrote to its stderr."""
    started: Started | None = None
    """Is told the process id of each plugin that was started."""

    def find(self, type: str) -> str:
        """Return the path of a plugin's executable: the first regular file of that name in the search directories.

        Raises:
            CNIError: There is none, or it cannot be one's name.
        """
        if not type:
            raise errors.CNIError(errors.INVALID_CONFIG, "no plugin name provided")
        if "/" in type:
            raise errors.CNIError(errors.INVALID_CONFIG, f"invalid plugin name: {type}")
        if not self.search:
            raise errors.CNIError(errors.INVALID_ENVIRONMENT, "no paths provided")
        for directory in self.search:
            path = f"{directory}/{type}"
            if files.is_regular(path):
                return path
        where = " ".join(self.search)
        raise errors.CNIError(errors.INTERNAL, f"failed to find plugin {wording.quoted(type)} in path [{where}]")

    def execute(
        self,
        verb: str,
        type: str,
        *,
        config: bytes,
        container_id: str = "",
        netns: str = "",
        ifname: str = "",
        args: str = "",
    ) -> bytes:
        """Run a plugin for one command and return what it printed.

        Args:
            verb: CNI_COMMAND.
            type: The plugin.
            config: What it gets on stdin.
            container_id: CNI_CONTAINERID; this one and those below are set even when they are empty.
            netns: CNI_NETNS.
            ifname: CNI_IFNAME.
            args: CNI_ARGS.

        Raises:
            CNIError: It failed, or could not be run: with the code and details that it reported, or code 999; code 11
                when the system has no room for one more process.
        """
        path = self.find(type)
        variables = {
            "CNI_COMMAND": verb,
            "CNI_CONTAINERID": container_id,
            "CNI_NETNS": netns,
            "CNI_ARGS": args,
            "CNI_IFNAME": ifname,
            "CNI_PATH": ":".join(self.search),
        }
        added = {name.encode(): text.encode(errors="surrogateescape") for name, text in variables.items()}
        deadline = clock.Deadline(self.clock, self.timeout)
        program = process.Program(argv=(path,), stdin=config, environ={**self.environ, **added})
        outcome = self._start(program, deadline)
        self.log.debug(f"{verb}: plugin {path}, interface {ifname or '-'}: {outcome.ending}")
        if outcome.timed_out:
            raise errors.CNIError(errors.INTERNAL, self._killed(type, outcome, deadline))
        if outcome.code:
            raise failure(outcome)
        self._forward(outcome.stderr)
        return outcome.stdout

    def _forward(self, text: bytes) -> None:
        try:
            if text and self.stderr:
                self.stderr(text)
        except OSError:
            pass  # nobody listens: no reason for the call to fail

    def _start(self, program: Program, deadline: Deadline) -> Outcome:
        """Run the executable, again and again while it is being written (cni-behaviour 8.8.3)."""
        attempt = 0
        while True:
            attempt += 1
            try:
                return self.run(program, deadline, started=self.started)
            except OSError as error:
                if error.errno != errno.ETXTBSY or attempt == _BUSY_ATTEMPTS or deadline.expired():
                    code = errors.TRY_AGAIN_LATER if error.errno in _FOR_NOW else errors.INTERNAL
                    raise _not_started(program.argv[0], wording.reason(error), code) from error
            except ValueError as error:  # a NUL: environment and arguments cannot hold one
                raise _not_started(program.argv[0], "invalid argument") from error
            deadline.sleep(_BUSY_WAIT)

    def _killed(self, type: str, outcome: Outcome, deadline: Deadline) -> str:
        if len(outcome.stdout) + len(outcome.stderr) > process.MAX_OUTPUT:
            problem = f"wrote more than {process.MAX_OUTPUT >> 20} MiB"
        elif deadline.expired():
            problem = f"did not finish within {self.timeout:g} seconds"
        else:
            problem = "was still running when the call was ended"
        return f"netplugin failed: plugin {wording.quoted(type)} {problem} and was killed"


def failure(outcome: Outcome) -> errors.CNIError:
    """Return the error of a plugin that ended with another exit status than 0 (cni-behaviour 8.8.4)."""
    if outcome.stdout:
        try:
            return _reported(outcome)
        except (jsontext.JSONError, FieldError) as error:
            shown = wording.quoted(outcome.stdout)
            problem = f"netplugin failed but error parsing its diagnostic message {shown}: {error}"
    elif outcome.stderr:
        problem = f"netplugin failed: {wording.quoted(outcome.stderr)}: {outcome.ending}"
    else:
        problem = _silent(outcome)
    return errors.CNIError(errors.INTERNAL, problem)


def _reported(outcome: Outcome) -> errors.CNIError:
    """Read the error object that a plugin printed. One without a message must not become an empty message of ours."""
    fields = Fields(jsontext.loads_object(outcome.stdout), "")
    code = fields.integer("code", errors.INTERNAL)
    return errors.CNIError(code, fields.text("msg") or _silent(outcome), fields.text("details"))


def _silent(outcome: Outcome) -> str:
    return f"netplugin failed with no error message: {outcome.ending}"


def _not_started(path: str, reason: str, code: int = errors.INTERNAL) -> errors.CNIError:
    return errors.CNIError(code, f"netplugin failed with no error message: fork/exec {path}: {reason}")
