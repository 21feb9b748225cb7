"""Is this a CNI call? Then it is served here.

A CNI call loads the modules of its own verb only, in the cold-start dialect (ARCHITECTURE.md); everything else that the
program can do is behind `None`, and starts in `cli`. In the built program `frozen` runs before this: stage 0.
"""

from __future__ import annotations

import posix
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import NoReturn

    from multus_py.base.jsontext import JSONObject
    from multus_py.cni.skel import Handler, Request

ABOUT = "meta-plugin that delegates to other CNI plugins"
VERBS = {
    "ADD": ("multus_py.attach.add", "add"),
    "DEL": ("multus_py.attach.delete", "delete"),
    "CHECK": ("multus_py.attach.check", "check"),
    "STATUS": ("multus_py.attach.status", "status"),
    "GC": ("multus_py.attach.gc", "collect"),
}
"""The function behind each verb. Its module is loaded when the runtime asks for it; the build bundles these."""
_STDIN, _STDOUT, _STDERR = 0, 1, 2


class InterruptedCallError(BaseException):
    """The runtime wants the call to end (SIGTERM, SIGINT): delegates are ended, what was done is undone."""


def main(argv: Sequence[str], environ: Mapping[bytes, bytes]) -> int | None:
    """Serve a CNI call.

    Args:
        argv: The program's arguments; runtimes give none but its name.
        environ: The environment.

    Returns:
        The exit status, or None when there are arguments: then this is for the operator's commands.
    """
    if len(argv) > 1:
        return None
    from multus_py.base import files
    from multus_py.cni import skel

    _end_on_signals()
    return skel.run(
        {verb: _handler(module, function, environ) for verb, (module, function) in VERBS.items()},
        environ=environ,
        stdin=lambda: files.read_fd(_STDIN),
        stdout=lambda data: files.write_fd(_STDOUT, data),
        stderr=lambda data: files.write_fd(_STDERR, data),
        about=ABOUT,
    )


def exit_now(status: int) -> NoReturn:
    """End the process without the interpreter's clean-up, which costs 1.5 to 3 ms and has nothing to clean up."""
    posix._exit(status)  # noqa: SLF001 - `os._exit` is the same function; `os` is not to be imported here


def _handler(module: str, function: str, environ: Mapping[bytes, bytes]) -> Handler:
    def handle(request: Request) -> JSONObject | None:
        from multus_py.attach import adapters

        __import__(module)
        serve = getattr(sys.modules[module], function)
        document: JSONObject | None = serve(request, ports=adapters.real_ports(environ))
        return document

    return handle


def _end_on_signals() -> None:
    """Turn the first SIGTERM or SIGINT into an exception, and ignore more: the undoing must not be cut short."""
    import _signal  # type: ignore[import-not-found]  # the C module; `signal` costs an import of `enum`, 4 ms

    def end(number: int, _frame: object) -> None:
        for signal in (_signal.SIGTERM, _signal.SIGINT):
            _signal.signal(signal, _signal.SIG_IGN)
        raise InterruptedCallError(f"ended by signal {number}")

    for signal in (_signal.SIGTERM, _signal.SIGINT):
        _signal.signal(signal, end)
