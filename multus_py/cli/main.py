"""`multus COMMAND ...`: what the program does when no runtime calls it."""

from __future__ import annotations

import importlib
import io
import os
import sys

import multus_py
from multus_py.cli import parsers, suggestions

_COMMANDS = (
    "validate",
    "doctor",
    "show",
    "plan",
    "gc",
    "install",
    "uninstall",
    "daemon",
    "version",
    "completion",
    "lab",
)
"""Their modules, in the order of the help."""
_INTERRUPTED, _PIPE_CLOSED = 130, 141
"""What shells report for programs that Ctrl-C or a closed pipe has ended."""
_PLUGINS = "--cni-bin-dir=/host/opt/cni/bin"
_ORIGINALS: dict[str, tuple[tuple[str, ...], ...]] = {
    "install_multus": (("install", _PLUGINS),),
    "thin_entrypoint": (("install", _PLUGINS, "--wait-for-primary=0"), ("daemon", _PLUGINS, "--metrics-port=0")),
}
"""What to run under the names of the Go Multus' installers: manifests written for it need another image only."""


def main(arguments: list[str], *, called: str = "multus") -> int:
    """Run a command; return its exit status.

    Args:
        arguments: The command and its options.
        called: The name that the program was started by.
    """
    _prepare_streams()
    try:
        try:
            return _run([[*command, *arguments] for command in _ORIGINALS.get(called, ((),))])
        finally:
            sys.stdout.flush()
    except KeyboardInterrupt:
        return _INTERRUPTED
    except OSError as error:
        # Python would try once more to write what could not be written, and print a traceback.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):  # whoever read what we print has seen enough: `multus show pods | head`
            return _PIPE_CLOSED
        where = f"{error.filename}: " if error.filename else ""
        print(f"multus: {where}{error.strerror or error}", file=sys.stderr)
        return 1


def _run(command_lines: list[list[str]]) -> int:
    """Run commands one after the other, up to the first that fails; return its status."""
    for words in command_lines:
        options = suggestions.parse(parser(*(word for word in words[:1] if word in _COMMANDS)), words)
        status: int = options.run(options)
        sys.stdout.flush()
        if status:
            return status
    return 0


def _prepare_streams() -> None:
    """Let all standard streams be there, and UTF-8 whatever the locale: documents are, and names may be anything."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:  # closed by whoever started us
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115, PTH123 - it stays open
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace" if mode == "w" else None)


def parser(*names: str) -> parsers.Parser:
    """Return the parser of the command line: of these commands, by default of all.

    Each costs the import of all that it needs: 10 ms here, 2 MB of a daemon's memory there.
    """
    made = parsers.Parser(
        prog="multus",
        description="A CNI meta-plugin that gives a pod several interfaces. Runtimes start it without arguments; the "
        "commands below are for people.",
        epilog="`multus COMMAND --help` has the options, examples and exit statuses of a command. Colours are for "
        "terminals only, and NO_COLOR turns them off.",
    )
    made.add_argument("-v", "-version", "--version", action="version", version=f"multus: version:{multus_py.VERSION}")
    commands = made.add_subparsers(required=True, metavar="COMMAND", title="commands")
    for name in names or _COMMANDS:
        importlib.import_module(f"multus_py.cli.{name}").register(commands)
    return made
