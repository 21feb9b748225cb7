"""What the plugin and its daemon have asked of the API server, as its audit log has it."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from multus_py.lab.objects import Object, at, text


@dataclass(frozen=True)
class Request:
    """One request."""

    verb: str
    resource: str
    """With its subresource: pods/status."""
    code: int
    uri: str
    agent: str


class Ledger:
    """The log, read on from where it was left."""

    def __init__(self, log: Path) -> None:
        """Begin where the log ends now."""
        self._log = log
        self._at = log.stat().st_size if log.exists() else 0

    def read(self) -> list[Request]:
        """Return the requests since the last time: watches once they have begun, the others once they are answered."""
        if not self._log.exists():
            return []
        with self._log.open("rb") as stream:
            stream.seek(self._at)
            lines = stream.readlines()
        if lines and not lines[-1].endswith(b"\n"):
            lines.pop()
        self._at += sum(len(line) for line in lines)
        events: list[Object] = [json.loads(line) for line in lines]
        return [_request(event) for event in events if _counts(event)]


def tally(requests: list[Request]) -> dict[str, int]:
    """Count requests by what they were."""
    counts = Counter(f"{one.verb} {one.resource}" for one in requests)
    return dict(sorted(counts.items()))


def _counts(event: Object) -> bool:
    return text(event, "stage") == ("ResponseStarted" if text(event, "verb") == "watch" else "ResponseComplete")


def _request(event: Object) -> Request:
    code = at(event, "responseStatus", "code")
    resource = text(event, "objectRef", "resource")
    subresource = text(event, "objectRef", "subresource")
    return Request(
        verb=text(event, "verb"),
        resource=f"{resource}/{subresource}" if subresource else resource,
        code=code if isinstance(code, int) else 0,
        uri=text(event, "requestURI"),
        agent=text(event, "userAgent"),
    )
