"""What a case that failed leaves behind to be understood by, so that nobody has to wait until it fails once more."""

from __future__ import annotations

from pathlib import Path

from multus_py.lab.runtime import Call

_CALLS, _LINES, _LOG = 12, 4, 60
_WIDTH = 400


def text(calls: list[Call], log: Path) -> str:
    """Describe the calls of a case and what Multus wrote to its log meanwhile, in some hundred lines at most."""
    told = [line for call in calls[-_CALLS:] for line in _told(call)]
    noted = log.read_text(errors="replace").splitlines() if log.is_file() else []
    return "\n".join(
        [f"The calls{_last(_CALLS, len(calls))}:", *told, f"Their log{_last(_LOG, len(noted))}:", *_cut(noted, _LOG)]
    )


def _told(call: Call) -> list[str]:
    status = call.process.poll()
    ending = "still at work" if status is None else f"status {status}"
    said = " ".join(call.said.split())
    complaints = _cut(call.complained.splitlines(), _LINES)
    return _cut([f"{call.command} {call.container_id[:13]}: {ending}. {said}".rstrip(), *complaints], _LINES + 1)


def _last(shown: int, there: int) -> str:
    return f" (the last {shown} of {there})" if there > shown else ""


def _cut(lines: list[str], count: int) -> list[str]:
    return [f"  {line}"[:_WIDTH] for line in lines[-count:]]
